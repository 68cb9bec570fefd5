/**
 * The cluster's part of the daemon: finds the kubeconfig, follows the cluster, learns its nodes on the wire, and makes of it what the
 * guard watches over. Owns the order in which these start and stop, and nothing else.
 */

import {
  findKubeconfig,
  type KubeconfigPlace,
  placeText,
  processSurroundings,
  type Surroundings,
  serverNamedIn,
} from './cluster/kube/kubeconfig-place.ts';
import { ClusterWatch } from './cluster/watch/cluster-watch.ts';
import { connectionTo } from './cluster/watch/connection.ts';
import type { Mac } from './core/address/mac.ts';
import type { Conflict } from './core/conflict/types.ts';
import type { WireEvent } from './core/conflict/wire-event.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Clock } from './system/clock.ts';
import type { MetallbConfig } from './system/config-types.ts';
import type { Logger } from './system/logger.ts';
import { MergedClusterView } from './watch/cluster-view-source.ts';
import type { LiveEvent } from './watch/guard-types.ts';
import { type AskedSegment, NodeMacs } from './watch/node-macs.ts';

/** A watch that ends is waited for no longer than this: it asks for nothing any more, whatever it still hangs on. */
const STOP_MS = 1_000;

export interface DaemonClusterOptions {
  readonly metallb: MetallbConfig;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 .. 1 */
  readonly random: () => number;
  /** Where a kubeconfig is looked for. */
  readonly surroundings?: Surroundings | undefined;
}

/** What is there only later: the guard has to know the view before it is made. */
export interface LaterParts {
  readonly segments: () => readonly AskedSegment[];
  readonly openConflicts: () => readonly Conflict[];
  /** MACs that stand in for others, on any segment. */
  readonly standIns: () => readonly Mac[];
}

/** Which cluster, by which way. */
interface Wanted {
  readonly place: KubeconfigPlace;
  readonly context: string | null;
  readonly namespace: string;
  /** As the kubeconfig names it now; null where it cannot be read. */
  readonly server: string | null;
}

export class DaemonCluster {
  readonly view: MergedClusterView;
  readonly #options: DaemonClusterOptions;
  readonly #nodeMacs: NodeMacs;
  #parts: LaterParts | null = null;
  #wanted: Wanted | null = null;
  #watch: ClusterWatch | null = null;
  #judging: NodeJS.Immediate | null = null;

  /** Knows at once what an earlier run knew; asks nobody before `start`. */
  constructor(options: DaemonClusterOptions) {
    const { metallb, ledger, clock, logger, random } = options;
    this.#options = options;
    this.#nodeMacs = new NodeMacs({
      segments: () => this.#parts?.segments() ?? [],
      clock,
      logger,
      random,
      doubts: () => ({ strangers: this.#strangers(), standIns: new Set(this.#parts?.standIns() ?? []) }),
      onChange: () => this.view.speakersChanged(),
    });
    this.view = new MergedClusterView({
      configured: metallb,
      nodeMacs: this.#nodeMacs,
      store: ledger.clusterView,
      clock,
      logger,
    });
    this.#wanted = this.#find(metallb);
    this.#follow(ledger.clusterView.load());
  }

  start(parts: LaterParts): void {
    this.#parts = parts;
    this.#watch?.start();
    // What an earlier run knew of the nodes is asked anew.
    this.#nodeMacs.onPlace();
  }

  /** Everything that is heard: before the guard judges it. */
  onEvent(event: WireEvent): void {
    this.#nodeMacs.onEvent(event);
  }

  onPlace(): void {
    this.#nodeMacs.onPlace();
  }

  /** Who is a stranger is doubted as a node; told in the middle of a judgement, so that comes later. */
  onLive(event: LiveEvent): void {
    if (event.type !== 'conflict' || event.change.event === 'updated') return;
    this.#judging ??= setImmediate(() => {
      this.#judging = null;
      this.#nodeMacs.judgeAgain();
    });
  }

  /** The configuration was read again, and perhaps the kubeconfig is another one. */
  async configure(metallb: MetallbConfig): Promise<void> {
    this.view.configure(metallb);
    const wanted = this.#find(metallb);
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return;
    const before = this.view.snapshot();
    const stopping = this.#watch;
    this.#wanted = wanted;
    this.#follow(before ?? this.#options.ledger.clusterView.load());
    this.#watch?.start();
    await within(STOP_MS, stopping?.stop());
  }

  async stop(): Promise<void> {
    if (this.#judging !== null) clearImmediate(this.#judging);
    this.#nodeMacs.stop();
    this.view.stop();
    await within(STOP_MS, this.#watch?.stop());
  }

  #find({ cluster, kubeconfig, context, namespace }: MetallbConfig): Wanted | null {
    const { logger, surroundings = processSurroundings() } = this.#options;
    if (cluster === 'off') return null;
    const place = findKubeconfig(kubeconfig, surroundings);
    if (place === null) {
      logger.info('there is no kubeconfig, so no cluster is read: the pools of the configuration are guarded');
      return null;
    }
    return { place, context, namespace, server: serverNamedIn(place, context, surroundings) };
  }

  #follow(stored: ReturnType<Ledger['clusterView']['load']>): void {
    const { clock, logger, random } = this.#options;
    const wanted = this.#wanted;
    if (wanted === null) {
      this.#watch = null;
      this.view.follow(null, null);
      return;
    }
    const { place, context, namespace, server } = wanted;
    logger.info({ kubeconfig: placeText(place), server, namespace }, 'reading the cluster');
    this.#watch = new ClusterWatch({ connection: connectionTo(place, context), namespace, clock, logger, random });
    this.view.follow({ feed: this.#watch, server, namespace }, stored);
  }

  #strangers(): ReadonlySet<Mac> {
    const open = this.#parts?.openConflicts() ?? this.#options.ledger.guard.openConflicts();
    const strangers = new Set<Mac>();
    for (const { kind, stranger } of open) {
      if (stranger !== null && (kind === 'squatter' || kind === 'contested' || kind === 'imminent')) strangers.add(stranger);
    }
    return strangers;
  }
}

/** Resolves when the work is done, or after `ms`. */
async function within(ms: number, work: Promise<void> | undefined): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      late = setTimeout(resolve, ms);
    }),
  ]).finally(() => clearTimeout(late));
}
