/**
 * The contract of the metrics: what they are read from at each scrape, and what they are told as it happens. Everything that
 * becomes a label here comes from the configuration or from a closed list: never an address, a MAC or a hostname.
 */
import type { ConflictChange, ConflictKind } from '../../core/conflict/types.ts';
import type { VerdictKind } from '../../core/evidence/proof.ts';
import type { SweepRecord } from '../../ledger/types.ts';
import type { SegmentStatus } from '../../watch/segment-watch.ts';

export interface SegmentSample {
  readonly name: string;
  /** Its counters count since this watch of the segment was started, which a reload may do again. */
  readonly status: SegmentStatus;
  /** Time between two scheduled sweeps, ms. */
  readonly intervalMs: number;
}

export interface ChannelSample {
  readonly name: string;
  /** The last try failed. */
  readonly failing: boolean;
  /** Messages that are only in memory, because the ledger refused them. */
  readonly unstored: number;
}

export interface ClusterSample {
  /** Of what the guard goes by; null: nothing is known yet. */
  readonly ageMs: number | null;
  /** From a closed list. */
  readonly kinds: readonly { readonly kind: string; readonly up: boolean }[];
}

/**
 * Asked at each scrape. Each may throw: what it would have told is then left out of the scrape, the rest is not.
 */
export interface MetricsSources {
  /** All configured segments. */
  readonly segments: () => readonly SegmentSample[];
  /** When the newest valid sweep of a segment ended, epoch ms; null: there was none yet. */
  readonly lastValidSweepMs: (segment: string) => number | null;
  /**
   * Addresses of a segment by verdict; null where its network is not known yet, or nothing can be judged. This one costs
   * something, so it is asked every 15 s at most.
   */
  readonly verdicts: (segment: string) => Readonly<Record<VerdictKind, number>> | null;
  readonly openConflicts: () => readonly { readonly kind: ConflictKind; readonly acknowledged: object | null }[];
  /** By rule, since the start. */
  readonly dismissed: () => Readonly<Record<string, number>>;
  /** How the cluster is read; null where none is. */
  readonly cluster: () => ClusterSample | null;
  /** All configured alert channels. */
  readonly channels: () => readonly ChannelSample[];
  /** Messages that wait in the outbox, by channel; a channel without any may be missing. */
  readonly outboxDepth: () => ReadonlyMap<string, number>;
  /** Messages that the outbox dropped because too many waited, since the start. */
  readonly outboxDropped: () => number;
  readonly ledgerHealthy: () => boolean;
  /** Of all its files, bytes; null where that cannot be told. */
  readonly ledgerBytes: () => number | null;
}

/** What a scrape answers with. */
export interface MetricsText {
  readonly contentType: string;
  /** The text format of Prometheus, 0.0.4. */
  scrape(): Promise<string>;
}

export interface Metrics extends MetricsText {
  /** A sweep is over. */
  sweep(segment: string, record: SweepRecord): void;
  /** A channel is done with a message: the dispatcher's `onSettled`. @param latencyMs from the frame to the receipt */
  settled(channel: string, outcome: 'delivered' | 'rejected', latencyMs: number | null): void;
  /** A try failed; the message is kept: the dispatcher's `onRetry`. */
  retried(channel: string): void;
  /** `updated` and `acknowledged` are not counted. */
  conflict(change: ConflictChange): void;
  /** Ends the sampling of the event loop. Idempotent. */
  close(): void;
}
