/**
 * Cuts a range where any of several sets begins or ends, so that within a piece all addresses are in the same sets: what lets a
 * /16 be judged by pieces instead of by addresses. Knows nothing of what the sets mean.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Ipv4Range } from '../address/range.ts';

export interface Piece extends Ipv4Range {
  /** Indexes of the sets that hold every address of the piece, ascending. The same array for all pieces in the same sets. */
  readonly members: readonly number[];
}

/** Where, within `range`, any set begins or has just ended: ascending, from range.first to range.last + 1. */
function cutPoints(range: Ipv4Range, sets: readonly (readonly Ipv4Range[])[]): readonly number[] {
  const points = new Set<number>([range.first, range.last + 1]);
  for (const set of sets) {
    for (const { first, last } of set) {
      if (last < range.first || first > range.last) continue;
      points.add(Math.max(first, range.first));
      points.add(Math.min(last, range.last) + 1);
    }
  }
  return [...points].sort((a, b) => a - b);
}

/** Ascending, disjoint, covering `range`; neighbours differ in their members. What a set holds outside the range is ignored. */
export function partition(range: Ipv4Range, sets: readonly (readonly Ipv4Range[])[]): readonly Piece[] {
  const points = cutPoints(range, sets);
  const pieceAt = new Map(points.map((point, piece) => [point, piece]));
  const end = range.last + 1;
  const none: readonly number[] = [];
  const membersOf: (readonly number[])[] = new Array<readonly number[]>(points.length - 1).fill(none);
  for (const [index, set] of sets.entries()) {
    // Pieces in the same sets so far share their array, so it names the combination; each gets one successor per set.
    const extended = new Map<readonly number[], readonly number[]>();
    const done = new Set<readonly number[]>();
    for (const { first, last } of set) {
      if (last < range.first || first > range.last) continue;
      const from = pieceAt.get(Math.max(first, range.first)) ?? 0;
      const until = pieceAt.get(Math.min(last + 1, end)) ?? 0;
      for (let piece = from; piece < until; piece++) {
        const before = membersOf[piece] ?? none;
        if (done.has(before)) continue;
        let after = extended.get(before);
        if (after === undefined) {
          after = [...before, index];
          extended.set(before, after);
          done.add(after);
        }
        membersOf[piece] = after;
      }
    }
  }
  const pieces: Piece[] = [];
  for (const [piece, members] of membersOf.entries()) {
    const last = ((points[piece + 1] ?? 0) - 1) as Ipv4;
    const open = pieces.at(-1);
    if (open !== undefined && open.members === members) pieces[pieces.length - 1] = { ...open, last };
    else pieces.push({ first: points[piece] as Ipv4, last, members });
  }
  return pieces;
}
