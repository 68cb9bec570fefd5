/**
 * Free ranges as plain values: what is asked, and what is offered or withheld. free-ranges.ts makes the answer.
 */
import type { Ipv4Range } from '../address/range.ts';
import type { Proof, Reason, VerdictKind } from '../evidence/proof.ts';

export interface FreeRangeOptions {
  /** Only ranges of at least this many addresses; 1 .. 65,536. */
  readonly size: number;
  /** `none`: maximal runs as they are. `cidr`: only whole CIDR blocks within them, largest first. */
  readonly alignment: 'none' | 'cidr';
  /** At most this many ranges, largest first; the same bound on `withheld`. */
  readonly limit: number;
}

export interface FreeRange extends Ipv4Range {
  /** The weakest proof of any address in it, figure by figure. */
  readonly proof: Proof;
}

export interface WithheldRange extends Ipv4Range {
  readonly verdict: VerdictKind;
  readonly reason: Reason;
}

export interface FreeRanges {
  /** Largest first; of equals the lowest address first. */
  readonly ranges: readonly FreeRange[];
  /** Why the rest is not offered, ascending by address; runs of the same verdict and reason code are joined. */
  readonly withheld: readonly WithheldRange[];
  /** Addresses that are free, before size, alignment and limit. */
  readonly freeAddresses: number;
  /** True where `limit` cut either list. */
  readonly truncated: boolean;
}
