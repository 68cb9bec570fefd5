/**
 * `freehold scan`: what is asked and what is reported. scan.ts does it, without a daemon and without a ledger.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { Ipv4Range } from '../core/address/range.ts';
import type { RangeSet } from '../core/address/range-set.ts';
import type { SightingSource } from '../core/evidence/sighting.ts';
import type { InvalidReason, Rate, StandInSeen } from '../core/probe/types.ts';

export interface ScanRequest {
  readonly interfaceName: string;
  /** null: the interface's own network. */
  readonly range: Ipv4Range | null;
  /** Only these addresses of the range are asked; default all. */
  readonly only?: RangeSet;
  readonly rate: Rate;
  /** How often a silent address is asked: 1 is one RFC 5227 probe; 2 adds an ordinary request with our own address. */
  readonly passes: 1 | 2;
  /** Wait after the last frame, in ms. */
  readonly settleMs: number;
}

export interface ScanProgress {
  readonly probesSent: number;
  readonly probesPlanned: number;
  readonly hosts: number;
}

export interface ScanHost {
  readonly address: Ipv4;
  /** Every MAC that answered, in order of first answer. */
  readonly macs: readonly Mac[];
  readonly sources: readonly SightingSource[];
  /** `occupied`: a host answered. `stand-in`: only a proxy-ARP router did, so whether a host is there is unknown. */
  readonly verdict: 'occupied' | 'stand-in';
}

export interface ScanReport {
  readonly interfaceName: string;
  readonly range: Ipv4Range;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly probesSent: number;
  readonly sendFailures: number;
  readonly repliesReceived: number;
  readonly kernelDrops: number;
  readonly valid: boolean;
  readonly invalidReason: InvalidReason | null;
  /** Ascending by address. */
  readonly hosts: readonly ScanHost[];
  readonly standIns: readonly StandInSeen[];
}

/** Throws FreeholdError: `no-such-interface`, `not-permitted` (exit 4), `range-too-large`, `no-network`. */
export type Scan = (request: ScanRequest, onProgress: (progress: ScanProgress) => void) => Promise<ScanReport>;
