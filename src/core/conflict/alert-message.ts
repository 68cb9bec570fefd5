/**
 * Alerts as plain values. A message is a snapshot: it is made once, when the conflict changes, and sent as it was made, however
 * late. The outbox keeps it until every channel is done with it.
 */
import type { Severity } from './types.ts';

export type AlertEvent = 'opened' | 'escalated' | 'closed' | 'test';

/** The document that the generic webhook posts, and that every other channel is made from. All text is printable. */
export interface AlertMessage {
  readonly version: 1;
  /**
   * `<conflict>-<seq>`, the same in every delivery and repetition. A new ledger begins with 1 again: whoever drops repetitions
   * compares `conflict.openedAt` too, or the webhook's `idempotency-key`, which holds both. `test-<time>` for a test.
   */
  readonly id: string;
  readonly event: AlertEvent;
  readonly severity: Severity;
  /** RFC 3339 UTC: when it was made. */
  readonly at: string;
  /** One line: `squatter: 02:00:… (printer, Cisco) uses 192.0.2.201 of pool production-pool`. */
  readonly title: string;
  /** What happened, in a few sentences: who, since when, on which evidence. */
  readonly summary: string;
  /** What to do now, most useful first. */
  readonly actions: readonly string[];
  /** null for a test. */
  readonly conflict: AlertConflict | null;
  /** Who sends: the host's name and Freehold's version. */
  readonly sender: { readonly host: string; readonly version: string };
}

export interface AlertConflict {
  readonly id: number;
  readonly seq: number;
  readonly kind: string;
  /** `escalated`: the kind before. */
  readonly from: string | null;
  readonly segment: string;
  readonly pool: string;
  readonly address: string;
  /** `scope-overlap`: the DHCP server, or `lease-file`. Absent in messages that were stored before there was such a member. */
  readonly server?: string | null;
  /** `scope-overlap`: the part of the pool that the server hands out. */
  readonly overlap: { readonly start: string; readonly end: string } | null;
  readonly mac: string | null;
  readonly macs: readonly string[];
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly service: string | null;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closeReason: string | null;
  readonly sightings: number;
  readonly sources: readonly string[];
  readonly acknowledged: boolean;
}

/** One message to one channel, as the outbox keeps it. */
export interface Delivery {
  /** Of the message in the outbox: ascending in the order in which they were written. */
  readonly alertId: number;
  readonly channel: string;
  readonly conflictId: number;
  readonly message: AlertMessage;
  /** Epoch ms of the frame that caused it. */
  readonly causedMs: number;
  readonly attempts: number;
  /** Epoch ms; not before. */
  readonly nextTryMs: number;
}

/** The outbox as the dispatcher needs it; the ledger implements it. All may throw FreeholdError `ledger-...`. */
export interface Outbox {
  /** Deliveries that are not done, of this channel, ascending by alert; at most `limit`, and only of alerts after `afterAlertId`. */
  pending(channel: string, limit: number, afterAlertId?: number): readonly Delivery[];
  /** Done with it: delivered, or rejected for good. */
  settle(alertId: number, channel: string, outcome: 'delivered' | 'rejected', atMs: number): void;
  postpone(alertId: number, channel: string, attempts: number, nextTryMs: number, reason: string): void;
  /** Deliveries that are not done, by channel: for metrics and `/readyz`. */
  depth(): ReadonlyMap<string, number>;
}
