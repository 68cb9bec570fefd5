/**
 * Looks: a look is a probe really sent to an address in a valid sweep, with its patience waited out, or a live RFC 5227 run.
 * The ledger stores them folded into runs; a run never claims more than was looked at.
 */
import type { RangeSet } from '../address/range-set.ts';

/** How the look was made. A verdict that rests on `icmp` alone says so: hosts may drop ICMP. */
export type LookMethod = 'arp' | 'icmp';

/** `looks` looks at every address of `targets`, the first at `sinceMs`, the last at `untilMs`. */
export interface LookRun {
  readonly targets: RangeSet;
  readonly method: LookMethod;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** At least 1; 1 means sinceMs === untilMs. */
  readonly looks: number;
  /** The longest time between two looks that follow each other in this run; 0 for a run of one. */
  readonly longestGapMs: number;
}

/**
 * The first look ever at each address of `targets`, older than any run that is still kept; dated by the end of its sweep, when
 * its patience had been waited out.
 */
export interface FirstLook {
  readonly targets: RangeSet;
  readonly atMs: number;
}
