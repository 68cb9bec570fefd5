/**
 * The smoke test itself: a Service of type LoadBalancer in a namespace of its own gets an address, a node answers for it, TCP connects;
 * and then all of it is gone again, whatever happened. Leaves nothing unless it is told to, or interrupted twice.
 */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { EXIT, type ExitCode, FreeholdError } from '../../core/error.ts';
import type { KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/objects.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';
import { readPool } from '../read/metallb.ts';
import { failed, type Outcome, ok, type Step, type StepListener, StepLog, skipped } from '../steps.ts';
import type { ClusterPool } from '../types.ts';
import { insist, type Pace, passes } from '../waiting.ts';
import {
  addressAssigned,
  addressInPool,
  answeredByNode,
  type CheckContext,
  type Connect,
  deploymentReady,
  silentAgain,
  tcpConnects,
} from './checks.ts';
import { deploymentObject, namespaceName, namespaceObject, type SmokeWanted, serviceObject } from './objects.ts';
import { removeCommand, removeNamespace, runOf } from './remove.ts';
import type { Wire } from './wire.ts';

export interface SmokeOptions {
  readonly api: KubeApi;
  readonly pace: Pace;
  /** For each step. */
  readonly waitMs: number;
  /** For all of the clearing away. */
  readonly removeMs: number;
  /** MetalLB's namespace. */
  readonly metallb: string;
  readonly wanted: SmokeWanted;
  /** Nothing is removed. */
  readonly keep: boolean;
  /** What can be asked who answers; or why that cannot be. */
  readonly wire: Wire | { readonly unavailable: string };
  /** MACs that may answer beside the nodes'. */
  readonly speakers: ReadonlySet<Mac>;
  readonly connect: Connect;
  /** 0 .. 1 */
  readonly random: () => number;
  /** Unlike that of any other run. */
  readonly run: string;
  /** Aborts: clear away and end. */
  readonly first: AbortSignal;
  /** Aborts: leave it and end. */
  readonly second: AbortSignal;
  readonly listener: StepListener;
}

export interface SmokeResult {
  /** null where none was made. */
  readonly namespace: string | null;
  readonly address: string | null;
  readonly steps: readonly Step[];
  /** Every step that was come to went well; steps that were skipped are in `unseen`. */
  readonly passed: boolean;
  /** Titles of steps that could not be looked at. */
  readonly unseen: readonly string[];
  readonly interrupted: boolean;
  /** The command that removes what is left; null where nothing is. */
  readonly left: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  readonly exitCode: ExitCode;
}

const WRITE_PATIENCE_MS = 30_000;
const SILENT_MS = 10_000;
const MOST_NAMES = 3;
const TITLES = {
  'pool-exists': 'The pool is there',
  created: 'Namespace, Deployment and Service made',
  'deployment-ready': 'Pods ready',
  'address-assigned': 'The Service has an address',
  'address-in-pool': 'The address is of a pool',
  'answered-by-node': "A node's MAC answers for it",
  'tcp-connects': 'TCP connects',
  removed: 'Everything removed',
  'silent-again': 'The address is silent again',
} as const;
type StepName = keyof typeof TITLES;

/** Never throws for what the cluster or the network does: it is in the result. */
export function runSmokeTest(options: SmokeOptions): Promise<SmokeResult> {
  return new SmokeTest(options).run();
}

class SmokeTest {
  readonly #options: SmokeOptions;
  readonly #log: StepLog;
  #namespace: string | null = null;
  #address: Ipv4 | null = null;
  #pools: readonly ClusterPool[] | null = null;
  #error: unknown = null;
  #left = false;

  constructor(options: SmokeOptions) {
    this.#options = options;
    this.#log = new StepLog(options.listener, () => options.pace.clock.monotonicMs());
  }

  async run(): Promise<SmokeResult> {
    const { first } = this.#options;
    try {
      await this.#test();
    } catch (error) {
      this.#error = first.aborted ? first.reason : error;
    }
    const tested = this.#log.all.length;
    if (this.#namespace !== null) await this.#clear(this.#namespace);
    return this.#result(tested);
  }

  async #test(): Promise<void> {
    const { wanted, wire, speakers, connect } = this.#options;
    if (!(await this.#step('pool-exists', (context) => this.#readPools(context)))) return this.#skipAfter('pool-exists');
    let service: KubeObject | null = null;
    let deployment: KubeObject | null = null;
    await this.#step('created', async (context) => {
      const name = await this.#makeNamespace(context);
      deployment = await this.#make(context, RESOURCES.deployments, deploymentObject(name, wanted));
      service = await this.#make(context, RESOURCES.services, serviceObject(name, wanted));
      return ok(name);
    });
    if (deployment === null || service === null) return;
    const [made, front]: readonly [KubeObject, KubeObject] = [deployment, service];
    if (!(await this.#step('deployment-ready', (context) => deploymentReady(context, made, wanted.replicas)))) {
      return this.#skipAfter('deployment-ready');
    }
    const assigned = (context: CheckContext): Promise<Outcome> =>
      addressAssigned(context, front, this.#pools, (address) => {
        this.#address = address;
      });
    await this.#step('address-assigned', assigned);
    const address = this.#address as Ipv4 | null;
    if (address === null) return this.#skipAfter('address-assigned');
    await this.#step('address-in-pool', async () => addressInPool(address, this.#pools, wanted.pool));
    await this.#step('answered-by-node', async (context) =>
      'unavailable' in wire ? skipped(wire.unavailable) : answeredByNode(context, address, wire, speakers),
    );
    await this.#step('tcp-connects', (context) => tcpConnects(context, address, wanted.port, connect));
  }

  async #readPools({ api, waiting }: CheckContext): Promise<Outcome> {
    const { wanted, metallb } = this.#options;
    let items: readonly KubeObject[];
    try {
      ({ items } = await insist(() => api.list(RESOURCES.pools, { namespace: metallb, signal: waiting.signal }), {
        ...waiting,
        waitMs: WRITE_PATIENCE_MS,
      }));
    } catch (error) {
      if (isClusterError(error, 'cluster-kind-unknown')) return failed('MetalLB is not installed: freehold metallb install');
      if (isClusterError(error, 'cluster-forbidden')) return skipped(`pools may not be read: ${error.message}`);
      throw error;
    }
    const pools = items.map(readPool);
    this.#pools = pools;
    const names = pools.map(({ name }) => name).join(', ');
    if (wanted.pool === null) return pools.length === 0 ? failed('MetalLB has no pool: freehold apply makes one') : ok(names);
    return pools.some(({ name }) => name === wanted.pool)
      ? ok(wanted.pool)
      : failed(`there is no pool ${wanted.pool} in ${metallb}; there is ${names === '' ? 'none' : names}`);
  }

  async #makeNamespace({ api, waiting }: CheckContext): Promise<string> {
    const { random, run } = this.#options;
    for (let tries = 1; ; tries++) {
      const name = namespaceName(random);
      waiting.signal?.throwIfAborted();
      // From here on it may be there, even where no answer comes.
      this.#namespace = name;
      try {
        await insist(() => api.create(RESOURCES.namespaces, namespaceObject(name, run)), waiting);
        return name;
      } catch (error) {
        if (!isClusterError(error, 'cluster-changed')) {
          // A refusal is certain; where no answer came, it is not.
          if (isClusterError(error) && !passes(error)) this.#namespace = null;
          throw error;
        }
        const there = await insist(() => api.find(RESOURCES.namespaces, name, undefined, waiting.signal), waiting);
        // Ours: it was made, and only the answer was lost. Else somebody else's, by chance.
        if (there !== null && runOf(there) === run) return name;
        this.#namespace = null;
        if (tries === MOST_NAMES) throw error;
      }
    }
  }

  /** In a namespace of our own: what is there already was made by a request whose answer was lost. */
  async #make({ api, waiting }: CheckContext, resource: Resource, object: KubeObject): Promise<KubeObject> {
    waiting.signal?.throwIfAborted();
    const { name, namespace } = object.metadata;
    return insist(async () => {
      try {
        return await api.create(resource, object);
      } catch (error) {
        if (!isClusterError(error, 'cluster-changed')) throw error;
        return api.get(resource, name, namespace, waiting.signal);
      }
    }, waiting);
  }

  /** @returns whether the next step makes sense */
  async #step(name: StepName, work: (context: CheckContext) => Promise<Outcome>, stop = this.#options.first): Promise<boolean> {
    const { api, pace, waitMs } = this.#options;
    stop.throwIfAborted();
    const step = await this.#log.run(name, TITLES[name], (onWhy) =>
      work({ api, waiting: { pace, waitMs, signal: stop, onWhy } }),
    );
    return step.status !== 'failed';
  }

  #skipAfter(last: StepName): void {
    const names = Object.keys(TITLES) as StepName[];
    for (const name of names.slice(names.indexOf(last) + 1, names.indexOf('removed'))) {
      this.#log.skip(name, TITLES[name], 'not come to');
    }
  }

  async #clear(name: string): Promise<void> {
    const { keep, run, second, wire, removeMs } = this.#options;
    if (keep) {
      this.#left = true;
      this.#log.skip('removed', TITLES.removed, `kept, as asked: ${name}`);
      return;
    }
    try {
      await this.#step(
        'removed',
        async ({ api, waiting }) => {
          await removeNamespace(api, name, run, { ...waiting, waitMs: removeMs });
          return ok();
        },
        second,
      );
      const address = this.#address;
      if (address === null || 'unavailable' in wire || !this.#isOk('answered-by-node') || this.#options.first.aborted) return;
      const silent = (context: CheckContext): Promise<Outcome> =>
        silentAgain({ ...context, waiting: { ...context.waiting, waitMs: SILENT_MS } }, address, wire);
      await this.#step('silent-again', silent, second);
    } catch (error) {
      this.#error ??= error;
      this.#left = !this.#isOk('removed');
    }
  }

  #isOk(name: StepName): boolean {
    return this.#log.all.some((step) => step.name === name && step.status === 'ok');
  }

  #result(tested: number): SmokeResult {
    const { first } = this.#options;
    const steps = this.#log.all;
    const error = this.#error;
    const anyFailed = steps.some(({ status }) => status === 'failed');
    return {
      namespace: this.#namespace,
      address: this.#address === null ? null : formatIpv4(this.#address),
      steps,
      passed: error === null && !anyFailed,
      unseen: steps
        .slice(0, tested)
        .filter(({ status }) => status === 'skipped')
        .map(({ title }) => title),
      interrupted: first.aborted,
      left: this.#left && this.#namespace !== null ? removeCommand(this.#namespace) : null,
      error: error === null ? null : describe(error),
      exitCode: error === null ? (anyFailed ? EXIT.no : EXIT.ok) : error instanceof FreeholdError ? error.exitCode : EXIT.failure,
    };
  }
}

const describe = (error: unknown): SmokeResult['error'] => ({
  code: error instanceof FreeholdError ? error.code : 'unexpected',
  message: error instanceof Error ? error.message : String(error),
  hint: error instanceof FreeholdError ? (error.hint ?? null) : null,
});
