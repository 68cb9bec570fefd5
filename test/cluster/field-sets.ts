/**
 * Sets of fields, as ownership knows them: which fields an object has, in which two objects differ, and both ways between a set and the
 * JSON of managedFields (FieldsV1). A field is its path, `f:spec` `f:addresses`, with a line break between: no part holds one.
 */
import { isObject, type JsonObject, same } from './json.ts';
import type { Resource } from './resources.ts';
import { itemKey, shapeOf } from './shape.ts';

export type FieldSet = ReadonlySet<string>;
export const BREAK = '\n';
export const childOf = (path: string, part: string): string => (path === '' ? part : path + BREAK + part);
export const isBelow = (path: string, above: string): boolean => path.startsWith(above + BREAK);

/** One member or item: its path, its names alone (for the shape), and its value. */
export interface Step {
  readonly part: string;
  readonly names: readonly string[];
  readonly value: unknown;
}

/** Members of a map, items of a list that tells them apart; null for what is owned as a whole. */
export function stepsOf(resource: Resource, names: readonly string[], value: unknown): readonly Step[] | null {
  const shape = shapeOf(resource, names, value);
  switch (shape.kind) {
    case 'atomic':
      return null;
    case 'map':
      return Object.entries(isObject(value) ? value : {}).map(([name, member]) => ({
        part: `f:${name}`,
        names: [...names, name],
        value: member,
      }));
    case 'list':
      return (value as readonly unknown[]).map((item) => ({ part: itemKey(item, shape.keys), names, value: item }));
    case 'set':
      return (value as readonly unknown[]).map((item) => ({ part: `v:${JSON.stringify(item)}`, names, value: item }));
    default:
      return shape satisfies never;
  }
}

/** The items of keyed lists are maps themselves: their names are those of the list. */
export const stepsInto = (resource: Resource, step: Step): readonly Step[] | null => {
  if (!step.part.startsWith('k:')) return stepsOf(resource, step.names, step.value);
  return Object.entries(isObject(step.value) ? step.value : {}).map(([name, value]) => ({
    part: `f:${name}`,
    names: [...step.names, name],
    value,
  }));
};

/** Never owned by anybody. */
const UNOWNED = new Set(
  ['apiVersion', 'kind']
    .concat(
      ['name', 'namespace', 'uid', 'creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'selfLink']
        .concat(['deletionTimestamp', 'deletionGracePeriodSeconds'])
        .map((name) => `metadata${BREAK}f:${name}`),
    )
    .map((name) => `f:${name}`),
);

/** All that a configuration states. @param skip first members that are left out, as status is in the main resource */
export function fieldsOf(resource: Resource, object: JsonObject, skip: readonly string[] = []): FieldSet {
  const found = new Set<string>();
  const visit = (steps: readonly Step[], above: string, freeMap: boolean): void => {
    for (const step of steps) {
      const path = childOf(above, step.part);
      if (UNOWNED.has(path) || skip.some((name) => path === `f:${name}`)) continue;
      const inner = stepsInto(resource, step);
      if (inner === null || inner.length === 0 || freeMap || !step.part.startsWith('f:')) found.add(path);
      if (inner !== null) visit(inner, path, isFree(resource, step));
    }
  };
  visit(stepsOf(resource, [], object) ?? [], '', false);
  return found;
}

const isFree = (resource: Resource, { names, value }: Step): boolean => {
  const shape = shapeOf(resource, names, value);
  return shape.kind === 'map' && shape.free;
};

export interface Difference {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** In which fields two objects differ. A map or item that is new counts itself, beside its fields. */
export function differenceOf(
  resource: Resource,
  before: JsonObject,
  after: JsonObject,
  skip: readonly string[] = [],
): Difference {
  const added = new Set<string>();
  const modified = new Set<string>();
  const removed = new Set<string>();
  const all = (step: Step, path: string, into: Set<string>): void => {
    if (UNOWNED.has(path)) return;
    const shape = shapeOf(resource, step.names, step.value);
    if (!(shape.kind === 'map' && shape.struct)) into.add(path);
    for (const inner of stepsInto(resource, step) ?? []) all(inner, childOf(path, inner.part), into);
  };
  const compare = (old: readonly Step[], now: readonly Step[], above: string): void => {
    const olds = new Map(old.map((step) => [step.part, step]));
    for (const step of now) {
      const path = childOf(above, step.part);
      if (UNOWNED.has(path) || skip.some((name) => path === `f:${name}`)) continue;
      const was = olds.get(step.part);
      olds.delete(step.part);
      if (was === undefined) {
        all(step, path, added);
        continue;
      }
      if (same(was.value, step.value)) continue;
      const [innerOld, innerNow] = [stepsInto(resource, was), stepsInto(resource, step)];
      if (innerOld === null || innerNow === null) modified.add(path);
      else compare(innerOld, innerNow, path);
    }
    for (const step of olds.values()) {
      const path = childOf(above, step.part);
      if (!UNOWNED.has(path) && !skip.some((name) => path === `f:${name}`)) all(step, path, removed);
    }
  };
  compare(stepsOf(resource, [], before) ?? [], stepsOf(resource, [], after) ?? [], '');
  return { added, modified, removed };
}

/** FieldsV1: `{"f:spec":{"f:addresses":{}}}`; `.` where the parent itself is one of them. */
export function toFieldsV1(fields: FieldSet): JsonObject {
  type Tree = { [part: string]: Tree };
  const root: Tree = {};
  for (const path of [...fields].sort()) {
    let node = root;
    for (const part of path.split(BREAK)) {
      node[part] ??= {};
      node = node[part];
    }
    node['.'] = {};
  }
  const tidy = (tree: Tree): Tree => {
    const entries = Object.entries(tree).map(([part, inner]) => [part, tidy(inner)] as const);
    return Object.fromEntries(entries.length === 1 && entries[0]?.[0] === '.' ? [] : entries);
  };
  return tidy(root);
}

export function fromFieldsV1(tree: unknown): FieldSet {
  const found = new Set<string>();
  const visit = (node: unknown, above: string): void => {
    const entries = Object.entries(isObject(node) ? node : {});
    if (above !== '' && (entries.length === 0 || entries.some(([part]) => part === '.'))) found.add(above);
    for (const [part, inner] of entries) if (part !== '.') visit(inner, childOf(above, part));
  };
  visit(tree, '');
  return found;
}

/** `.spec.containers[name="x"].image`: as texts of conflicts have it. */
export const pathText = (path: string): string =>
  path
    .split(BREAK)
    .map((part) => {
      const rest = part.slice(2);
      if (part.startsWith('f:')) return `.${rest}`;
      if (part.startsWith('v:')) return `[=${rest}]`;
      const keys = Object.entries(JSON.parse(rest) as JsonObject);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');

export const union = (...sets: readonly FieldSet[]): FieldSet => sets.reduce<FieldSet>((all, set) => all.union(set), new Set());
