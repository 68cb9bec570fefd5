/**
 * From verdicts to what can be offered: maximal runs of free addresses, each with the weakest proof in it, and why the rest is
 * withheld. Judges nothing: only the verdict `free` is free.
 */
import { type Ipv4Range, sizeOf } from '../address/range.ts';
import type { VerdictSpan } from '../evidence/proof.ts';
import { alignedBlocks } from './blocks.ts';
import type { FreeRange, FreeRangeOptions, FreeRanges, WithheldRange } from './types.ts';
import { weakestProof } from './weakest.ts';

/** Spans [from, until) of a list, following on from each other: one run of free ones, or of ones withheld for the same reason. */
interface Run extends Ipv4Range {
  readonly from: number;
  readonly until: number;
}

const isFree = ({ verdict }: VerdictSpan): boolean => verdict.kind === 'free';

/** Who reserved a range is told by the text alone: a DHCP span and a pool beside it are two ranges. */
function sameReason({ verdict: a }: VerdictSpan, { verdict: b }: VerdictSpan): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'free') return true;
  const [one, other] = [a.reasons[0], b.reasons[0]];
  return one?.code === other?.code && (one?.code !== 'reserved' || one.text === other?.text);
}

/** Each span in one run, ascending. Spans between which addresses are missing are never in one. */
function runsOf(spans: readonly VerdictSpan[]): { readonly free: readonly Run[]; readonly others: readonly Run[] } {
  const free: Run[] = [];
  const others: Run[] = [];
  for (let from = 0; from < spans.length; ) {
    const head = spans[from];
    let tail = head;
    let until = from + 1;
    for (; tail !== undefined; until++) {
      const next = spans[until];
      if (next === undefined || next.first !== tail.last + 1 || !sameReason(tail, next)) break;
      tail = next;
    }
    if (head === undefined || tail === undefined) break;
    (isFree(head) ? free : others).push({ first: head.first, last: tail.last, from, until });
    from = until;
  }
  return { free, others };
}

/** What a run offers by size and alignment; its proof comes later, and only if it is told. */
function offersOf(run: Run, { size, alignment }: FreeRangeOptions): readonly Run[] {
  if (sizeOf(run) < size) return [];
  if (alignment === 'none') return [run];
  return alignedBlocks(run)
    .filter((block) => sizeOf(block) >= size)
    .map(({ first, last }) => ({ ...run, first, last }));
}

function freeRange(spans: readonly VerdictSpan[], { first, last, from, until }: Run): readonly FreeRange[] {
  const inside = spans.slice(from, until).filter((span) => span.last >= first && span.first <= last);
  const proof = weakestProof(inside.map((span) => span.proof));
  return proof === null ? [] : [{ first, last, proof }];
}

/** The joined range speaks through the span that was seen last: of all, it is the furthest from being free. */
function withheldRange(spans: readonly VerdictSpan[], { first, last, from, until }: Run): readonly WithheldRange[] {
  const inside = spans.slice(from, until);
  let loudest = inside[0];
  for (const span of inside) {
    if (loudest === undefined || (span.proof.lastSeenMs ?? -1) > (loudest.proof.lastSeenMs ?? -1)) loudest = span;
  }
  const reason = loudest?.verdict.reasons[0];
  if (loudest === undefined || reason === undefined) return [];
  const alike = inside.every(({ verdict }) => verdict.reasons[0]?.text === reason.text);
  const others = last - first + 1 - sizeOf(loudest);
  const told = alike ? reason : { ...reason, text: `${reason.text}; similar for the other ${others}` };
  return [{ first, last, verdict: loudest.verdict.kind, reason: told }];
}

/** @param spans as `judge` returns them: ascending and disjoint; a caller may have cut them to a part of the segment. */
export function freeRanges(spans: readonly VerdictSpan[], options: FreeRangeOptions): FreeRanges {
  const { free, others } = runsOf(spans);
  const offers = free.flatMap((run) => offersOf(run, options)).sort((a, b) => sizeOf(b) - sizeOf(a) || a.first - b.first);
  return {
    ranges: offers.slice(0, options.limit).flatMap((run) => freeRange(spans, run)),
    withheld: others.slice(0, options.limit).flatMap((run) => withheldRange(spans, run)),
    freeAddresses: free.reduce((sum, run) => sum + sizeOf(run), 0),
    truncated: offers.length > options.limit || others.length > options.limit,
  };
}
