/**
 * One request, from its path to its answer: may the user do it, and what then. Reads no bytes and knows no connection.
 */
import { discover } from './discovery.ts';
import { isKubeJson, isObject, type JsonObject, type KubeJson, nameOf, namespaceOf, objectAt, textAt } from './json.ts';
import { listOf } from './lists.ts';
import { jsonPatched, mergePatched, strategicPatched } from './patches.ts';
import { type Rbac, refusalText, type User, type Wish } from './rbac.ts';
import { bucketOf, groupVersionOf, type Resource, type Resources } from './resources.ts';
import { isReview, type Route, routeOf } from './routes.ts';
import { parseSelectors } from './selectors.ts';
import {
  badRequest,
  forbidden,
  forbiddenPath,
  methodNotAllowed,
  nobodyServes,
  notFound,
  success,
  unsupportedMediaType,
} from './status.ts';
import type { Store } from './store.ts';
import type { WatchRequest } from './watch-streams.ts';
import type { Writes, Writing } from './writes.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly userAgent: string;
  readonly contentType: string;
  /** Parsed JSON or YAML; undefined: empty. */
  readonly body: unknown;
  /** It was neither. */
  readonly isBroken: boolean;
}

export type Answer =
  | {
      readonly kind: 'document';
      readonly status: number;
      readonly body: JsonObject | string;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'watch'; readonly request: WatchRequest };

export interface Parts {
  readonly store: Store;
  readonly resources: Resources;
  readonly rbac: Rbac;
  readonly writes: Writes;
  /** A token of a service account. */
  readonly issueToken: (account: string) => string;
}

const JSON_TYPE = 'application/json';
const WHOLE_TYPES = [JSON_TYPE, 'application/yaml'];

const document = (body: JsonObject | string, status = 200, warnings: readonly string[] = []): Answer => ({
  kind: 'document',
  status,
  body,
  warnings,
});

/** @throws ApiError */
export async function answerTo(asked: Asked, parts: Parts): Promise<Answer> {
  const isWhole = asked.method === 'POST' || asked.method === 'PUT';
  if (isWhole && !WHOLE_TYPES.includes(asked.contentType || JSON_TYPE)) throw unsupportedMediaType(WHOLE_TYPES);
  const route = routeOf(asked.path, parts.resources);
  switch (route.kind) {
    case 'other':
      return aboutItself(asked, route.path, parts);
    case 'unknown':
      if (route.group === 'authorization.k8s.io' && isReview(route.plural)) return review(asked, route.plural, parts);
      refuseUnlessAllowed(asked, route, parts);
      throw nobodyServes();
    case 'resource':
      refuseUnlessAllowed(asked, route, parts);
      return aboutResource(asked, route, parts);
    default:
      return route satisfies never;
  }
}

const ANONYMOUS_PATHS = new Set(['/version', '/healthz', '/livez', '/readyz']);

function aboutItself({ method, user }: Asked, path: string, { resources }: Parts): Answer {
  if (user.groups.includes('system:unauthenticated') && !ANONYMOUS_PATHS.has(path)) {
    throw forbiddenPath(`User "${user.name}" cannot ${method.toLowerCase()} path "${path}"`);
  }
  const found = discover(path, resources);
  if (found === undefined) throw nobodyServes();
  if (method !== 'GET') throw methodNotAllowed();
  return document(found);
}

