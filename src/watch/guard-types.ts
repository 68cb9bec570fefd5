/**
 * What others may ask of the running guard, and the stream of what it sees. The guard itself is guard.ts; the stream is
 * live-events.ts.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { ClusterView } from '../core/conflict/cluster-view.ts';
import type { Conflict, ConflictChange } from '../core/conflict/types.ts';
import type { WireSighting } from '../core/conflict/wire-event.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';
import type { SweepRecord } from '../ledger/types.ts';

export interface GuardControl {
  /** Whether all that is known of conflicts is on the disk. */
  readonly healthy: boolean;
  /** Open conflicts, ascending by id; true even while the disk refuses. */
  open(): readonly Conflict[];
  /** The conflict as it is now; null where there is no open one of this id. Again is allowed: the last one counts. */
  acknowledge(id: number, by: string, note: string): Conflict | null;
  view(): ClusterView;
  /** The speaker that was heard using a pool address within the last ten minutes; null for none. */
  answering(address: Ipv4): { readonly mac: Mac; readonly node: string | null; readonly atMs: number } | null;
  /** Sightings of pool addresses by others than speakers that raised nothing, by rule (rules.ts), since the start. */
  dismissed(): Readonly<Record<string, number>>;
  /** DHCP servers of a segment that were heard, or whose lease files are read. */
  servers(segment: string): readonly DhcpServer[];
  /** Whether a server is one that is not meant to be there. */
  isUnexpected(server: DhcpServer): boolean;
}

export type LiveEventBody =
  /** Somebody used a pool address, or is about to: nodes and strangers alike. */
  | { readonly type: 'sighting'; readonly sighting: WireSighting; readonly pool: string; readonly speaker: boolean }
  | { readonly type: 'conflict'; readonly change: ConflictChange }
  | { readonly type: 'sweep'; readonly segment: string; readonly sweep: SweepRecord }
  /** Something worth a look that is no conflict: a second DHCP server, say. `code` is stable. */
  | { readonly type: 'notice'; readonly segment: string; readonly code: string; readonly text: string };

export type LiveEvent = LiveEventBody & {
  /** Ascending by one since the start of the daemon. */
  readonly seq: number;
  /** Epoch ms. */
  readonly atMs: number;
};

/** A bounded memory of the newest events, and whoever wants the next ones. */
export interface LiveEventStream {
  /** Told apart from an earlier run's: part of every event id on the wire (`<run>-<seq>`). */
  readonly run: string;
  publish(body: LiveEventBody, atMs: number): void;
  /** Events after `seq` that are still kept, oldest first; `missed` where some are gone. */
  since(seq: number): { readonly events: readonly LiveEvent[]; readonly missed: boolean };
  /** Of the newest event; 0 for none. */
  readonly newest: number;
  /** @returns the way to take it off again. What a listener throws is not the publisher's. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
}
