/** How a pool grows or shrinks without moving: around the range that it has. Pure; judges no address. */
import type { Ipv4 } from '../address/ipv4.ts';
import { type Ipv4Range, sizeOf } from '../address/range.ts';
import { type RangeSet, rangeSet, subtract, union } from '../address/range-set.ts';

/**
 * The range of `size` addresses that holds all of `range`, or, where it is to be smaller, its beginning; of several the one that reaches
 * highest.
 * @param free what is proven free beside it
 * @returns null where what lies around it is not free
 */
export function extendRange(range: Ipv4Range, free: RangeSet, size: number): Ipv4Range | null {
  const more = size - sizeOf(range);
  if (more <= 0) return { first: range.first, last: (range.first + size - 1) as Ipv4 };
  const usable = union(free, rangeSet([range]));
  for (let below = 0; below <= more; below++) {
    const candidate = { first: (range.first - below) as Ipv4, last: (range.last + more - below) as Ipv4 };
    if (candidate.first < 0 || candidate.last > 0xffffffff) continue;
    if (subtract([candidate], usable).length === 0) return candidate;
  }
  return null;
}
