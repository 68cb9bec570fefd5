/** What a request is about: its path and query, read. Asks nothing of the store. */
import type { Resource, Resources } from './resources.ts';

/** A resource that is asked for, or a path that is none. */
export type Route =
  | {
      readonly kind: 'resource';
      readonly resource: Resource;
      /** undefined: all of them, or not in any. */
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string;
    }
  /** A group or kind that nobody serves: still asked for by somebody who may not. */
  | {
      readonly kind: 'unknown';
      readonly group: string;
      readonly plural: string;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
    }
  | { readonly kind: 'other'; readonly path: string };

/** Asked by everybody about themselves; never stored. */
const REVIEWS: ReadonlySet<string> = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews']);
export const isReview = (plural: string): boolean => REVIEWS.has(plural);

export function routeOf(path: string, resources: Resources): Route {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const [root, ...rest] = parts;
  const [group, version, ...tail] = root === 'api' ? ['', ...rest] : rest;
  const isResource = (root === 'api' || root === 'apis') && group !== undefined && version !== undefined && tail.length > 0;
  if (!isResource) return { kind: 'other', path };
  const scoped =
    tail[0] === 'namespaces' && tail.length > 2 && !(tail.length === 3 && ['status', 'finalize'].includes(tail[2] ?? ''));
  const namespace = scoped ? tail[1] : undefined;
  const [plural = '', name, subresource = ''] = scoped ? tail.slice(2) : tail;
  const resource = resources.find(group, version, plural);
  const isServed =
    resource !== undefined && (namespace === undefined || resource.namespaced) && (scoped ? tail.length <= 5 : tail.length <= 3);
  return isServed
    ? { kind: 'resource', resource, namespace, name, subresource }
    : { kind: 'unknown', group, plural, namespace, name };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
