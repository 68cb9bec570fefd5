/**
 * Creating, updating, patching and deleting, the way an object goes through the real server: fields checked and filled in, ownership,
 * validation, admission, and only then stored, or not, on a dry run.
 */
import { randomUUID } from 'node:crypto';
import type { Webhooks } from './admission.ts';
import { builtInCauses, type ServiceNumbers, withDefaults } from './built-ins.ts';
import { forgetObjectsOf } from './definitions.ts';
import { at, isObject, type JsonObject, type KubeJson, nameOf, namespaceOf, same, textAt, withAt, withMetadata } from './json.ts';
import { ownedByUpdate } from './managed-fields.ts';
import { bucketOf, groupVersionOf, type Resource } from './resources.ts';
import { applied } from './server-side-apply.ts';
import { alreadyExists, badRequest, type Cause, conflict, forbidden, internal, invalid, modified, notFound } from './status.ts';
import type { Store } from './store.ts';
import { causesOf, defaulted, untypable, withoutUnknown } from './structural-schema.ts';

export interface Writing {
  /** Field manager; the user agent's name where the request names none. */
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly subresource: string;
  /** Texts for the Warning header. */
  readonly warnings: string[];
  /** Told when it would come to a creation, to see whether that is allowed. */
  readonly mayCreate: () => void;
}

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const NAMESPACES = { group: '', plural: 'namespaces', kind: 'Namespace' };

export class Writes {
  readonly #store: Store;
  readonly #webhooks: Webhooks;
  readonly #numbers: ServiceNumbers;

  constructor(store: Store, webhooks: Webhooks, numbers: ServiceNumbers) {
    this.#store = store;
    this.#webhooks = webhooks;
    this.#numbers = numbers;
  }

  async create(resource: Resource, namespace: string, sent: KubeJson, writing: Writing): Promise<KubeJson> {
    const named = this.#placed(resource, namespace, sent);
    this.#checkNamespace(resource, namespace, nameOf(named));
    const object = this.#known(resource, named, writing);
    return this.#finish(resource, null, fresh(resource, object), writing, 'update');
  }

  /** PUT. @throws ApiError 409 where it was changed meanwhile */
  async update(resource: Resource, namespace: string, name: string, sent: KubeJson, writing: Writing): Promise<KubeJson> {
    const live = this.#live(resource, namespace, name);
    if (nameOf(sent) !== name) {
      throw badRequest(`the name of the object (${nameOf(sent)}) does not match the name on the URL (${name})`);
    }
    const placed = this.#placed(resource, namespace, sent);
    if (resource.schema !== null && placed.metadata.resourceVersion === undefined) {
      const message = 'Invalid value: 0x0: must be specified for an update';
      throw invalid(resource, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' }]);
    }
    return this.#replace(resource, live, this.#known(resource, placed, writing), writing);
  }

  /** JSON, merge and strategic patches: `patch` makes the new object of the one that is there. */
  async patch(
    resource: Resource,
    namespace: string,
    name: string,
    patch: (live: KubeJson) => unknown,
    writing: Writing,
  ): Promise<KubeJson> {
    const live = this.#live(resource, namespace, name);
    const patched = patch(live);
    if (!isObject(patched)) throw badRequest('error decoding patch: it makes no object');
    return this.#replace(
      resource,
      live,
      this.#known(resource, this.#placed(resource, namespace, patched as KubeJson), writing, true),
      writing,
    );
  }

