/**
 * What the guard watches over: the configuration, put together with what is known of a cluster and the MACs of its nodes. Goes on with
 * what was last known while the cluster is away, after a restart too, and lets pools of the cluster in only when its nodes are known and
 * were asked for their MACs once: until then a node could not be told from a stranger. Owns the order of things; what a view is stands in core/conflict.
 */

import type { FollowedPools } from '../core/claim/standing.ts';
import { compareAnnouncers, type Difference, type Differences, lasting, NO_DIFFERENCES } from '../core/conflict/announcers.ts';
import {
  asOfKnown,
  asOfNeeded,
  type ClusterFeed,
  type ClusterKnowledge,
  type ClusterStatus,
  isOtherServer,
  NOTHING_KNOWN,
  ofOneServer,
  orLastKnown,
} from '../core/conflict/cluster-knowledge.ts';
import type { ClusterView, ClusterViewSource } from '../core/conflict/cluster-view.ts';
import { type Configured, contradicted, mergeView } from '../core/conflict/merge-view.ts';
import type { HeldBack } from '../core/conflict/node-macs.ts';
import type { StoredClusterView } from '../ledger/cluster-view.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { NodeMacs, NodeReport } from './node-macs.ts';

/** A pool that comes may wait so long for nodes and Services that come after it. */
const GATHER_MS = 3_000;
const LOOK_MS = 50;
/** After this pools are guarded without nodes, where these cannot be read and that does not pass by itself. */
const WITHOUT_NODES_MS = 60_000;
const LOOK_LATER_MS = 1_000;
/** Why nodes cannot be read until somebody does something about it. */
const LASTING: ReadonlySet<string> = new Set(['cluster-forbidden', 'cluster-kind-unknown', 'cluster-invalid']);
const WAITS = 'The pools of the cluster are not guarded yet: its nodes are not known, and each would count as a stranger.';
const WITHOUT_NODES =
  'The pools of the cluster are guarded without its nodes, which cannot be read: each counts as a stranger unless metallb.speakers names its MAC.';
/** At most so often is a change stored … */
const STORE_MS = 3_000;
/** … and so often that nothing changed. */
const TOUCH_MS = 60_000;
/** … and so often with when each MAC was last heard. */
const SAVE_MS = 3_600_000;

/** All that is told of a cluster beside the view: for notices and metrics. */
export interface ClusterReport {
  /** null: no cluster is read. */
  readonly status: ClusterStatus | null;
  /** Epoch ms; null: nothing is known of one. */
  readonly asOfMs: number | null;
  readonly nodes: readonly NodeReport[];
  readonly heldBack: readonly HeldBack[];
  /** Who differ about who announces an address, for longer than a failover takes. */
  readonly differences: readonly Difference[];
  /** Configured pools that the cluster has otherwise. */
  readonly contradicted: readonly string[];
}

/** Where the view is kept for the next run. Methods throw where the disk refuses. */
export interface ViewStore {
  save(view: StoredClusterView): void;
  touch(server: string, asOfMs: number): void;
}

export interface ClusterViewOptions {
  readonly configured: Configured;
  readonly nodeMacs: NodeMacs;
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A cluster to follow. */
export interface FollowedCluster {
  readonly feed: ClusterFeed;
  /** URL of its API server, as the kubeconfig names it; null where it cannot be read now. */
  readonly server: string | null;
  /** MetalLB's. */
  readonly namespace: string;
}

export class MergedClusterView implements ClusterViewSource {
  readonly #options: ClusterViewOptions;
  readonly #listeners = new Set<(view: ClusterView) => void>();
  #configured: Configured;
  #cluster: FollowedCluster | null = null;
  #unsubscribe: (() => void) | null = null;
  /** Of this cluster, from before: an earlier run, or the time before a reload. */
  #last: StoredClusterView | null = null;
  /** Pools that the cluster has now may be seen. */
  #open = false;
  #opening = false;
  /** Grows where pools may no longer be let in for what was known before: another cluster, or the end. */
  #epoch = 0;
  /** The API server that is read, as far as it is known. */
  #server: string | null = null;
  #view: ClusterView;
  #shown: string;
  #differences: Differences = NO_DIFFERENCES;
  #storing: NodeJS.Timeout | null = null;
  #stored = '';
  #savedMs = Number.NEGATIVE_INFINITY;
  #touchedMs: number | null = null;
  #toucher: NodeJS.Timeout | null = null;

  constructor(options: ClusterViewOptions) {
    this.#options = options;
    this.#configured = options.configured;
    this.#view = mergeView(options.configured, null, [], null);
    this.#shown = JSON.stringify(this.#view);
  }

  /** As it is now; `asOfMs` goes on while nothing else changes. */
  current(): ClusterView {
    return this.#view.source === 'configuration' ? this.#view : { ...this.#view, asOfMs: this.#asOfMs() };
  }

