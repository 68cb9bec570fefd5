/**
 * What goes into the ledger and what comes out, as plain values. SQL stays behind ledger.ts.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { Ipv4Range } from '../core/address/range.ts';
import type { RangeSet } from '../core/address/range-set.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { LookMethod } from '../core/evidence/look.ts';
import type { SourceBits } from '../core/evidence/sighting.ts';
import type { InvalidReason, StandInSeen } from '../core/probe/types.ts';

export type SegmentId = number & { readonly __segmentId: unique symbol };

export interface SegmentRow {
  readonly id: SegmentId;
  readonly name: string;
  readonly range: Ipv4Range;
}

/** What a segment is to be from now on. */
export interface SegmentSetting {
  readonly name: string;
  readonly range: Ipv4Range;
  /** Where it is looked at (`arp:eth0`): under another name than before, looks made until now prove nothing any more. */
  readonly wire: string;
  /** Epoch ms. */
  readonly nowMs: number;
}

/** All sightings of one address by one MAC since the last flush, folded. */
export interface FoldedSighting {
  readonly segment: SegmentId;
  readonly address: Ipv4;
  /** null: the source cannot tell, or the address had more MACs than are kept apart ("others"). */
  readonly mac: Mac | null;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly sources: SourceBits;
  /** True where every source in `sources` is only an intent. Intents are kept in rows of their own. */
  readonly intent: boolean;
  readonly hostname: string | null;
}

export interface SweepRecord {
  readonly segment: SegmentId;
  readonly trigger: 'schedule' | 'request' | 'verify';
  readonly method: LookMethod;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly probesPlanned: number;
  readonly probesSent: number;
  readonly sendFailures: number;
  readonly repliesReceived: number;
  readonly answered: number;
  readonly kernelDrops: number;
  readonly controlsAsked: number;
  readonly controlsAnswered: number;
  readonly valid: boolean;
  readonly invalidReason: InvalidReason | null;
  /** Becomes a look at each of these, at `startedMs`; a first look counts from `endedMs`. Empty for an invalid sweep. */
  readonly looked: RangeSet;
  readonly standIns: readonly StandInSeen[];
}

/** One transaction's worth. */
export interface LedgerBatch {
  readonly atMs: number;
  readonly sightings: readonly FoldedSighting[];
  readonly sweeps: readonly SweepRecord[];
  readonly leases: readonly (Lease & { readonly segment: SegmentId; readonly startsMs: number })[];
}

/** One row of an address's history: an interval of use (or of intent) by one MAC. */
export interface Occupancy {
  readonly address: Ipv4;
  readonly mac: Mac | null;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly sources: SourceBits;
  readonly intent: boolean;
  readonly hostname: string | null;
}

/** A sweep as kept in detail; older ones are folded into looks and outages. */
export interface SweepRow extends Omit<SweepRecord, 'looked' | 'standIns'> {
  readonly id: number;
  readonly segmentName: string;
  readonly lookedAddresses: number;
}
