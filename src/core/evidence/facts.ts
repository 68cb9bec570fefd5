/**
 * All that is known of one segment at one moment, as plain values: what the verdict is made from. Built by the daemon from
 * the ledger and the configuration; judged by verdict.ts.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { Ipv4Range } from '../address/range.ts';
import type { RangeSet } from '../address/range-set.ts';
import type { FirstLook, LookRun } from './look.ts';

/**
 * The last sightings of each address of the segment, as columns: row i is address `first + i`. 0 means never.
 * Columns, because a /16 is judged in a few milliseconds this way.
 */
export interface SightingColumns {
  readonly first: Ipv4;
  readonly length: number;
  /** Epoch ms of the last sighting that is a use by someone who is not a stand-in. */
  readonly lastUseMs: Float64Array;
  /** Epoch ms of the last intent (DHCPREQUEST, ARP probe by a stranger, lease). */
  readonly lastIntentMs: Float64Array;
  /** Epoch ms of the last answer by a stand-in (proxy ARP). */
  readonly lastStandInMs: Float64Array;
}

/** A running lease makes its address `leased` until it ends, however silent. */
export interface Lease {
  readonly address: Ipv4;
  readonly mac: Mac | null;
  readonly hostname: string | null;
  /** Epoch ms; Infinity for a lease without end. */
  readonly endsMs: number;
  readonly source: 'dhcp-ack' | 'lease-file';
}

/** An address with a part of its own in the network, never to be offered. */
export interface InfrastructureAddress {
  readonly address: Ipv4;
  readonly role: 'network' | 'broadcast' | 'gateway' | 'own' | 'node';
  /** Of a node: its name; printable. */
  readonly name?: string;
}

/** A range that somebody named as not to be offered. */
export interface ReservedRange extends Ipv4Range {
  /** Why, in the words of who named it: "reserved in the configuration", "pool production-pool", "DHCP span of 192.0.2.1". */
  readonly reason: string;
}

/** One MAC that answers for addresses all over the range: a proxy-ARP router, say. */
export interface StandIn {
  readonly mac: Mac;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** How many addresses it answered for in the newest sweep that saw it. */
  readonly addresses: number;
}

/** A stretch of time in which the segment was not, or not validly, looked at. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
  /** `not-running`, or the reason why the sweeps in it were invalid, or `not-swept`. */
  readonly reason: string;
  /** Invalid sweeps in it; 0 for time in which none was tried. */
  readonly sweeps: number;
}

export interface SegmentFacts {
  readonly segment: string;
  /** Every address of the segment, network and broadcast included. At most 65,536. */
  readonly range: Ipv4Range;
  readonly sightings: SightingColumns;
  /** Runs that overlap the window, in any order. */
  readonly runs: readonly LookRun[];
  readonly firstLooks: readonly FirstLook[];
  readonly leases: readonly Lease[];
  readonly reserved: readonly ReservedRange[];
  readonly excluded: RangeSet;
  readonly infrastructure: readonly InfrastructureAddress[];
  readonly standIns: readonly StandIn[];
}
