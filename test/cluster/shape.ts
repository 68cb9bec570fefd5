/**
 * Which parts of an object are owned and merged as a whole, and which member by member: what the real server has as type information.
 * Custom resources say it in their schema (lists are atomic there, unless it says otherwise); of the built-in kinds only what is told
 * apart in the tables below.
 */
import { at, type JsonObject, objectAt, textAt, textsAt } from './json.ts';
import type { Resource } from './resources.ts';

export type Shape =
  | { readonly kind: 'atomic' }
  /** @param struct its members are known by name: it is there even when nobody set it. free: a map such as labels */
  | { readonly kind: 'map'; readonly struct: boolean; readonly free: boolean }
  | { readonly kind: 'list'; readonly keys: readonly string[] }
  | { readonly kind: 'set' };

const ATOMIC: Shape = { kind: 'atomic' };
const OBJECT: Shape = { kind: 'map', struct: false, free: false };
const FREE: Shape = { kind: 'map', struct: false, free: true };
const STRUCT: Shape = { kind: 'map', struct: true, free: false };

/** Lists of built-in kinds whose items are told apart, by the last parts of their path. */
const KEYED: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  webhooks: ['name'],
  'containers.ports': ['containerPort', 'protocol'],
  'initContainers.ports': ['containerPort', 'protocol'],
  'spec.ports': ['port', 'protocol'],
  volumeMounts: ['mountPath'],
  'status.conditions': ['type'],
  'status.addresses': ['type'],
  ownerReferences: ['uid'],
};
const ATOMIC_MAPS = new Set([
  'selector',
  'nodeSelector',
  'labelSelector',
  'podSelector',
  'namespaceSelector',
  'objectSelector',
  'openAPIV3Schema',
  'roleRef',
]);
const FREE_MAPS = new Set(['labels', 'annotations', 'data', 'binaryData', 'stringData', 'limits', 'requests', 'matchLabels']);
/** Members that are no pointers in the server's own types. */
const STRUCTS = new Set([
  'metadata',
  'spec',
  'status',
  'template',
  'strategy',
  'updateStrategy',
  'resources',
  'names',
  'loadBalancer',
]);

/** @param path names of members only, without the keys of list items */
export function shapeOf(resource: Resource, path: readonly string[], value: unknown): Shape {
  const last = path.at(-1) ?? '';
  const isList = Array.isArray(value);
  if (!isList && (typeof value !== 'object' || value === null)) return ATOMIC;
  if (path.length === 0 || (path.length === 1 && last === 'metadata')) return STRUCT;
  if (path[0] === 'metadata' || resource.schema === null) return builtInShape(path, last, isList);
  return customShape(schemaAt(resource.schema, path), isList);
}

function builtInShape(path: readonly string[], last: string, isList: boolean): Shape {
  if (!isList) {
    if (ATOMIC_MAPS.has(last)) return ATOMIC;
    return STRUCTS.has(last) ? STRUCT : FREE_MAPS.has(last) ? FREE : OBJECT;
  }
  if (last === 'finalizers') return { kind: 'set' };
  const keys = KEYED[path.slice(-2).join('.')] ?? KEYED[last];
  return keys === undefined ? ATOMIC : { kind: 'list', keys };
}

function customShape(schema: JsonObject, isList: boolean): Shape {
  if (isList) {
    const type = textAt(schema, 'x-kubernetes-list-type');
    if (type === 'set') return { kind: 'set' };
    return type === 'map' ? { kind: 'list', keys: textsAt(schema, 'x-kubernetes-list-map-keys') } : ATOMIC;
  }
  if (textAt(schema, 'x-kubernetes-map-type') === 'atomic') return ATOMIC;
  return at(schema, 'properties') === undefined ? FREE : OBJECT;
}

/** The schema of a member; empty where it knows none. */
export function schemaAt(schema: JsonObject, path: readonly string[]): JsonObject {
  let next = schema;
  for (const name of path) {
    // Items of lists have no name of their own in a path.
    if (at(next, 'items') !== undefined) next = objectAt(next, 'items');
    const property = at(next, 'properties', name);
    next = property === undefined ? objectAt(next, 'additionalProperties') : objectAt(next, 'properties', name);
  }
  return next;
}

/** `k:{"name":"x"}`: how an item of a keyed list is named; members that are missing stand for their usual value. */
export function itemKey(item: unknown, keys: readonly string[]): string {
  const entries = keys.map((key) => [key, at(item, key) ?? (key === 'protocol' ? 'TCP' : null)] as const);
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}
