/** The patches other than applying: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and strategic merge. Store nothing. */
import { isObject, type JsonObject, type KubeJson, listAt, same, textAt } from './json.ts';
import type { Resource } from './resources.ts';
import { itemKey, shapeOf } from './shape.ts';
import { badRequest, failure } from './status.ts';

export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatched(result[name], value);
  }
  return result;
}

/** By the keys of keyed lists, with `$patch: delete` and `$patch: replace`; other directives are taken for nothing. */
export function strategicPatched(resource: Resource, names: readonly string[], target: unknown, patch: unknown): unknown {
  if (isObject(patch)) return strategicMap(resource, names, target, patch);
  const shape = shapeOf(resource, names, patch);
  if (shape.kind !== 'list' || !Array.isArray(target)) return patch;
  const items = new Map((target as readonly unknown[]).map((item) => [itemKey(item, shape.keys), item]));
  for (const item of patch as readonly unknown[]) {
    const key = itemKey(item, shape.keys);
    if (textAt(item, '$patch') === 'delete') items.delete(key);
    else items.set(key, strategicMap(resource, names, items.get(key), isObject(item) ? item : {}));
  }
  return [...items.values()];
}

function strategicMap(resource: Resource, names: readonly string[], target: unknown, patch: JsonObject): JsonObject {
  const replaces = textAt(patch, '$patch') === 'replace';
  const result: Record<string, unknown> = isObject(target) && !replaces ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) delete result[name];
    else result[name] = strategicPatched(resource, [...names, name], result[name], value);
  }
  return result;
}

/** @throws ApiError 400 for what is no patch, 422 where it does not fit */
export function jsonPatched(target: KubeJson, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  let document: unknown = target;
  for (const operation of patch as readonly unknown[]) document = changed(document, operation);
  return document;
}

const doesNotFit = (why: string): Error =>
  failure(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`);

function changed(document: unknown, operation: unknown): unknown {
  const op = textAt(operation, 'op') ?? '';
  const path = partsOf(textAt(operation, 'path') ?? '');
  const value = isObject(operation) ? operation['value'] : undefined;
  switch (op) {
    case 'add':
      return edited(document, path, () => value, true);
    case 'replace':
      found(document, path);
      return edited(document, path, () => value, false);
    case 'remove':
      found(document, path);
      return edited(document, path, () => undefined, false);
    case 'test':
      if (!same(found(document, path), value)) throw doesNotFit(`testing value ${textAt(operation, 'path')} failed`);
      return document;
    case 'copy':
    case 'move': {
      const from = partsOf(textAt(operation, 'from') ?? '');
      const taken = found(document, from);
      const rest = op === 'move' ? edited(document, from, () => undefined, false) : document;
      return edited(rest, path, () => taken, true);
    }
    default:
      throw badRequest(`error decoding patch: unexpected kind: ${op}`);
  }
}

const partsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function found(document: unknown, path: readonly string[]): unknown {
  let next = document;
  for (const part of path) {
    const inner = Array.isArray(next) ? listAt({ next }, 'next')[Number(part)] : isObject(next) ? next[part] : undefined;
    if (inner === undefined) throw doesNotFit(`missing path: /${path.join('/')}: missing value`);
    next = inner;
  }
  return next;
}

function edited(document: unknown, path: readonly string[], make: () => unknown, insert: boolean): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return make();
  if (Array.isArray(document)) {
    const copy = [...(document as readonly unknown[])];
    const index = part === '-' ? copy.length : Number(part);
    const value = rest.length === 0 ? make() : edited(copy[index], rest, make, insert);
    copy.splice(index, insert && rest.length === 0 ? 0 : 1, ...(value === undefined ? [] : [value]));
    return copy;
  }
  if (!isObject(document)) throw doesNotFit(`doc is missing path: "/${path.join('/')}": missing value`);
  const value = rest.length === 0 ? make() : edited(document[part], rest, make, insert);
  const entries = Object.entries(document).filter(([name]) => name !== part);
  return Object.fromEntries(value === undefined ? entries : [...entries, [part, value]]);
}
