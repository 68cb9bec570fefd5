/**
 * Server-side apply: merges what a manager wants into what is there, refuses where that would change what somebody else owns, and takes
 * away what the manager wanted before and no more, where nobody else owns it. As structured-merge-diff does, for one version.
 */
import {
  BREAK,
  childOf,
  differenceOf,
  type FieldSet,
  fieldsOf,
  isBelow,
  pathText,
  type Step,
  stepsInto,
  stepsOf,
  union,
} from './field-sets.ts';
import { isObject, type JsonObject, type KubeJson, same } from './json.ts';
import { isSameManager, type Manager, managersOf, unownable, type Writer, withFields, withManagers } from './managed-fields.ts';
import { groupVersionOf, type Resource } from './resources.ts';
import { itemKey, shapeOf } from './shape.ts';
import { type ApiError, type Cause, failure } from './status.ts';

export interface Apply extends Writer {
  readonly force: boolean;
}

/** @param live null: there is none yet. @throws ApiError 409 where another manager owns what would change */
export function applied(resource: Resource, live: KubeJson | null, wanted: KubeJson, apply: Apply): KubeJson {
  const skip = unownable(resource, apply.subresource);
  const me = {
    name: apply.manager,
    operation: 'Apply',
    apiVersion: groupVersionOf(resource),
    subresource: apply.subresource,
  } as const;
  const config = Object.fromEntries(Object.entries(wanted).filter(([name]) => !skip.includes(name)));
  const before = live ?? { apiVersion: wanted.apiVersion, kind: wanted.kind, metadata: {} };
  const managers = live === null ? [] : managersOf(withOwner(resource, live, apply.now));
  const mine = managers.find((one) => isSameManager(one, me));
  const others = managers.filter((one) => one !== mine);

  const fields = fieldsOf(resource, config, skip);
  const everybodys = union(fields, ...others.map((one) => one.fields));
  const merged = pruned(resource, merge(resource, [], before, config) as KubeJson, mine?.fields ?? new Set<string>(), everybodys);
  const { added, modified, removed } = differenceOf(resource, before, merged, skip);
  const changed = union(added, modified);

  const conflicts = others.flatMap((one) => [...one.fields.intersection(changed)].sort().map((path) => ({ manager: one, path })));
  if (conflicts.length > 0 && !apply.force) throw conflictOf(conflicts);

  const lost = union(changed, removed);
  const left = others.map((one) => withFields(one, one.fields.difference(lost), apply.now));
  const isSame =
    mine !== undefined && changed.size === 0 && removed.size === 0 && mine.fields.symmetricDifference(fields).size === 0;
  return withManagers(merged, [...left, { ...me, fields, time: isSame ? mine.time : apply.now }]);
}

/** An object that nobody owns yet belongs to whoever made it, by a name of the server's. */
function withOwner(resource: Resource, live: KubeJson, now: string): KubeJson {
  if (managersOf(live).length > 0) return live;
  const fields = fieldsOf(resource, live, unownable(resource, ''));
  const entry = {
    name: 'before-first-apply',
    operation: 'Update',
    apiVersion: groupVersionOf(resource),
    subresource: '',
    time: now,
  } as const;
  return withManagers(live, [{ ...entry, fields }]);
}

/** What is there, with everything that is wanted. */
export function merge(resource: Resource, names: readonly string[], live: unknown, wanted: unknown): unknown {
  const shape = shapeOf(resource, names, wanted);
  if (shape.kind === 'map' && isObject(live)) {
    const entries = Object.entries(wanted as JsonObject).map(([name, value]) => [
      name,
      merge(resource, [...names, name], live[name], value),
    ]);
    return { ...live, ...(Object.fromEntries(entries) as JsonObject) };
  }
  if (shape.kind === 'list' && Array.isArray(live)) {
    const rest = new Map((wanted as readonly unknown[]).map((item) => [itemKey(item, shape.keys), item]));
    const kept = (live as readonly unknown[]).map((item) => {
      const key = itemKey(item, shape.keys);
      const wish = rest.get(key);
      rest.delete(key);
      return wish === undefined ? item : mergeItem(resource, names, item, wish);
    });
    return [...kept, ...rest.values()];
  }
  if (shape.kind === 'set' && Array.isArray(live)) {
    const more = (wanted as readonly unknown[]).filter((item) => !(live as readonly unknown[]).some((one) => same(one, item)));
    return [...(live as readonly unknown[]), ...more];
  }
  return wanted;
}

const mergeItem = (resource: Resource, names: readonly string[], live: unknown, wanted: unknown): unknown => {
  if (!isObject(live) || !isObject(wanted)) return wanted;
  const entries = Object.entries(wanted).map(([name, value]) => [name, merge(resource, [...names, name], live[name], value)]);
  return { ...live, ...(Object.fromEntries(entries) as JsonObject) };
};

/** Without what was applied before and is nobody's now. A parent that is left empty goes too, unless somebody owns it. */
function pruned(resource: Resource, merged: KubeJson, before: FieldSet, everybodys: FieldSet): KubeJson {
  const owned = (path: string): boolean => everybodys.has(path) || [...everybodys].some((one) => isBelow(one, path));
  const gone = new Set([...before].filter((path) => !owned(path)));
  if (gone.size === 0) return merged;
  const parents = new Set([...gone].flatMap((path) => ancestorsOf(path)));
  const rebuild = (step: Step, path: string): unknown => {
    const steps = stepsInto(resource, step);
    if (steps === null) return step.value;
    const left = steps.flatMap((inner) => {
      const innerPath = childOf(path, inner.part);
      if (gone.has(innerPath)) return [];
      const value = parents.has(innerPath) ? rebuild(inner, innerPath) : inner.value;
      const emptied = parents.has(innerPath) && isEmpty(value) && !owned(innerPath);
      return emptied ? [] : [{ ...inner, value }];
    });
    if (Array.isArray(step.value) && !step.part.startsWith('k:')) return left.map(({ value }) => value);
    return Object.fromEntries(left.map(({ part, value }) => [part.slice(2), value]));
  };
  const root = stepsOf(resource, [], merged) ?? [];
  const entries = root.flatMap((step) => {
    if (!parents.has(step.part)) return gone.has(step.part) ? [] : [[step.part.slice(2), step.value]];
    const value = rebuild(step, step.part);
    return isEmpty(value) && !owned(step.part) && step.part !== 'f:metadata' ? [] : [[step.part.slice(2), value]];
  });
  return Object.fromEntries(entries) as KubeJson;
}

const ancestorsOf = (path: string): readonly string[] => {
  const parts = path.split(BREAK);
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(BREAK));
};

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

interface FieldConflict {
  readonly manager: Manager;
  readonly path: string;
}

function managerText({ name, operation, apiVersion, subresource }: Manager): string {
  const who = subresource === '' ? `"${name}"` : `"${name}" with subresource "${subresource}"`;
  return operation === 'Update' ? `${who} using ${apiVersion}` : who;
}

function conflictOf(conflicts: readonly FieldConflict[]): ApiError {
  const causes = conflicts.map(
    ({ manager, path }): Cause => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerText(manager)}`,
      field: pathText(path),
    }),
  );
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const told = `Apply failed with 1 conflict: conflict with ${managerText(first.manager)}: ${pathText(first.path)}`;
    return failure(409, 'Conflict', told, { causes });
  }
  const byManager = Map.groupBy(conflicts, ({ manager }) => managerText(manager));
  const lines = [...byManager]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([manager, paths]) => [`conflicts with ${manager}:`, ...paths.map(({ path }) => `- ${pathText(path)}`)]);
  return failure(409, 'Conflict', `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`, { causes });
}