  /** For whoever gives addresses away: pools that the guard does not see yet are pools all the same. */
  ungated(): ClusterView {
    if (this.#cluster === null || this.#open) return this.#view;
    return mergeView(this.#configured, this.#knowledge(true), this.#options.nodeMacs.learned.speakers, null);
  }

  /** Which cluster the pools are of, and as of when; null: none is followed. */
  followed(): FollowedPools | null {
    if (this.#cluster === null) return null;
    const [, { server, kinds }] = this.#now(this.#cluster);
    const last = this.#isElsewhere(this.#cluster) ? null : this.#last;
    return {
      server: server ?? this.#cluster.server ?? last?.server ?? null,
      namespace: this.#cluster.namespace,
      poolsAsOfMs: kinds.find(({ kind }) => kind === 'pools')?.asOfMs ?? last?.asOfMs ?? null,
    };
  }

  onChange(listener: (view: ClusterView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The configuration was read again. */
  configure(configured: Configured): void {
    this.#configured = configured;
    this.#refresh();
  }

  /**
   * From now on this cluster, or none.
   * @param stored what an earlier run knew; it counts unless it is known to be of another cluster
   */
  follow(cluster: FollowedCluster | null, stored: StoredClusterView | null): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#open = false;
    this.#epoch++;
    this.#cluster = cluster;
    this.#server = cluster?.server ?? null;
    this.#last = cluster === null || stored === null || isOther(stored, cluster.server, cluster) ? null : stored;
    this.#options.nodeMacs.setNodes(this.#knowledge(false).nodes ?? [], this.#last?.macs);
    this.#refresh();
    if (cluster === null) return;
    this.#unsubscribe = cluster.feed.onChange(() => this.#fed(cluster));
    this.#toucher ??= setInterval(() => this.#touch(), TOUCH_MS).unref();
    this.#letInWhenDue();
  }

  /** What is known of the cluster that is followed, as the next run would find it; null for none. */
  snapshot(): StoredClusterView | null {
    const server = this.#cluster?.feed.status().server ?? this.#cluster?.server ?? this.#last?.server ?? null;
    const asOfMs = this.#storedAsOfMs();
    if (this.#cluster === null || server === null || asOfMs === null || this.#isElsewhere(this.#cluster)) return null;
    const { namespace } = this.#cluster;
    return { server, namespace, asOfMs, knowledge: this.#knowledge(true), macs: this.#options.nodeMacs.records() };
  }

  /** MACs of nodes were learned, or are doubted. */
  speakersChanged(): void {
    this.#refresh();
  }

  report(): ClusterReport {
    const { nodeMacs, clock } = this.#options;
    return {
      status: this.#cluster === null ? null : this.#status(this.#cluster),
      asOfMs: this.#cluster === null ? null : this.#asOfMs(),
      nodes: nodeMacs.report(),
      heldBack: nodeMacs.learned.heldBack,
      differences: lasting(this.#differences, clock.nowMs()),
      contradicted: contradicted(this.#configured.pools, this.#knowledge(this.#open).pools ?? []),
    };
  }

  /** Stores what is not stored yet. Idempotent. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#epoch++;
    if (this.#toucher !== null) clearInterval(this.#toucher);
    this.#toucher = null;
    if (this.#storing !== null) clearTimeout(this.#storing);
    this.#storing = null;
    this.#store(true);
  }

  /** @param all with the pools that the guard does not see yet */
  #knowledge(all: boolean): ClusterKnowledge {
    const now = this.#cluster === null ? NOTHING_KNOWN : this.#now(this.#cluster)[0];
    const last = this.#last?.knowledge ?? NOTHING_KNOWN;
    if (all || this.#open) return orLastKnown(now, last);
    return orLastKnown({ ...now, pools: null }, last.nodes === null ? { ...last, pools: null } : last);
  }

  /** What is known now of the server that is read now, and how it is read. */
  #now({ feed }: FollowedCluster): [ClusterKnowledge, ClusterStatus] {
    return ofOneServer(feed.knowledge(), feed.status());
  }

  #status(cluster: FollowedCluster): ClusterStatus {
    const [, status] = this.#now(cluster);
    const { pools, nodes } = this.#knowledge(true);
    if (pools === null || nodes !== null) return status;
    return { ...status, remarks: [...status.remarks, this.#open ? WITHOUT_NODES : WAITS] };
  }

  /** Of the oldest part that the guard goes by. */
  #asOfMs(): number | null {
    const live = this.#cluster === null ? null : asOfNeeded(this.#now(this.#cluster)[1]);
    return (this.#open || this.#last === null ? live : null) ?? this.#last?.asOfMs ?? null;
  }

  /** Of the oldest part that is known, where some was never read. */
  #storedAsOfMs(): number | null {
    return this.#asOfMs() ?? (this.#cluster === null ? null : asOfKnown(this.#now(this.#cluster)[1]));
  }

  #fed(cluster: FollowedCluster): void {
    if (cluster !== this.#cluster) return;
    const { server } = cluster.feed.status();
    if (this.#isElsewhere(cluster)) {
      this.#options.logger.warn(
        { server, before: this.#server ?? this.#last?.server },
        'the kubeconfig names another cluster: the pools of the former one are guarded no more',
      );
      this.#last = null;
      this.#open = false;
      this.#epoch++;
    }
    this.#server = server ?? this.#server;
    this.#options.nodeMacs.setNodes(this.#knowledge(false).nodes ?? []);
    this.#letInWhenDue();
    this.#refresh();
  }

  /** The server is another one than what is known is of, and that was not told yet. */
  #isElsewhere(cluster: FollowedCluster): boolean {
    const { server } = cluster.feed.status();
    return isOtherServer(this.#server, server) || (this.#last !== null && isOther(this.#last, server, cluster));
  }

  /** Where there are pools that the guard does not see: of the cluster, or last known without the nodes. */
  #letInWhenDue(): void {
    if (this.#cluster === null || this.#open || this.#opening) return;
    const [{ pools }] = this.#now(this.#cluster);
    const last = this.#last?.knowledge ?? NOTHING_KNOWN;
    if (pools !== null || (last.pools !== null && last.nodes === null)) void this.#letIn(this.#cluster);
  }

  /** Nodes and Services come with the pools, or a little later; then the nodes are asked, and then the guard may see the pools. */
  async #letIn(cluster: FollowedCluster): Promise<void> {
    this.#opening = true;
    const { clock, nodeMacs, logger } = this.#options;
    const epoch = this.#epoch;
    const sinceMs = clock.monotonicMs();
    for (let ms = 0; epoch === this.#epoch && !this.#mayLetIn(cluster, ms); ms = clock.monotonicMs() - sinceMs) {
      await new Promise((resolve) => setTimeout(resolve, ms < GATHER_MS ? LOOK_MS : LOOK_LATER_MS).unref());
    }
    if (epoch === this.#epoch) await nodeMacs.askOnce();
    this.#opening = false;
    if (epoch !== this.#epoch) {
      // Another one is followed by now: its pools wait for its own nodes.
      if (this.#unsubscribe !== null) this.#letInWhenDue();
      return;
    }
    if (this.#knowledge(true).nodes === null) logger.warn({ server: this.#server }, WITHOUT_NODES);
    this.#open = true;
    this.#refresh();
  }

  /** @param waitedMs since there are pools */
  #mayLetIn(cluster: FollowedCluster, waitedMs: number): boolean {
    const [{ pools, services, nodes }, { kinds }] = this.#now(cluster);
    if (services !== null && nodes !== null) return true;
    if (waitedMs < GATHER_MS) return false;
    if (this.#knowledge(true).nodes !== null) return true;
    if (waitedMs < WITHOUT_NODES_MS) return false;
    // Pools that were last known without nodes were guarded without them.
    return pools === null || LASTING.has(kinds.find(({ kind }) => kind === 'nodes')?.problem?.code ?? '');
  }

  #refresh(): void {
    const { nodeMacs, clock } = this.#options;
    const knowledge = this.#cluster === null ? null : this.#knowledge(this.#open);
    const view = mergeView(this.#configured, knowledge, nodeMacs.learned.speakers, null);
    const shown = JSON.stringify(view);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#view = view;
    this.#differences = compareAnnouncers(view.assignments, this.#differences, clock.nowMs());
    const current = this.current();
    for (const listener of this.#listeners) listener(current);
    if (this.#cluster !== null) this.#storing ??= setTimeout(() => this.#storeLater(), STORE_MS).unref();
  }

  #storeLater(): void {
    this.#storing = null;
    this.#store(false);
  }

  /** @param whole also where only what changes all the time has changed: when a MAC was last heard */
  #store(whole: boolean): void {
    const snapshot = this.snapshot();
    if (snapshot === null) return;
    const { asOfMs, server } = snapshot;
    const text = JSON.stringify({
      ...snapshot,
      asOfMs: 0,
      macs: snapshot.macs.map(({ node, mac, suspect }) => [node, mac, suspect]),
    });
    const same = text === this.#stored && !whole && this.#options.clock.monotonicMs() - this.#savedMs < SAVE_MS;
    this.#attempt((store) => {
      if (same) {
        store.touch(server, asOfMs);
      } else {
        store.save(snapshot);
        this.#savedMs = this.#options.clock.monotonicMs();
      }
      this.#stored = text;
      this.#touchedMs = asOfMs;
    });
  }

  #touch(): void {
    const asOfMs = this.#storedAsOfMs();
    if (this.#storing === null && asOfMs !== null && asOfMs !== this.#touchedMs) this.#store(false);
  }

  /** A disk that refuses is told of by others; this is tried again with the next change. */
  #attempt(work: (store: ViewStore) => void): void {
    try {
      work(this.#options.store);
    } catch (error) {
      this.#stored = '';
      this.#options.logger.debug({ err: error }, 'what is known of the cluster could not be stored');
    }
  }
}

const isOther = (stored: StoredClusterView, server: string | null, { namespace }: FollowedCluster): boolean =>
  isOtherServer(server, stored.server) || namespace !== stored.namespace;
