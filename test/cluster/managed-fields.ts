/**
 * Who owns which fields of an object (metadata.managedFields): read, written, and kept up when a manager changes something by create,
 * update or patch. Applying is in server-side-apply.ts.
 */
import { differenceOf, type FieldSet, fromFieldsV1, toFieldsV1, union } from './field-sets.ts';
import { type KubeJson, listAt, textAt, withMetadata } from './json.ts';
import { groupVersionOf, type Resource } from './resources.ts';

export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** Empty: the main resource. */
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

/** The same who, whatever it owns. An applier is the same in every version. */
export const isSameManager = (a: Omit<Manager, 'fields' | 'time'>, b: Omit<Manager, 'fields' | 'time'>): boolean =>
  a.name === b.name &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion);

export const managersOf = (object: KubeJson): readonly Manager[] =>
  listAt(object, 'metadata', 'managedFields').map((entry) => ({
    name: textAt(entry, 'manager') ?? '',
    operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    apiVersion: textAt(entry, 'apiVersion') ?? '',
    subresource: textAt(entry, 'subresource') ?? '',
    time: textAt(entry, 'time') ?? '',
    fields: fromFieldsV1((entry as { readonly fieldsV1?: unknown }).fieldsV1),
  }));

/** Sorted as the real one does: appliers first, then by time. Who owns nothing is left out. */
export function withManagers(object: KubeJson, managers: readonly Manager[]): KubeJson {
  const entries = managers
    .filter(({ fields }) => fields.size > 0)
    .sort((a, b) => compare(a.operation, b.operation) || compare(a.time, b.time) || compare(a.name, b.name))
    .map(({ name, operation, apiVersion, subresource, time, fields }) => ({
      manager: name,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource === '' ? {} : { subresource }),
    }));
  return withMetadata(object, { managedFields: entries.length === 0 ? undefined : entries });
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface Writer {
  readonly manager: string;
  readonly subresource: string;
  readonly now: string;
}

/** Members that a write to the resource, or to its status, cannot own. */
export function unownable(resource: Resource, subresource: string): readonly string[] {
  if (subresource === 'status') return resource.schema === null ? ['spec'] : ['metadata', 'spec'];
  return resource.hasStatus ? ['status'] : [];
}

/** After a create, update or patch: what changed is the writer's, and no longer anybody else's. */
export function ownedByUpdate(resource: Resource, before: KubeJson | null, after: KubeJson, writer: Writer): KubeJson {
  const skip = unownable(resource, writer.subresource);
  const { added, modified, removed } = differenceOf(resource, before ?? {}, after, skip);
  const changed = union(added, modified);
  const me = {
    name: writer.manager,
    operation: 'Update',
    apiVersion: groupVersionOf(resource),
    subresource: writer.subresource,
  } as const;
  const managers = managersOf(before ?? after);
  const mine = managers.find((one) => isSameManager(one, me));
  const fields = union(mine?.fields ?? new Set(), changed).difference(removed);
  const isNews = mine === undefined || fields.symmetricDifference(mine.fields).size > 0 || changed.size > 0;
  const others = managers
    .filter((one) => !isSameManager(one, me))
    .map((one) => withFields(one, one.fields.difference(changed).difference(removed), writer.now));
  return withManagers(after, [...others, { ...me, fields, time: isNews ? writer.now : mine.time }]);
}

export const withFields = (manager: Manager, fields: FieldSet, now: string): Manager =>
  fields.size === manager.fields.size ? manager : { ...manager, fields, time: now };
