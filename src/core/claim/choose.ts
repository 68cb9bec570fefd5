/**
 * Which addresses to claim, from ranges that are proven free: the best proven ones, or those nearest to what was wanted and cannot be
 * had. Pure; judges no address.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { type Ipv4Range, sizeOf } from '../address/range.ts';

/** A range that is free, and how well that is proven. */
export interface ProvenRange {
  readonly range: Ipv4Range;
  readonly quietForMs: number;
  /** 0 .. 1 */
  readonly coverage: number;
  readonly looks: number;
}

/**
 * `size` addresses of the best proven range: the longest quiet, then the best covered, the most looked at, the largest. They are taken
 * from its end: DHCP scopes and hosts by hand mostly grow from the beginning of a network.
 * @returns null where no range has so many
 */
export function chooseRange(ranges: readonly ProvenRange[], size: number): Ipv4Range | null {
  const [best] = ranges
    .filter(({ range }) => sizeOf(range) >= size)
    .sort(
      (a, b) => b.quietForMs - a.quietForMs || b.coverage - a.coverage || b.looks - a.looks || sizeOf(b.range) - sizeOf(a.range),
    );
  return best === undefined ? null : { first: (best.range.last - size + 1) as Ipv4, last: best.range.last };
}

/** The free range of the same size that lies nearest to `wanted`; of two that are as near, the one before it. */
export function nearestRange(ranges: readonly ProvenRange[], wanted: Ipv4Range): Ipv4Range | null {
  const size = sizeOf(wanted);
  let nearest: Ipv4Range | null = null;
  let distance = Number.POSITIVE_INFINITY;
  for (const { range } of ranges) {
    if (sizeOf(range) < size) continue;
    const first = Math.min(Math.max(wanted.first, range.first), range.last - size + 1) as Ipv4;
    const away = Math.abs(first - wanted.first);
    if (away > distance || (away === distance && first > (nearest?.first ?? 0))) continue;
    nearest = { first, last: (first + size - 1) as Ipv4 };
    distance = away;
  }
  return nearest;
}
