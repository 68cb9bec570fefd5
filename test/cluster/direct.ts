/**
 * Changes to the store past the API server's door: by tests, and by the controllers of the cluster itself. Nothing is validated or
 * admitted; ownership and generations are kept all the same.
 */
import { randomUUID } from 'node:crypto';
import { type ServiceNumbers, withDefaults } from './built-ins.ts';
import { forgetObjectsOf } from './definitions.ts';
import { at, type JsonObject, type KubeJson, nameOf, namespaceOf, same, withAt, withMetadata } from './json.ts';
import { ownedByUpdate } from './managed-fields.ts';
import { mergePatched } from './patches.ts';
import { bucketOf, groupVersionOf, type Resource, type Resources } from './resources.ts';
import type { Store } from './store.ts';
import { defaulted } from './structural-schema.ts';

export class Direct {
  readonly #store: Store;
  readonly #resources: Resources;
  readonly #numbers: ServiceNumbers;

  constructor(store: Store, resources: Resources, numbers: ServiceNumbers) {
    this.#store = store;
    this.#resources = resources;
    this.#numbers = numbers;
  }

  /** @throws Error for a kind that the cluster does not have */
  resourceOf(kind: string, apiVersion?: string): Resource {
    const found = this.#resources.ofKind(kind, apiVersion);
    if (found === undefined)
      throw new Error(`The cluster has no kind ${kind}${apiVersion === undefined ? '' : ` in ${apiVersion}`}.`);
    return found;
  }

  knows(kind: string): boolean {
    return this.#resources.ofKind(kind) !== undefined;
  }

  get(kind: string, name: string, namespace = ''): KubeJson | null {
    const resource = this.#resources.ofKind(kind);
    const found = resource && this.#store.get(bucketOf(resource), namespace, name);
    return found === undefined || resource === undefined ? null : { ...found, apiVersion: groupVersionOf(resource) };
  }

  list(kind: string, namespace?: string): readonly KubeJson[] {
    const resource = this.#resources.ofKind(kind);
    return resource === undefined ? [] : this.#store.list(bucketOf(resource), namespace);
  }

  /** Creates or replaces, status and all. */
  put(object: KubeJson, manager: string): KubeJson {
    const resource = this.resourceOf(object.kind, object.apiVersion);
    const placed = resource.namespaced ? withMetadata(object, { namespace: object.metadata.namespace ?? 'default' }) : object;
    const named = withMetadata(placed, {
      name: placed.metadata.name ?? `${placed.metadata.generateName ?? ''}${randomUUID().slice(0, 5)}`,
    });
    const live = this.#store.get(bucketOf(resource), namespaceOf(named), nameOf(named)) ?? null;
    const filled =
      resource.schema === null
        ? withDefaults(resource, named, live, this.#numbers)
        : (defaulted(resource.schema, named) as KubeJson);
    const wanted = (one: KubeJson): JsonObject => ({ ...one, metadata: null, status: null });
    const isNext = live !== null && !same(wanted(live), wanted(filled));
    const generation = (live?.metadata.generation ?? 0) + (live === null || isNext ? 1 : 0);
    const born = withMetadata(filled, {
      uid: filled.metadata.uid ?? live?.metadata.uid ?? randomUUID(),
      creationTimestamp: filled.metadata.creationTimestamp ?? live?.metadata.creationTimestamp ?? now(),
      ...(resource.counted ? { generation } : {}),
    });
    if (live !== null && same(unversioned(live), unversioned(born))) return live;
    const isOwned = object.metadata['managedFields'] !== undefined && live === null;
    const complete = isOwned ? born : ownedByUpdate(resource, live, born, { manager, subresource: '', now: now() });
    return this.#store.put(bucketOf(resource), complete);
  }

  /** Nothing happens where it is gone already, or says so already. */
  setStatus(object: KubeJson, status: JsonObject, manager: string): void {
    const resource = this.resourceOf(object.kind, object.apiVersion);
    const live = this.#store.get(bucketOf(resource), namespaceOf(object), nameOf(object));
    if (live === undefined || same(at(live, 'status'), status)) return;
    const next = { ...live, status };
    const subresource = resource.hasStatus ? 'status' : '';
    this.#store.put(bucketOf(resource), ownedByUpdate(resource, live, next, { manager, subresource, now: now() }));
  }

  /** @throws Error where there is none */
  change(kind: string, name: string, namespace: string, patch: JsonObject, manager: string): void {
    const live = this.get(kind, name, namespace);
    if (live === null) throw new Error(`The cluster has no ${kind} ${namespace}/${name}.`);
    this.put(mergePatched(live, patch) as KubeJson, manager);
  }

  /** Marks what has finalizers, or is a namespace; everything else is gone at once. */
  remove(kind: string, name: string, namespace = ''): void {
    const resource = this.resourceOf(kind);
    const live = this.#store.get(bucketOf(resource), namespace, name);
    if (live === undefined) return;
    if (resource.kind === 'Namespace') {
      this.#store.put(
        bucketOf(resource),
        withAt(withMetadata(live, { deletionTimestamp: now() }), ['status'], { phase: 'Terminating' }),
      );
    } else {
      this.#store.delete(bucketOf(resource), namespace, name);
      if (resource.kind === 'CustomResourceDefinition') forgetObjectsOf(this.#store, live);
    }
  }
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;
const unversioned = (object: KubeJson): KubeJson =>
  withMetadata(object, { resourceVersion: undefined, managedFields: undefined });
