/**
 * A set of addresses as sorted, disjoint, non-adjacent inclusive ranges: so each member is a maximal contiguous run.
 * Values, never changed in place.
 */
import type { Ipv4 } from './ipv4.ts';
import { type Ipv4Range, sizeOf } from './range.ts';

/** Sorted by `first`; no two overlap or touch. Only the functions of this file make one. */
export type RangeSet = readonly Ipv4Range[] & { readonly __rangeSet?: unique symbol };

export const EMPTY_SET: RangeSet = [];

/** Any ranges in any order, overlapping or not, made into a set. */
export function rangeSet(ranges: Iterable<Ipv4Range>): RangeSet {
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  const runs: Ipv4Range[] = [];
  for (const range of sorted) {
    const open = runs.at(-1);
    if (open !== undefined && range.first <= open.last + 1) {
      if (range.last > open.last) runs[runs.length - 1] = { first: open.first, last: range.last };
    } else {
      runs.push(range);
    }
  }
  return runs;
}

/** The contiguous runs of these addresses, in any order and with repeats allowed. */
export function rangeSetOfAddresses(addresses: Iterable<Ipv4>): RangeSet {
  const sorted = Uint32Array.from(addresses).sort();
  const runs: Ipv4Range[] = [];
  let first = -2;
  let last = -2;
  for (const address of sorted) {
    if (address === last) continue;
    if (address !== last + 1) {
      if (last >= 0) runs.push({ first: first as Ipv4, last: last as Ipv4 });
      first = address;
    }
    last = address;
  }
  if (last >= 0) runs.push({ first: first as Ipv4, last: last as Ipv4 });
  return runs;
}

export const union = (a: RangeSet, b: RangeSet): RangeSet => rangeSet([...a, ...b]);

/** All of `a` that is not in `b`. */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  const left: Ipv4Range[] = [];
  let j = 0;
  for (const range of a) {
    let first: number = range.first;
    while (j < b.length && (b[j] as Ipv4Range).last < first) j++;
    for (let k = j; k < b.length && first <= range.last; k++) {
      const hole = b[k] as Ipv4Range;
      if (hole.first > range.last) break;
      if (hole.first > first) left.push({ first: first as Ipv4, last: (hole.first - 1) as Ipv4 });
      first = hole.last + 1;
    }
    if (first <= range.last) left.push({ first: first as Ipv4, last: range.last });
  }
  return left;
}

export function intersectSets(a: RangeSet, b: RangeSet): RangeSet {
  const both: Ipv4Range[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a[i] as Ipv4Range;
    const y = b[j] as Ipv4Range;
    const first = Math.max(x.first, y.first);
    const last = Math.min(x.last, y.last);
    if (first <= last) both.push({ first: first as Ipv4, last: last as Ipv4 });
    if (x.last < y.last) i++;
    else j++;
  }
  return both;
}

export function setContains(set: RangeSet, address: Ipv4): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = set[middle] as Ipv4Range;
    if (address < range.first) high = middle - 1;
    else if (address > range.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** How many addresses the set holds: 0 .. 2^32. */
export const setSize = (set: RangeSet): number => set.reduce((sum, range) => sum + sizeOf(range), 0);

/** Every address, ascending. The caller bounds the set first. */
export function* addressesOf(set: RangeSet): Generator<Ipv4> {
  for (const range of set) for (let address: number = range.first; address <= range.last; address++) yield address as Ipv4;
}
