/**
 * A cluster for tests: an API server over HTTPS in this process, that behaves like the real one towards whoever reads, watches and
 * applies, and breaks on demand. What is simpler than the real one is written down in README.md.
 */
import { type WebhookState, Webhooks } from './admission.ts';
import { createServiceNumbers } from './built-ins.ts';
import { authorityFor } from './certificates.ts';
import { runControllers } from './controllers.ts';
import { establishDefinitions, established, finishNamespaces } from './definitions.ts';
import { Direct } from './direct.ts';
import { bareCluster } from './fixtures.ts';
import { type JsonObject, type KubeJson, listAt, textAt } from './json.ts';
import { createKubeconfigs } from './kubeconfig.ts';
import { runMetallb } from './metallb-controllers.ts';
import { type Denial, Rbac, type Rule } from './rbac.ts';
import { type Action, type Fault, type RecordedRequest, type RequestMatch, Requests } from './requests.ts';
import { CRDS, createResources } from './resources.ts';
import { startApiServer } from './server.ts';
import { Store } from './store.ts';
import { createUsers } from './users.ts';
import { type HowWatchesEnd, WatchStreams } from './watch-streams.ts';
import { runWorkloads } from './workloads.ts';
import { Writes } from './writes.ts';

export type { WebhookState } from './admission.ts';
export type { KubeJson } from './json.ts';
export type { Denial, Rule } from './rbac.ts';
export type { Fault, RecordedRequest, RequestMatch } from './requests.ts';
export type { HowWatchesEnd } from './watch-streams.ts';

/** A Service's address, and the node that answers for it. */
export interface Announcement {
  readonly node: string;
  readonly address: string;
  /** `namespace/name` */
  readonly service: string;
}

export interface ClusterOptions {
  /** Where it listens; default 127.0.0.1, a free port. Certificates hold it. */
  readonly host?: string;
  /** Objects that are there at the start; default a bare cluster of three nodes (fixtures.ts). */
  readonly objects?: readonly KubeJson[];
  /** Told when an address is to be answered for on the wire, or no more: one after the other. */
  readonly onAnnounce?: (announcement: Announcement) => Promise<void> | void;
  readonly onWithdraw?: (announcement: Announcement) => Promise<void> | void;
  /** How many events are kept before a resource version is too old; default 1000. */
  readonly history?: number;
  /** How long a pod takes until it is ready, in ms; default 40. */
  readonly podsReadyAfterMs?: number;
  /** Deployments whose pods never become ready: `namespace/name`. */
  readonly unreadyDeployments?: readonly string[];
  /** `off`: nobody acts on pools and Services, even where MetalLB is installed. */
  readonly metallb?: 'on' | 'off';
  /** MetalLB 0.15.3 and older: a ServiceL2Status keeps its first node when another one takes over. */
  readonly staleLayer2Status?: boolean;
}

