/** CustomResourceDefinitions are established a moment after they are created, and namespaces are gone a moment after their content. */
import type { Controller } from './controllers.ts';
import type { Direct } from './direct.ts';
import { type KubeJson, listAt, nameOf, namespaceOf, objectAt, textAt } from './json.ts';
import { bucketOf, isEstablished } from './resources.ts';
import type { Store } from './store.ts';

/** Objects go with their definition. */
export function forgetObjectsOf(store: Store, definition: KubeJson): void {
  const group = textAt(definition, 'spec', 'group') ?? '';
  const bucket = bucketOf({ group, plural: textAt(definition, 'spec', 'names', 'plural') ?? '' });
  for (const object of store.list(bucket)) store.delete(bucket, namespaceOf(object), nameOf(object));
}

export const establishDefinitions =
  (direct: Direct): Controller =>
  () => {
    for (const one of direct.list('CustomResourceDefinition')) {
      if (!isEstablished(one)) direct.setStatus(one, establishedStatus(one), 'kube-apiserver');
    }
  };

export const established = (definition: KubeJson): KubeJson => ({ ...definition, status: establishedStatus(definition) });

function establishedStatus(definition: KubeJson): KubeJson['metadata'] {
  const lastTransitionTime = new Date().toISOString().slice(0, 19).concat('Z');
  const condition = (type: string, reason: string, message: string): object => ({
    type,
    status: 'True',
    lastTransitionTime,
    reason,
    message,
  });
  const stored = listAt(definition, 'spec', 'versions').filter((one) => (one as { readonly storage?: boolean }).storage === true);
  return {
    acceptedNames: objectAt(definition, 'spec', 'names'),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: stored.map((one) => textAt(one, 'name')),
  };
}

export const finishNamespaces =
  (store: Store): Controller =>
  () => {
    for (const namespace of store.list('/namespaces')) {
      if (namespace.metadata.deletionTimestamp === undefined) continue;
      const name = nameOf(namespace);
      for (const bucket of store.buckets()) {
        for (const object of store.list(bucket, name)) {
          // What has finalizers waits for whoever set them; the namespace waits for that.
          if ((object.metadata.finalizers ?? []).length === 0) store.delete(bucket, namespaceOf(object), nameOf(object));
        }
      }
      if (store.buckets().every((bucket) => store.list(bucket, name).length === 0)) store.delete('/namespaces', '', name);
    }
  };
