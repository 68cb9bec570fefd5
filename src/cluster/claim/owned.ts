/**
 * Who owns which fields of an object, from its managedFields (server-side apply). A field may have several owners. Changes nothing.
 */
import { FIELD_MANAGER } from '../kube/api.ts';
import { at, isObject, type KubeObject, listAt, textAt } from '../kube/objects.ts';

/** Whether Freehold itself applied this field, by an earlier claim. @param path like `spec`, `autoAssign` */
export function ownedByUs(object: KubeObject, ...path: readonly string[]): boolean {
  return listAt(object, 'metadata', 'managedFields').some(
    (entry) =>
      textAt(entry, 'manager') === FIELD_MANAGER &&
      textAt(entry, 'operation') === 'Apply' &&
      isObject(at(entry, 'fieldsV1', ...path.map((step) => `f:${step}`))),
  );
}