export interface ClusterDouble {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /**
   * A kubeconfig file for a user: `admin` (everything), `daemon` (reads only), `apply` (and writes pools), `nobody` (403), `expired`
   * (401), or any other name, which may do what was allowed to it or what the cluster's own role bindings grant.
   */
  kubeconfig(user?: string, login?: 'token' | 'certificate'): string;
  /** Stored at once, as if by another client; no admission, events for watches. */
  seed(...objects: readonly KubeJson[]): void;
  object(kind: string, name: string, namespace?: string): KubeJson | null;
  objects(kind: string): readonly KubeJson[];
  /** Merge-patches as another manager, `kubectl-client-side-apply` where none is named. @throws Error where there is no such object */
  change(kind: string, name: string, namespace: string | undefined, mergePatch: JsonObject, manager?: string): void;
  remove(kind: string, name: string, namespace?: string): void;
  allow(user: string, rules: readonly Rule[]): void;
  /** @returns how to take it back */
  deny(user: string, rule: Denial): () => void;
  /** The newest 5000 requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Called before a request is handled, after it was read. @returns how to take it back */
  before(match: RequestMatch, action: Action): () => void;
  /** @returns how to take it back */
  fault(match: RequestMatch, fault: Fault): () => void;
  /** Ends all watches that are open. */
  endWatches(how: HowWatchesEnd): void;
  readonly openWatches: number;
  /** Sends a bookmark to every watch that asked for them; otherwise they come once a minute. */
  sendBookmarks(): void;
  /** Forgets the history: an older resource version is answered with 410. */
  compact(): void;
  /** Whether the tokens of a user are accepted (401). */
  setTokenValid(user: string, valid: boolean): void;
  setWebhook(state: WebhookState): void;
  /** A node that is not ready loses its pods, and its speaker. */
  setNodeReady(name: string, ready: boolean): void;
  /** Until the cluster's own loops have nothing left to do; at most 5 s. */
  settled(): Promise<void>;
  /** Stops listening and resets all connections. */
  stop(): Promise<void>;
  /** Listens again, on the same port and with the same store. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const SEEDED_BY = 'kubectl-client-side-apply';

export async function startCluster(options: ClusterOptions = {}): Promise<ClusterDouble> {
  const host = options.host ?? '127.0.0.1';
  const authority = authorityFor([host]);
  const store = new Store(options.history ?? 1000);
  const resources = createResources(() => store.list(CRDS));
  const numbers = createServiceNumbers();
  const direct = new Direct(store, resources, numbers);
  const webhooks = new Webhooks(store);
  const rbac = new Rbac(store);
  const users = createUsers();
  const requests = new Requests();
  const watches = new WatchStreams(store);
  const writes = new Writes(store, webhooks, numbers);

  const seed = (objects: readonly KubeJson[]): void => {
    for (const object of objects)
      direct.put(object.kind === 'CustomResourceDefinition' ? established(object) : object, SEEDED_BY);
  };
  seed(options.objects ?? bareCluster());

  const parts = { store, resources, rbac, writes, issueToken: users.tokenFor };
  const server = await startApiServer(host, authority, users, requests, watches, parts);
  const url = `https://${host}:${server.port}`;
  const kubeconfigs = createKubeconfigs(url, authority);
  const running = runControllers(store, [
    establishDefinitions(direct),
    finishNamespaces(store),
    runWorkloads(store, direct, options),
    ...(options.metallb === 'off' ? [] : [runMetallb(direct, options)]),
  ]);
  await running.settled();

  return {
    url,
    kubeconfig(user = 'admin', login = 'token') {
      const { name, groups } = users.userNamed(user);
      const group = groups.find((one) => one !== 'system:authenticated') ?? 'freehold';
      return kubeconfigs.write(user, login === 'token' ? { token: users.tokenFor(user) } : { name, group });
    },
    seed: (...objects) => seed(objects),
    object: (kind, name, namespace) => direct.get(kind, name, namespace),
    objects: (kind) => direct.list(kind),
    change: (kind, name, namespace, patch, manager = SEEDED_BY) => direct.change(kind, name, namespace ?? '', patch, manager),
    remove: (kind, name, namespace) => direct.remove(kind, name, namespace),
    allow: (user, rules) => rbac.allow(users.userNamed(user).name, rules),
    deny: (user, denial) => rbac.deny(users.userNamed(user).name, denial),
    requests: requests.recorded,
    before: (match, action) => requests.before(match, action),
    fault: (match, fault) => requests.fault(match, fault),
    endWatches: (how) => watches.endAll(how),
    get openWatches() {
      return watches.count;
    },
    sendBookmarks: () => watches.bookmarkAll(),
    compact: () => store.compact(),
    setTokenValid: (user, valid) => users.setTokenValid(user, valid),
    setWebhook(state) {
      webhooks.state = state;
    },
    setNodeReady(name, ready) {
      const node = direct.get('Node', name);
      if (node === null) throw new Error(`The cluster has no node ${name}.`);
      const others = listAt(node, 'status', 'conditions').filter((one) => textAt(one, 'type') !== 'Ready');
      const condition = {
        type: 'Ready',
        status: ready ? 'True' : 'Unknown',
        reason: ready ? 'KubeletReady' : 'NodeStatusUnknown',
      };
      direct.setStatus(
        node,
        { ...(node['status'] as JsonObject), conditions: [...others, condition] },
        'kube-controller-manager',
      );
    },
    settled: () => running.settled(),
    stop: () => server.stop(),
    restart: () => server.restart(),
    async close() {
      running.stop();
      watches.endAll('close');
      await server.stop();
      kubeconfigs.remove();
    },
  };
}