function verbOf({ method, query }: Asked, name: string | undefined): string {
  switch (method) {
    case 'GET':
      if (['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
      return name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}

type Placed = Exclude<Route, { readonly kind: 'other' }>;

const wishOf = (route: Placed, verb: string): Wish => {
  const { group, plural } = route.kind === 'resource' ? route.resource : route;
  const subresource = route.kind === 'resource' && route.subresource !== '' ? `/${route.subresource}` : '';
  return { verb, group, resource: plural + subresource, namespace: route.namespace, name: route.name };
};

function refuseUnlessAllowed(
  { user, ...asked }: Asked,
  route: Placed,
  { rbac }: Parts,
  verb = verbOf({ user, ...asked }, route.name),
): void {
  const wish = wishOf(route, verb);
  if (rbac.allows(user, wish)) return;
  const named = { group: wish.group, plural: route.kind === 'resource' ? route.resource.plural : route.plural, kind: '' };
  throw forbidden(named, route.name ?? '', refusalText(user.name, wish));
}

async function aboutResource(asked: Asked, route: Extract<Route, { readonly kind: 'resource' }>, parts: Parts): Promise<Answer> {
  const { resource, name, subresource } = route;
  const { query, method } = asked;
  const namespace = route.namespace ?? '';
  if (resource.kind === 'ServiceAccount' && subresource === 'token' && method === 'POST')
    return token(namespace, name ?? '', parts);
  if (subresource !== '' && !(subresource === 'status' && resource.hasStatus)) throw nobodyServes();
  if (asked.isBroken)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error`,
    );
  switch (verbOf(asked, name)) {
    case 'list':
      return document(listOf(parts.store, resource, route.namespace, query));
    case 'watch':
      return { kind: 'watch', request: watchOf(route, query) };
    case 'get': {
      const found = parts.store.get(bucketOf(resource), namespace, name ?? '');
      if (found === undefined) throw notFound(resource, name ?? '');
      return document(inVersion(resource, found));
    }
    case 'create': {
      if (name !== undefined || (resource.namespaced && route.namespace === undefined)) throw methodNotAllowed();
      const writing = writingOf(asked, subresource);
      const made = await parts.writes.create(resource, namespace, sentOf(asked, resource), writing);
      return document(inVersion(resource, made), 201, writing.warnings);
    }
    case 'update': {
      if (name === undefined) throw methodNotAllowed();
      const writing = writingOf(asked, subresource);
      const made = await parts.writes.update(resource, namespace, name, sentOf(asked, resource), writing);
      return document(inVersion(resource, made), 200, writing.warnings);
    }
    case 'patch':
      if (name === undefined) throw methodNotAllowed();
      return patched(asked, route, name, parts);
    case 'delete':
    case 'deletecollection':
      return deleted(asked, route, parts);
    default:
      throw method === 'HEAD' ? nobodyServes() : methodNotAllowed();
  }
}

const inVersion = (resource: Resource, object: KubeJson): KubeJson => ({ ...object, apiVersion: groupVersionOf(resource) });

function watchOf(
  { resource, namespace, name }: Extract<Route, { readonly kind: 'resource' }>,
  query: URLSearchParams,
): WatchRequest {
  const timeout = Number(query.get('timeoutSeconds') ?? '0');
  const matches = parseSelectors(query, resource.schema !== null, namespace);
  return {
    resource,
    matches: (object) => matches(object) && (name === undefined || nameOf(object) === name),
    resourceVersion: query.get('resourceVersion') ?? '',
    bookmarks: query.get('allowWatchBookmarks') === 'true',
    initialEvents: query.get('sendInitialEvents') === 'true',
    timeoutSeconds: timeout > 0 ? timeout : undefined,
  };
}

function writingOf({ query, userAgent }: Asked, subresource: string): Writing {
  const wanted = query.get('fieldValidation') ?? 'Warn';
  return {
    manager: query.get('fieldManager') ?? (userAgent.split('/')[0] || 'unknown'),
    dryRun: query.get('dryRun') === 'All',
    fieldValidation: wanted === 'Strict' || wanted === 'Ignore' ? wanted : 'Warn',
    subresource,
    warnings: [],
    mayCreate: () => undefined,
  };
}

function sentOf({ body }: Asked, resource: Resource): KubeJson {
  // Kind and version may be left out where the path says them.
  const typed: unknown = isObject(body)
    ? { apiVersion: groupVersionOf(resource), kind: resource.kind, metadata: {}, ...body }
    : body;
  if (!isKubeJson(typed))
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind`);
  return typed;
}

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

async function patched(
  asked: Asked,
  route: Extract<Route, { readonly kind: 'resource' }>,
  name: string,
  parts: Parts,
): Promise<Answer> {
  const { resource, namespace = '', subresource } = route;
  const { body, query } = asked;
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(resource.schema === null ? [STRATEGIC_PATCH] : []), APPLY_PATCH];
  if (!accepted.includes(asked.contentType)) throw unsupportedMediaType(accepted);
  const created = parts.store.get(bucketOf(resource), namespace, name) === undefined;
  const writing = { ...writingOf(asked, subresource), mayCreate: () => refuseUnlessAllowed(asked, route, parts, 'create') };
  const patch = (live: KubeJson): unknown => {
    if (asked.contentType === JSON_PATCH) return jsonPatched(live, body);
    if (!isObject(body))
      throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}');
    return asked.contentType === MERGE_PATCH ? mergePatched(live, body) : strategicPatched(resource, [], live, body);
  };
  if (asked.contentType !== APPLY_PATCH) {
    const made = await parts.writes.patch(resource, namespace, name, patch, writing);
    return document(inVersion(resource, made), 200, writing.warnings);
  }
  if (!query.has('fieldManager'))
    throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
  if (!isKubeJson(body)) throw badRequest('error decoding YAML: it is no object with apiVersion, kind and metadata');
  const made = await parts.writes.apply(resource, namespace, name, body, query.get('force') === 'true', writing);
  return document(inVersion(resource, made), created ? 201 : 200, writing.warnings);
}

