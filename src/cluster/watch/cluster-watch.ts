/**
 * Follows a cluster: one reflector for each kind, put together as what the guard knows of it. Tells of changes a moment after they come,
 * since most of them come in numbers; and tells the log when reading begins to fail, fails otherwise, or works again, not for each try.
 * Only ever reads.
 */
import type { ClusterFeed, ClusterKnowledge, ClusterStatus, KindStatus } from '../../core/conflict/cluster-knowledge.ts';
import { NOTHING_KNOWN } from '../../core/conflict/cluster-knowledge.ts';
import { printable } from '../../core/text.ts';
import type { Clock } from '../../system/clock.ts';
import type { Logger } from '../../system/logger.ts';
import { rememberingLeader } from '../election.ts';
import type { KubeApi } from '../kube/api.ts';
import { WATCHED, type WatchedKind } from '../read/snapshot.ts';
import { knowledgeOf, type ReadValues, remarksOf } from '../view.ts';
import { type Sleep, systemSleep } from './backoff.ts';
import type { Connection } from './connection.ts';
import { KINDS } from './kinds.ts';
import { Reflector } from './reflector.ts';

/** From a change to telling it: the objects of one `kubectl apply`, or of one failover, come within this … */
const GATHER_MS = 200;
/** … and in a large cluster as much longer as putting it together takes a twentieth of the time at the most, up to this. */
const GATHER_SHARE = 20;
const LONGEST_GATHER_MS = 2_000;
/** From a change of status to the log: one outage concerns all kinds, one after the other. */
const LOG_MS = 2_000;
/** Of the same trouble in other words the log hears again after this. */
const LOG_AGAIN_MS = 60_000;
const SERVER = 200;

export interface ClusterWatchOptions {
  readonly connection: Connection;
  /** MetalLB's. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 .. 1 */
  readonly random: () => number;
  /** For tests. */
  readonly sleep?: Sleep;
}

type Reflectors = { readonly [Kind in WatchedKind]: Reflector<Kind> };

