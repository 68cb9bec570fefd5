/**
 * A range as whole CIDR blocks: the fewest that make it up, each as large as alignment allows.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Ipv4Range } from '../address/range.ts';

/** Ascending, disjoint, making up all of `range`; each block's size is a power of two and divides its first address. */
export function alignedBlocks(range: Ipv4Range): readonly Ipv4Range[] {
  const blocks: Ipv4Range[] = [];
  for (let first: number = range.first; first <= range.last; ) {
    let size = 1;
    while (first % (size * 2) === 0 && first + size * 2 - 1 <= range.last) size *= 2;
    blocks.push({ first: first as Ipv4, last: (first + size - 1) as Ipv4 });
    first += size;
  }
  return blocks;
}
