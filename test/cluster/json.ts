/**
 * Kubernetes objects as plain JSON, never changed in place: how to look into them without believing anything of their form, and how to
 * make a changed copy. Knows no kind.
 */
import { isDeepStrictEqual } from 'node:util';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Metadata extends JsonObject {
  readonly name?: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

export interface KubeJson extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isKubeJson = (value: unknown): value is KubeJson =>
  isObject(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isObject(value['metadata']);

export const same = isDeepStrictEqual;

/** The member at the end of a path; undefined where there is none. A number is an index into a list. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let next = value;
  for (const key of path) {
    if (typeof key === 'number') next = Array.isArray(next) ? (next as readonly unknown[])[key] : undefined;
    else next = isObject(next) ? next[key] : undefined;
  }
  return next;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** Empty where there is none. */
export function objectAt(value: unknown, ...path: readonly (string | number)[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

/** Empty where there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

export const textsAt = (value: unknown, ...path: readonly (string | number)[]): readonly string[] =>
  listAt(value, ...path).filter((one) => typeof one === 'string');

/** Labels, annotations, selectors: members that are texts. */
export const textMapAt = (value: unknown, ...path: readonly (string | number)[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(objectAt(value, ...path)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

/** A copy with the member at the path replaced; `undefined` takes it away. Objects on the way are made. */
export function withAt<T extends JsonObject>(object: T, path: readonly string[], value: unknown): T {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const next = rest.length === 0 ? value : withAt(objectAt(object, key), rest, value);
  if (next === undefined) return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key)) as T;
  return { ...object, [key]: next };
}

/** A copy with these members of its metadata replaced; `undefined` takes one away. */
export const withMetadata = (object: KubeJson, changes: JsonObject): KubeJson => ({
  ...object,
  metadata: Object.fromEntries(Object.entries({ ...object.metadata, ...changes }).filter(([, value]) => value !== undefined)),
});

export const nameOf = ({ metadata }: KubeJson): string => metadata.name ?? '';
export const namespaceOf = ({ metadata }: KubeJson): string => metadata.namespace ?? '';
/** `namespace/name`, as controllers write it. */
export const keyOf = (object: KubeJson): string => `${namespaceOf(object)}/${nameOf(object)}`;