  /** Server-side apply. */
  async apply(
    resource: Resource,
    namespace: string,
    name: string,
    sent: KubeJson,
    force: boolean,
    writing: Writing,
  ): Promise<KubeJson> {
    if (sent.kind !== resource.kind || sent.apiVersion !== groupVersionOf(resource)) {
      throw badRequest(`invalid object type: ${sent.apiVersion}, Kind=${sent.kind}`);
    }
    if (at(sent, 'metadata', 'managedFields') !== undefined) throw badRequest('metadata.managedFields must be nil');
    const wanted = this.#placed(resource, namespace, withMetadata(sent, { name: sent.metadata.name ?? name }));
    if (nameOf(wanted) !== name) {
      throw badRequest(`the name of the object (${nameOf(wanted)}) does not match the name on the URL (${name})`);
    }
    const untyped = resource.schema === null ? null : untypable(resource.schema, wanted);
    if (untyped !== null) {
      throw internal(
        `failed to create typed patch object (${namespace}/${name}; ${sent.apiVersion}, Kind=${sent.kind}): ${untyped}`,
      );
    }
    const live = this.#store.get(bucketOf(resource), namespace, name);
    if (live === undefined && writing.subresource !== '') throw notFound(resource, name);
    if (live === undefined) writing.mayCreate();
    this.#checkNamespace(resource, namespace, name);
    const uid = wanted.metadata.uid;
    if (live === undefined && uid !== undefined)
      throw conflict(resource, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: `);
    const version = wanted.metadata.resourceVersion;
    if (live !== undefined && version !== undefined && version !== live.metadata.resourceVersion) throw modified(resource, name);
    const apply = { manager: writing.manager, subresource: writing.subresource, now: now(), force };
    const merged = applied(resource, live ?? null, wanted, apply);
    if (live === undefined) return this.#finish(resource, null, fresh(resource, merged), writing, 'apply');
    return this.#finish(resource, live, kept(resource, live, merged, writing.subresource), writing, 'apply');
  }

  /** @returns the object while it is only marked (finalizers), null once it is gone */
  delete(
    resource: Resource,
    namespace: string,
    name: string,
    options: JsonObject,
    dryRun: boolean,
  ): { readonly was: KubeJson; readonly isGone: boolean } {
    const live = this.#live(resource, namespace, name);
    const uid = textAt(options, 'preconditions', 'uid');
    if (uid !== undefined && uid !== live.metadata.uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ''}`,
      );
    }
    const version = textAt(options, 'preconditions', 'resourceVersion');
    if (version !== undefined && version !== live.metadata.resourceVersion) {
      throw conflict(
        resource,
        name,
        `Precondition failed: ResourceVersion in precondition: ${version}, ResourceVersion in object meta: ${live.metadata.resourceVersion ?? ''}`,
      );
    }
    if (dryRun) return { was: live, isGone: true };
    if (resource.kind === 'Namespace' && resource.group === '') return { was: this.#terminate(live), isGone: false };
    if ((live.metadata.finalizers ?? []).length > 0) {
      const marked = withMetadata(live, {
        deletionTimestamp: live.metadata.deletionTimestamp ?? now(),
        deletionGracePeriodSeconds: 0,
      });
      return { was: this.#store.put(bucketOf(resource), marked), isGone: false };
    }
    this.#store.delete(bucketOf(resource), namespace, name);
    if (resource.kind === 'CustomResourceDefinition') forgetObjectsOf(this.#store, live);
    return { was: live, isGone: true };
  }

  /** Its content goes with it; the namespace itself a moment later (workloads.ts). */
  #terminate(namespace: KubeJson): KubeJson {
    const marked = withMetadata(namespace, { deletionTimestamp: namespace.metadata.deletionTimestamp ?? now() });
    return this.#store.put(bucketOf(NAMESPACES), withAt(marked, ['status'], { phase: 'Terminating' }));
  }

  #live(resource: Resource, namespace: string, name: string): KubeJson {
    const live = this.#store.get(bucketOf(resource), namespace, name);
    if (live === undefined) throw notFound(resource, name);
    return live;
  }

  #placed(resource: Resource, namespace: string, sent: KubeJson): KubeJson {
    if (sent.kind !== resource.kind || sent.apiVersion !== groupVersionOf(resource)) {
      throw badRequest(
        `${sent.kind} in version "${sent.apiVersion}" cannot be handled as a ${resource.kind}: no kind "${sent.kind}" is registered for it here`,
      );
    }
    if (resource.namespaced && (sent.metadata.namespace ?? namespace) !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    const prefix = sent.metadata.generateName;
    const name = sent.metadata.name ?? (prefix === undefined ? undefined : prefix + randomUUID().replaceAll('-', '').slice(0, 5));
    return withMetadata(sent, { name, namespace: resource.namespaced ? namespace : undefined });
  }

  #checkNamespace(resource: Resource, namespace: string, name: string): void {
    if (!resource.namespaced) return;
    const found = this.#store.get(bucketOf(NAMESPACES), '', namespace);
    if (found === undefined) throw notFound(NAMESPACES, namespace);
    if (found.metadata.deletionTimestamp === undefined || this.#store.get(bucketOf(resource), namespace, name) !== undefined)
      return;
    throw forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
  }

