/**
 * Keeps a copy of all objects of one kind: lists them, then follows the changes from there. Tries again for ever, with patience: after
 * an error, after a watch that ended (cleanly too), after 410 by a new list, and lists anew every few minutes in any case, since a watch
 * can fall silent without a word. What it has stays until a list or an event says otherwise; an error never empties it.
 */
import type { KindStatus } from '../../core/conflict/cluster-knowledge.ts';
import { FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { Clock } from '../../system/clock.ts';
import type { KubeApi, WatchEvent } from '../kube/api.ts';
import { ClusterError, isClusterError } from '../kube/errors.ts';
import { type KubeObject, keyOf } from '../kube/objects.ts';
import type { WatchedKind } from '../read/snapshot.ts';
import { retryDelayMs, type Sleep } from './backoff.ts';
import type { Connection } from './connection.ts';
import type { KindSpec, WatchedValue } from './kinds.ts';

/** Give or take a tenth. */
const RELIST_MS = 5 * 60_000;
/** A watch that lived so long was a good one, whatever ended it. The client library ends a quiet one after 30 s. */
const HEALTHY_MS = 5_000;
/** Failures in a row after which it begins anew. */
const PATIENT_FAILURES = 3;
const MESSAGE = 300;

export interface ReflectorOptions<Kind extends WatchedKind> {
  readonly spec: KindSpec<Kind>;
  /** MetalLB's, for its kinds. */
  readonly namespace: string;
  readonly connection: Connection;
  readonly clock: Clock;
  /** 0 .. 1 */
  readonly random: () => number;
  readonly sleep: Sleep;
  /** For tests: how often it lists anew in any case. */
  readonly relistMs?: number;
  /** Values may have changed. */
  readonly onValues: () => void;
  /** How it goes has changed. */
  readonly onStatus: () => void;
}

export class Reflector<Kind extends WatchedKind> {
  readonly #options: ReflectorOptions<Kind>;
  readonly #stop = new AbortController();
  /** By namespace and name; null: never listed. */
  #values: Map<string, WatchedValue[Kind]> | null = null;
  #leftOut = 0;
  /** Where to follow from; null: list first. */
  #resourceVersion: string | null = null;
  #listedBy: KubeApi | null = null;
  #api: KubeApi | null = null;
  /** When the present watch was taken up, monotonic; Infinity: not yet. */
  #openedMs = Number.POSITIVE_INFINITY;
  #relistAtMs = 0;
  #state: KindStatus['state'] = 'starting';
  #problem: KindStatus['problem'] = null;
  #asOfMs: number | null = null;
  /** Ends the present wait. */
  #wake: AbortController | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ReflectorOptions<Kind>) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.abort();
    await this.#running;
  }

  /** Tries now what it waits to try again. */
  hurry(): void {
    this.#wake?.abort();
  }

  /** null: not known. */
  values(): readonly WatchedValue[Kind][] | null {
    return this.#values === null ? null : [...this.#values.values()];
  }

  status(): KindStatus {
    const { kind, needed } = this.#options.spec;
    return {
      kind,
      needed,
      state: this.#state,
      problem: this.#problem,
      asOfMs: this.#asOfMs,
      leftOut: this.#leftOut,
      server: this.#listedBy === null ? null : printable(this.#listedBy.server, 200),
    };
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      this.#openedMs = Number.POSITIVE_INFINITY;
      let error: unknown = null;
      let due = false;
      try {
        due = await this.#round();
      } catch (thrown) {
        error = thrown;
      }
      if (this.#stop.signal.aborted) return;
      const lived = clock.monotonicMs() - this.#openedMs >= HEALTHY_MS;
      // What began well and broke is a first failure; what ended by itself is none.
      failures = lived || due ? (error === null ? 0 : 1) : failures + 1;
      // Connections break: only where the next try fails too is something wrong.
      if (error !== null && !lived) this.#failed(error, failures);
      if (failures > 0 && !(isClusterError(error, 'cluster-gone') && failures === 1)) await this.#wait(failures);
    }
  }

  /** One list where one is due, and one watch. @returns whether it ended because a new list is due, and not by itself */
  async #round(): Promise<boolean> {
    const { connection, clock, random, relistMs = RELIST_MS } = this.#options;
    const api = await connection.api();
    this.#api = api;
    try {
      // Another way to the server may be one to another server.
      if (this.#resourceVersion === null || this.#listedBy !== api || clock.monotonicMs() >= this.#relistAtMs) {
        this.#resourceVersion = await this.#list(api);
        this.#listedBy = api;
        this.#relistAtMs = clock.monotonicMs() + relistMs * (0.9 + random() / 5);
      }
      const ended = await this.#watch(api, this.#resourceVersion);
      if (ended === 'unopened') throw silent(api, this.#options.spec.resource.plural);
      return ended === 'due';
    } catch (error) {
      if (isClusterError(error, 'cluster-gone')) this.#resourceVersion = null;
      if (isClusterError(error, 'cluster-unauthorized', 'cluster-credentials')) connection.refused(api);
      throw error;
    }
  }

  /** Where going on from here does not work, everything is read anew: the list, and the kubeconfig too. */
  #beginAnew(error: unknown): void {
    this.#resourceVersion = null;
    const elsewhere = isClusterError(error, 'cluster-unreachable', 'cluster-untrusted', 'cluster-not-kubernetes');
    if (elsewhere && this.#api !== null) this.#options.connection.refused(this.#api);
  }

  /** @returns the resource version to follow from */
  async #list(api: KubeApi): Promise<string> {
    const { spec } = this.#options;
    const found = new Map<string, WatchedValue[Kind]>();
    let leftOut = 0;
    const resourceVersion = await api.listEach(spec.resource, {
      ...this.#where(),
      signal: this.#stop.signal,
      each: (object) => {
        const value = spec.read(object);
        if (value === null) return;
        if (found.size < spec.most) found.set(keyOf(object), value);
        else leftOut++;
      },
    });
    this.#values = found;
    this.#leftOut = leftOut;
    this.#heard();
    this.#options.onValues();
    return resourceVersion;
  }

  /** @returns why it ended: a new list is due, the server never took it up, or whatever else */
  async #watch(api: KubeApi, resourceVersion: string): Promise<'due' | 'unopened' | 'ended'> {
    const { clock, spec } = this.#options;
    const due = new AbortController();
    const timer = setTimeout(() => due.abort(), Math.max(0, this.#relistAtMs - clock.monotonicMs()));
    let opened = false;
    try {
      await api.watch(spec.resource, {
        ...this.#where(),
        resourceVersion,
        signal: AbortSignal.any([this.#stop.signal, due.signal]),
        onOpen: () => {
          opened = true;
          this.#openedMs = clock.monotonicMs();
          this.#heard();
        },
        onEvent: (event) => {
          opened = true;
          this.#take(event);
        },
      });
    } finally {
      clearTimeout(timer);
    }
    if (due.signal.aborted) return 'due';
    return opened || this.#stop.signal.aborted ? 'ended' : 'unopened';
  }

  #where(): { readonly namespace?: string } {
    return this.#options.spec.ofMetallb ? { namespace: this.#options.namespace } : {};
  }

  #take({ type, object }: WatchEvent): void {
    const version = object.metadata.resourceVersion;
    if (version !== undefined && version !== '') this.#resourceVersion = version;
    this.#heard();
    if (type === 'BOOKMARK' || this.#values === null) return;
    const { spec, onValues } = this.#options;
    if (this.#put(this.#values, object, type === 'DELETED' ? null : spec.read(object))) onValues();
  }

  /** @returns whether anything changed */
  #put(values: Map<string, WatchedValue[Kind]>, object: KubeObject, value: WatchedValue[Kind] | null): boolean {
    const key = keyOf(object);
    if (value === null) return values.delete(key);
    if (!values.has(key) && values.size >= this.#options.spec.most) {
      this.#leftOut++;
      return false;
    }
    values.set(key, value);
    return true;
  }

  #heard(): void {
    this.#asOfMs = this.#options.clock.nowMs();
    if (this.#state === 'up') return;
    this.#state = 'up';
    this.#problem = null;
    this.#options.onStatus();
  }

  #failed(error: unknown, failures: number): void {
    // The history is gone: a new list tells. Only where that does not help is something wrong.
    if (isClusterError(error, 'cluster-gone') && failures === 1) return;
    if (failures >= PATIENT_FAILURES) this.#beginAnew(error);
    const code = error instanceof FreeholdError ? error.code : 'unexpected';
    const state = code === 'cluster-kind-unknown' ? 'absent' : 'failing';
    const message = printable(error instanceof Error ? error.message : String(error), MESSAGE);
    const same = this.#state === state && this.#problem?.code === code;
    this.#state = state;
    this.#problem = { code, message };
    if (!same) this.#options.onStatus();
  }

  async #wait(failures: number): Promise<void> {
    const { random, sleep } = this.#options;
    const wake = new AbortController();
    this.#wake = wake;
    if (!this.#stop.signal.aborted) await sleep(retryDelayMs(failures, random), wake.signal);
    this.#wake = null;
  }
}

/** Taken up by nobody within the patience of the client library. */
const silent = ({ server }: KubeApi, plural: string): ClusterError =>
  new ClusterError('cluster-unreachable', `The API server ${printable(server, 200)} does not answer a watch of ${plural}.`, {
    hint: 'Is it running, and is this the cluster that is meant? Its address comes from the kubeconfig.',
    exitCode: 5,
    mayPass: true,
  });