function deleted(
  asked: Asked,
  { resource, namespace, name }: Extract<Route, { readonly kind: 'resource' }>,
  parts: Parts,
): Answer {
  const options = objectAt({ body: asked.body }, 'body');
  const dryRun = asked.query.get('dryRun') === 'All' || (Array.isArray(options['dryRun']) && options['dryRun'].includes('All'));
  if (name !== undefined) {
    const { was, isGone } = parts.writes.delete(resource, namespace ?? '', name, options, dryRun);
    return document(isGone ? success(resource, name, was.metadata.uid) : inVersion(resource, was));
  }
  const list = listOf(parts.store, resource, namespace, asked.query);
  const matches = parseSelectors(asked.query, resource.schema !== null, namespace);
  for (const object of parts.store.list(bucketOf(resource)).filter(matches)) {
    parts.writes.delete(resource, namespaceOf(object), nameOf(object), options, dryRun);
  }
  return document(list);
}

/** What `kubectl create token` asks for. */
function token(namespace: string, name: string, { store, issueToken }: Parts): Answer {
  const account = { group: '', plural: 'serviceaccounts', kind: 'ServiceAccount' };
  if (store.get(bucketOf(account), namespace, name) === undefined) throw notFound(account, name);
  const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString();
  const status = { token: issueToken(`system:serviceaccount:${namespace}:${name}`), expirationTimestamp };
  return document(
    { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: { name, namespace }, spec: {}, status },
    201,
  );
}

/** "May I?", "who am I?": asked by everybody of themselves. */
function review({ method, body, user }: Asked, plural: string, { rbac }: Parts): Answer {
  if (method !== 'POST' || plural !== 'selfsubjectaccessreviews') throw methodNotAllowed();
  const wanted = objectAt(body, 'spec', 'resourceAttributes');
  const plain = textAt(wanted, 'resource') ?? '';
  const subresource = textAt(wanted, 'subresource') ?? '';
  const allowed = rbac.allows(user, {
    verb: textAt(wanted, 'verb') ?? '',
    group: textAt(wanted, 'group') ?? '',
    resource: subresource === '' ? plain : `${plain}/${subresource}`,
    namespace: textAt(wanted, 'namespace') || undefined,
    name: textAt(wanted, 'name') || undefined,
  });
  return document(
    {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: objectAt(body, 'spec'),
      status: { allowed },
    },
    201,
  );
}