  /** Without fields that nobody knows: refused, warned of or dropped, as asked for. */
  #known(resource: Resource, object: KubeJson, { fieldValidation, warnings }: Writing, isPatch = false): KubeJson {
    if (resource.schema === null) return object;
    const { value, unknown } = withoutUnknown(resource.schema, object);
    const told = unknown.map((field) => `unknown field "${field}"`);
    if (told.length > 0 && fieldValidation === 'Strict') {
      const why = `strict decoding error: ${told.join(', ')}`;
      if (isPatch) throw badPatch(object, why);
      throw badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`);
    }
    if (fieldValidation === 'Warn') warnings.push(...told);
    return value as KubeJson;
  }

  async #replace(resource: Resource, live: KubeJson, object: KubeJson, writing: Writing): Promise<KubeJson> {
    const version = object.metadata.resourceVersion;
    if (version !== undefined && version !== live.metadata.resourceVersion) throw modified(resource, nameOf(live));
    const uid = object.metadata.uid;
    if (uid !== undefined && uid !== live.metadata.uid) {
      throw conflict(
        resource,
        nameOf(live),
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ''}`,
      );
    }
    return this.#finish(resource, live, kept(resource, live, object, writing.subresource), writing, 'update');
  }

  /** Filled in, owned, checked, admitted, stored. @param how applied objects are owned already, and nobody owns what is filled in */
  async #finish(
    resource: Resource,
    live: KubeJson | null,
    object: KubeJson,
    writing: Writing,
    how: 'update' | 'apply',
  ): Promise<KubeJson> {
    const filled =
      resource.schema === null
        ? withDefaults(resource, object, live, this.#numbers)
        : (defaulted(resource.schema, object) as KubeJson);
    const writer = { manager: writing.manager, subresource: writing.subresource, now: now() };
    const owned = how === 'apply' ? filled : ownedByUpdate(resource, live, filled, writer);
    const complete = counted(resource, live, owned);
    const causes = this.#causes(resource, complete, live);
    if (causes.length > 0) throw invalid(resource, nameOf(complete), causes);
    if (writing.subresource === '') {
      await this.#webhooks.admit({ resource, operation: live === null ? 'CREATE' : 'UPDATE', object: complete });
    }
    return this.#stored(resource, live, complete, writing.dryRun);
  }

  #causes(resource: Resource, object: KubeJson, live: KubeJson | null): readonly Cause[] {
    const name = nameOf(object);
    const isRbac = resource.group === 'rbac.authorization.k8s.io';
    if (name === '')
      return [
        { reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' },
      ];
    if (live === null && !isRbac && (!NAME.test(name) || name.length > 253)) {
      const message = `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
      return [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }];
    }
    return resource.schema === null
      ? builtInCauses(resource, object, live)
      : causesOf(resource.schema, object, live ?? undefined);
  }

  #stored(resource: Resource, live: KubeJson | null, object: KubeJson, dryRun: boolean): KubeJson {
    const bucket = bucketOf(resource);
    const there = this.#store.get(bucket, namespaceOf(object), nameOf(object));
    // Somebody may have been faster while a webhook was asked.
    if (live === null && there !== undefined) throw alreadyExists(resource, nameOf(object));
    if (live !== null && there?.metadata.resourceVersion !== live.metadata.resourceVersion) {
      if (there === undefined) throw notFound(resource, nameOf(object));
      throw modified(resource, nameOf(object));
    }
    if (live !== null && same(withoutTimes(object), withoutTimes(live))) return live;
    if (dryRun) return object;
    if (
      live !== null &&
      live.metadata.deletionTimestamp !== undefined &&
      (object.metadata.finalizers ?? []).length === 0 &&
      resource.kind !== 'Namespace'
    ) {
      this.#store.delete(bucket, namespaceOf(object), nameOf(object));
      return object;
    }
    return this.#store.put(bucket, object);
  }
}

/** A patch is at fault as a whole, and names no object. */
const badPatch = (object: KubeJson, why: string): Error => {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(object))}: ${why}`;
  return invalid({ group: '', plural: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
};

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

const withoutTimes = (object: KubeJson): KubeJson => {
  const entries = at(object, 'metadata', 'managedFields');
  if (!Array.isArray(entries)) return object;
  return withMetadata(object, { managedFields: entries.map((entry: JsonObject) => ({ ...entry, time: null })) });
};

/** With what the server gives a new object. */
function fresh(resource: Resource, object: KubeJson): KubeJson {
  const born = withMetadata(object, {
    uid: randomUUID(),
    creationTimestamp: now(),
    resourceVersion: undefined,
    deletionTimestamp: undefined,
    generation: resource.counted ? 1 : undefined,
  });
  return resource.hasStatus && resource.kind !== 'Node' ? withAt(born, ['status'], undefined) : born;
}

/** What a write cannot change stays as it is. */
function kept(resource: Resource, live: KubeJson, object: KubeJson, subresource: string): KubeJson {
  const { uid, creationTimestamp, resourceVersion, generation, deletionTimestamp, managedFields } = live.metadata;
  const owned = object.metadata['managedFields'] ?? managedFields;
  const same = { uid, creationTimestamp, resourceVersion, generation, deletionTimestamp, managedFields: owned };
  if (subresource === 'status') {
    return withMetadata({ ...live, status: at(object, 'status') }, { ...same });
  }
  const next = withMetadata(object, same);
  return resource.hasStatus ? withAt(next, ['status'], at(live, 'status')) : next;
}

/** A generation is a change of what is wanted: everything but metadata and status. */
function counted(resource: Resource, live: KubeJson | null, object: KubeJson): KubeJson {
  if (live === null || !resource.counted) return object;
  const wanted = (one: KubeJson): JsonObject => ({ ...one, metadata: null, status: null });
  return same(wanted(live), wanted(object)) ? object : withMetadata(object, { generation: (live.metadata.generation ?? 0) + 1 });
}
