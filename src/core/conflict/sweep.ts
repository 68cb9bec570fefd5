/** A sweep as the guard needs it: when it looked at which addresses, and whether that proves anything. A value; decides nothing. */
import type { RangeSet } from '../address/range-set.ts';

export interface Sweep {
  readonly segment: string;
  /** Epoch ms. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** A sweep that is not valid says nothing about anyone. */
  readonly valid: boolean;
  /** Addresses that were really probed, and whose answers were waited for. */
  readonly looked: RangeSet;
}
