/**
 * Requests to one API server: authentication, TLS and proxies are the client library's, JSON goes and comes as it is. The library's
 * typed clients are not used for writing: their serializer drops fields that it does not know, and their default patch is one that
 * custom resources refuse. Tries nothing twice; knows no kind.
 */
import { HttpMethod, IsomorphicFetchHttpLibrary, type KubeConfig, RequestContext, Watch } from '@kubernetes/client-node';
import { EXIT } from '../../core/error.ts';
import { VERSION } from '../../system/version.ts';
import { ClusterError, errorOfCredentials, errorOfNetwork, errorOfStatus, isClusterError } from './errors.ts';
import { logIn, tooLate } from './log-in.ts';
import { isKubeObject, isObject, type JsonObject, type KubeObject, listAt, textAt } from './objects.ts';
import { apiVersionOf, collectionPath, objectPath, type Resource } from './resources.ts';

/** In managedFields, and in every request that writes. */
export const FIELD_MANAGER = 'freehold';

const REQUEST_TIMEOUT_MS = 15_000;
/** Until a watch is taken up. The client library waits 30 s for the server, and for the credentials for ever. */
const WATCH_OPENS_MS = 45_000;
const PAGE = 500;
/** Pages of one list: 100,000 objects. */
const MOST_PAGES = 200;

export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly query?: QueryValues;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface KubeList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

export interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** What can be asked of a cluster. All methods throw ClusterError (errors.ts). */
export interface KubeApi {
  /** URL of the API server, for people. */
  readonly server: string;
  /** Name of the context in the kubeconfig, for people. */
  readonly context: string;
  request(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, options?: RequestOptions): Promise<unknown>;
  get(resource: Resource, name: string, namespace?: string, signal?: AbortSignal): Promise<KubeObject>;
  /** null where there is no such object, or no such kind. */
  find(resource: Resource, name: string, namespace?: string, signal?: AbortSignal): Promise<KubeObject | null>;
  list(resource: Resource, options?: ListOptions): Promise<KubeList>;
  /** For lists that may be long. @returns the resource version of the list */
  listEach(resource: Resource, options: ListEachOptions): Promise<string>;
  create(resource: Resource, object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  /** Server-side apply as `freehold`; a field that another manager owns is never taken over. */
  apply(resource: Resource, object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  /** JSON merge patch (RFC 7386). */
  mergePatch(
    resource: Resource,
    name: string,
    namespace: string | undefined,
    patch: JsonObject,
    options?: ApplyOptions,
  ): Promise<KubeObject>;
  /** Resolves also where it was gone already. */
  delete(resource: Resource, name: string, namespace?: string, signal?: AbortSignal): Promise<void>;
  /**
   * Watches until the server ends it, `signal` aborts, or nothing was heard for 30 s; then resolves.
   * @throws ClusterError where it could not be watched, or broke; `cluster-gone` where the resource version is too old
   */
  watch(resource: Resource, options: WatchOptions): Promise<void>;
}

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListEachOptions extends ListOptions {
  /** Told of every object as it comes: a page of them is in memory at the most. */
  readonly each: (object: KubeObject) => void;
  /**
   * Told that the list begins anew, once, where the server has forgotten the rest of it: what came so far does not count. Absent: that is
   * thrown (`cluster-gone`).
   */
  readonly onAnew?: () => void;
}

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  /** The server has taken the watch up. */
  readonly onOpen?: () => void;
  readonly onEvent: (event: WatchEvent) => void;
}

const JSON_TYPE = 'application/json';
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** JSON is YAML. */
const APPLY_TYPE = 'application/apply-patch+yaml';

export function createKubeApi(config: KubeConfig): KubeApi {
  const server = config.getCurrentCluster()?.server ?? '';
  const http = new IsomorphicFetchHttpLibrary();

  async function request(method: keyof typeof HttpMethod, path: string, options: RequestOptions = {}): Promise<unknown> {
    const { query = {}, body, contentType = JSON_TYPE, timeoutMs = REQUEST_TIMEOUT_MS } = options;
    const context = new RequestContext(server + path, HttpMethod[method]);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) context.setQueryParam(name, String(value));
    context.setHeaderParam('Accept', JSON_TYPE);
    context.setHeaderParam('User-Agent', `freehold/${VERSION}`);
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', contentType);
      context.setBody(JSON.stringify(body));
    }
    const patience = AbortSignal.timeout(timeoutMs);
    context.setSignal(options.signal === undefined ? patience : AbortSignal.any([options.signal, patience]));
    let status: number;
    let text: string;
    try {
      await authenticate(context, patience, options.signal);
      options.signal?.throwIfAborted();
      const answer = await http.send(context).toPromise();
      status = answer.httpStatusCode;
      text = await answer.body.text();
    } catch (error) {
      options.signal?.throwIfAborted();
      throw errorOfNetwork(error, server, patience.aborted ? timeoutMs : null);
    } finally {
      // The library makes a pool of connections for each request.
      void context
        .getDispatcher()
        ?.close()
        .catch(() => undefined);
    }
    if (status < 200 || status >= 300) throw errorOfStatus(status, text, `${method} ${server}${path}`);
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw notKubernetes(`${method} ${server}${path}`, error);
    }
  }

  async function authenticate(context: RequestContext, patience: AbortSignal, signal: AbortSignal | undefined): Promise<void> {
    await logIn(config, context, patience, signal);
    // The errors of those who would refuse it later repeat it.
    if (!HEADER_VALUE.test(context.getHeaders()['Authorization'] ?? ''))
      throw errorOfCredentials(new Error('the token holds characters that no token has'), server);
  }

  const objectOf = (value: unknown, asked: string): KubeObject => {
    if (isKubeObject(value)) return value;
    throw notKubernetes(asked, undefined);
  };

  const ask = async (method: keyof typeof HttpMethod, path: string, options?: RequestOptions): Promise<KubeObject> =>
    objectOf(await request(method, path, options), `${method} ${server}${path}`);

  async function list(resource: Resource, options: ListOptions = {}): Promise<KubeList> {
    const items: KubeObject[] = [];
    const resourceVersion = await listEach(resource, {
      ...options,
      each: (item) => void items.push(item),
      onAnew: () => void items.splice(0),
    });
    return { items, resourceVersion };
  }

  async function listEach(resource: Resource, options: ListEachOptions): Promise<string> {
    try {
      return await listPages(resource, options);
    } catch (error) {
      if (options.onAnew === undefined || !isClusterError(error, 'cluster-gone')) throw error;
      options.onAnew();
      return await listPages(resource, options);
    }
  }

  async function listPages(
    resource: Resource,
    { namespace, labelSelector, fieldSelector, signal, each }: ListEachOptions,
  ): Promise<string> {
    const path = collectionPath(resource, namespace);
    let next: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { labelSelector, fieldSelector, limit: PAGE, continue: next };
      const answer: unknown = await request('GET', path, { query, ...signalOf(signal) });
      for (const item of listAt(answer, 'items')) if (isKubeObject(item)) each(item);
      next = textAt(answer, 'metadata', 'continue') ?? '';
      // All pages are of one moment: the resource version of the first.
      if (next === '') return textAt(answer, 'metadata', 'resourceVersion') ?? '';
    }
    throw new ClusterError('cluster-invalid', `The list at ${server}${path} has more than ${PAGE * MOST_PAGES} objects.`, {
      hint: 'Freehold reads no more of one kind.',
      exitCode: EXIT.failure,
    });
  }

  async function watch(resource: Resource, options: WatchOptions): Promise<void> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, onOpen, onEvent, signal } = options;
    const path = collectionPath(resource, namespace);
    const query = { labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks: true };
    signal?.throwIfAborted();
    let failure: ClusterError | null = null;
    await new Promise<void>((resolve, reject) => {
      let controller: AbortController | null = null;
      let ended = false;
      const end = (settle: () => void): void => {
        if (ended) return;
        ended = true;
        clearTimeout(late);
        signal?.removeEventListener('abort', stop);
        settle();
      };
      // A server that has not answered yet is not waited for.
      const stop = (): void => {
        controller?.abort();
        end(resolve);
      };
      signal?.addEventListener('abort', stop, { once: true });
      const take = (type: string, object: unknown): void => {
        if (ended) return;
        if (type === 'ERROR') {
          failure = errorOfStatus(statusCodeOf(object), JSON.stringify(object), `a watch of ${server}${path}`);
          controller?.abort();
        } else if (isEventType(type) && isKubeObject(object)) {
          onEvent({ type, object });
        }
      };
      const done = (error: unknown): void =>
        end(() => {
          if (failure !== null) reject(failure);
          else if (error === null || error === undefined || isQuiet(error)) resolve();
          else reject(errorOfWatch(error, server, path));
        });
      const late = setTimeout(() => done(tooLate(server)), WATCH_OPENS_MS);
      new Watch(config).watch(path, query, take, done).then((started) => {
        clearTimeout(late);
        controller = started;
        if (ended || failure !== null) started.abort();
        else onOpen?.();
      }, done);
    });
  }

  return {
    server,
    context: config.getCurrentContext() ?? '',
    request,
    get: (resource, name, namespace, signal) => ask('GET', objectPath(resource, name, namespace), signalOf(signal)),
    async find(resource, name, namespace, signal) {
      try {
        return await ask('GET', objectPath(resource, name, namespace), signalOf(signal));
      } catch (error) {
        if (error instanceof ClusterError && (error.code === 'cluster-not-found' || error.code === 'cluster-kind-unknown'))
          return null;
        throw error;
      }
    },
    list,
    listEach,
    create: (resource, object, { dryRun, signal } = {}) =>
      ask('POST', collectionPath(resource, namespaceOf(resource, object)), {
        query: { dryRun: dryRun === true ? 'All' : undefined, fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' },
        body: typed(resource, object),
        ...signalOf(signal),
      }),
    apply: (resource, object, { dryRun, signal } = {}) =>
      ask('PATCH', objectPath(resource, object.metadata.name, namespaceOf(resource, object)), {
        query: {
          dryRun: dryRun === true ? 'All' : undefined,
          fieldManager: FIELD_MANAGER,
          force: false,
          fieldValidation: 'Strict',
        },
        contentType: APPLY_TYPE,
        body: typed(resource, object),
        ...signalOf(signal),
      }),
    mergePatch: (resource, name, namespace, patch, { dryRun, signal } = {}) =>
      ask('PATCH', objectPath(resource, name, namespace), {
        query: { dryRun: dryRun === true ? 'All' : undefined, fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' },
        contentType: 'application/merge-patch+json',
        body: patch,
        ...signalOf(signal),
      }),
    async delete(resource, name, namespace, signal) {
      try {
        await request('DELETE', objectPath(resource, name, namespace), signalOf(signal));
      } catch (error) {
        if (!(error instanceof ClusterError && error.code === 'cluster-not-found')) throw error;
      }
    },
    watch,
  };
}

const signalOf = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } => (signal === undefined ? {} : { signal });

const namespaceOf = ({ namespaced }: Resource, { metadata }: KubeObject): string | undefined =>
  namespaced ? (metadata.namespace ?? 'default') : undefined;

const typed = (resource: Resource, object: KubeObject): KubeObject => ({
  ...object,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
});

const EVENT_TYPES: readonly string[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'];
const isEventType = (type: string): type is WatchEvent['type'] => EVENT_TYPES.includes(type);

/** The library ends a watch on which nothing came for 30 s. */
const isQuiet = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const statusCodeOf = (status: unknown): number => {
  const code = isObject(status) ? status['code'] : undefined;
  return typeof code === 'number' ? code : 500;
};

function errorOfWatch(error: unknown, server: string, path: string): ClusterError {
  const status =
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;
  if (status === null) return errorOfNetwork(error, server, null);
  return errorOfStatus(status, '', `a watch of ${server}${path}`);
}

const notKubernetes = (asked: string, cause: unknown): ClusterError =>
  new ClusterError('cluster-not-kubernetes', `What answers ${asked} is not a Kubernetes API server.`, {
    hint: 'Look at the server in the kubeconfig.',
    exitCode: EXIT.unreachable,
    cause,
  });
