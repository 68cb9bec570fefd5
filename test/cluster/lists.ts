/** Lists: selected, in pages. A page is of the store as it is then, not as it was at the first one. */
import { isObject, type JsonObject, keyOf } from './json.ts';
import { bucketOf, groupVersionOf, type Resource } from './resources.ts';
import { parseSelectors } from './selectors.ts';
import { badRequest, continueExpired } from './status.ts';
import type { Store } from './store.ts';

interface Place {
  readonly revision: number;
  /** The last key of the page before. */
  readonly after: string;
}

/** @throws ApiError 400 for bad parameters, 410 for a page whose list is compacted */
export function listOf(store: Store, resource: Resource, namespace: string | undefined, query: URLSearchParams): JsonObject {
  const matches = parseSelectors(query, resource.schema !== null, namespace);
  const place = placeOf(query.get('continue') ?? '');
  if (place !== null && store.since(place.revision) === null) throw continueExpired();
  const apiVersion = groupVersionOf(resource);
  const all = store.list(bucketOf(resource)).filter(matches);
  const rest = place === null ? all : all.filter((object) => keyOf(object) > place.after);
  const limit = Number(query.get('limit') ?? '0');
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const last = page.at(-1);
  const revision = place?.revision ?? store.revision;
  const isMore = page.length < rest.length && last !== undefined;
  const next: Place = { revision, after: last === undefined ? '' : keyOf(last) };
  return {
    kind: `${resource.kind}List`,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      ...(isMore ? { continue: Buffer.from(JSON.stringify(next)).toString('base64url') } : {}),
      ...(isMore && !query.has('labelSelector') && !query.has('fieldSelector')
        ? { remainingItemCount: rest.length - page.length }
        : {}),
    },
    // Items of built-in kinds come without kind and version.
    items: page.map((object) => (resource.schema === null ? withoutType(object) : { ...object, apiVersion })),
  };
}

const withoutType = ({ apiVersion: _version, kind: _kind, ...rest }: JsonObject): JsonObject => rest;

function placeOf(text: string): Place | null {
  if (text === '') return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (isObject(value) && typeof value['revision'] === 'number' && typeof value['after'] === 'string') {
      return { revision: value['revision'], after: value['after'] };
    }
  } catch {
    // Falls through to the refusal.
  }
  throw badRequest('continue key is not valid: illegal base64 data');
}
