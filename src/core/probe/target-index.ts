/**
 * Targets by position: 0 for the lowest address, without holes, so that what is known of each lies in typed arrays even
 * where one target is far from the rest. Never changed once made.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { type RangeSet, setSize } from '../address/range-set.ts';

export interface TargetIndex {
  /** Ascending. */
  readonly addresses: Uint32Array;
  readonly size: number;
}

/** Throws RangeError above `limit`: a plan that large is a mistake of the caller, and would take its memory. */
export function indexTargets(targets: RangeSet, limit: number): TargetIndex {
  const size = setSize(targets);
  if (size > limit) throw new RangeError(`${size} addresses are more than the ${limit} that can be probed at once`);
  const addresses = new Uint32Array(size);
  let i = 0;
  for (const { first, last } of targets) for (let address: number = first; address <= last; address++) addresses[i++] = address;
  return { addresses, size };
}

export const addressAt = ({ addresses }: TargetIndex, position: number): Ipv4 => (addresses[position] ?? 0) as Ipv4;

/** The position of `address`, or -1 where it is not a target. */
export function positionOf({ addresses, size }: TargetIndex, address: Ipv4): number {
  // One whole run, or the part of it before the first hole: the usual case.
  const guess = address - (addresses[0] ?? 0);
  if (guess >= 0 && guess < size && addresses[guess] === address) return guess;
  let low = 0;
  let high = size - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = addresses[middle] ?? 0;
    if (found === address) return middle;
    if (found < address) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