export class ClusterWatch implements ClusterFeed {
  readonly #options: ClusterWatchOptions;
  readonly #reflectors: Reflectors;
  readonly #listeners = new Set<() => void>();
  #server: string | null = null;
  #knowledge: ClusterKnowledge = NOTHING_KNOWN;
  #remarks: readonly string[] = [];
  #gathering: NodeJS.Timeout | null = null;
  /** How long the last telling took. */
  #tellingMs = 0;
  readonly #elect = rememberingLeader();
  #logging: NodeJS.Timeout | null = null;
  /** What the log was told last: kinds in trouble, each with its reason. */
  #logged = '';
  #loggedKinds = '';
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { namespace, clock, random, sleep = systemSleep } = options;
    const connection: Connection = {
      api: async () => this.#noteServer(await options.connection.api()),
      refused: (api) => options.connection.refused(api),
    };
    const common = { namespace, connection, clock, random, sleep };
    const reflect = <Kind extends WatchedKind>(kind: Kind): Reflector<Kind> =>
      new Reflector<Kind>({
        ...common,
        spec: KINDS[kind],
        onValues: () => this.#changed(),
        onStatus: () => this.#statusChanged(kind),
      });
    this.#reflectors = {
      pools: reflect('pools'),
      advertisements: reflect('advertisements'),
      services: reflect('services'),
      nodes: reflect('nodes'),
      layer2Statuses: reflect('layer2Statuses'),
      configurationStates: reflect('configurationStates'),
      endpointSlices: reflect('endpointSlices'),
    };
  }

  start(): void {
    for (const reflector of this.#all()) reflector.start();
  }

  async stop(): Promise<void> {
    for (const timer of [this.#gathering, this.#logging]) if (timer !== null) clearTimeout(timer);
    this.#listeners.clear();
    await Promise.all(this.#all().map((reflector) => reflector.stop()));
    for (const timer of [this.#gathering, this.#logging]) if (timer !== null) clearTimeout(timer);
  }

  knowledge(): ClusterKnowledge {
    return this.#knowledge;
  }

  status(): ClusterStatus {
    return { server: this.#server, kinds: this.#all().map((reflector) => reflector.status()), remarks: this.#remarks };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #all(): readonly Reflector<WatchedKind>[] {
    return WATCHED.map((kind) => this.#reflectors[kind] as Reflector<WatchedKind>);
  }

  #noteServer(api: KubeApi): KubeApi {
    this.#server = printable(api.server, SERVER);
    return api;
  }

  #changed(): void {
    this.#gathering ??= setTimeout(
      () => {
        this.#gathering = null;
        const begunMs = this.#options.clock.monotonicMs();
        this.#tell();
        this.#tellingMs = this.#options.clock.monotonicMs() - begunMs;
      },
      Math.min(LONGEST_GATHER_MS, Math.max(GATHER_MS, this.#tellingMs * GATHER_SHARE)),
    );
  }

  #tell(): void {
    const { pools, advertisements, services, nodes, layer2Statuses, configurationStates, endpointSlices } = this.#reflectors;
    const values: ReadValues = {
      pools: pools.values(),
      advertisements: advertisements.values(),
      services: services.values(),
      nodes: nodes.values(),
      layer2Statuses: layer2Statuses.values(),
      configurationStates: configurationStates.values(),
      endpointSlices: endpointSlices.values(),
    };
    this.#knowledge = knowledgeOf(values, this.#elect);
    this.#remarks = remarksOf(values);
    for (const listener of this.#listeners) listener();
  }

  #statusChanged(kind: WatchedKind): void {
    // Where one of MetalLB's kinds has come, it has just been installed: the others are there, or soon will be.
    if (KINDS[kind].ofMetallb && this.#reflectors[kind].status().state === 'up') {
      for (const reflector of this.#all()) if (reflector.status().state === 'absent') reflector.hurry();
    }
    this.#changed();
    this.#logging ??= setTimeout(() => {
      this.#logging = null;
      this.#log();
    }, LOG_MS);
  }

  #log(): void {
    const { logger, clock } = this.#options;
    const troubled = this.#all()
      .map((reflector) => reflector.status())
      .filter(({ problem }) => problem !== null);
    const kinds = troubled.map(({ kind }) => kind).join();
    const told = troubled.map(({ kind, problem }) => `${kind} ${problem?.code}`).join();
    const nowMs = clock.monotonicMs();
    if (told === this.#logged) return;
    if (kinds === this.#loggedKinds && nowMs - this.#loggedMs < LOG_AGAIN_MS) return;
    const recovered = kinds === '' && this.#loggedKinds !== '';
    this.#logged = told;
    this.#loggedKinds = kinds;
    this.#loggedMs = nowMs;
    const server = this.#server;
    if (recovered) logger.info({ server }, 'the cluster can be read again, all of it');
    for (const facts of groups(troubled)) {
      const known = facts.code !== 'cluster-kind-unknown';
      logger[facts.needed && known ? 'warn' : 'info']({ server, ...facts }, !known ? ABSENT : facts.needed ? STALE : LESS);
    }
  }
}

const STALE = 'the cluster cannot be read; the guard goes on with what was last known of it, and it is tried again';
const ABSENT =
  'the cluster does not know these kinds: MetalLB is not installed there, or is older; it is looked again now and then';
const LESS = 'this part of the cluster cannot be read; the guard does without';

interface Trouble {
  readonly needed: boolean;
  readonly kinds: readonly string[];
  readonly code: string;
  readonly problem: string;
}

/** One line for each reason, not for each kind. */
function groups(troubled: readonly KindStatus[]): readonly Trouble[] {
  const found = new Map<string, { needed: boolean; kinds: string[]; code: string; problem: string }>();
  for (const { kind, needed, problem } of troubled) {
    if (problem === null) continue;
    const group = found.get(problem.code) ?? { needed: false, kinds: [], code: problem.code, problem: problem.message };
    group.needed ||= needed;
    group.kinds.push(kind);
    found.set(problem.code, group);
  }
  return [...found.values()];
}
