/**
 * From verdicts to what can be offered: maximal runs of free addresses, each with the weakest proof in it, and why the rest is
 * withheld. Judges nothing: only the verdict `free` is free.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { type Ipv4Range, sizeOf } from '../address/range.ts';
import type { VerdictSpan } from '../evidence/proof.ts';
import { alignedBlocks } from './blocks.ts';
import type { FreeRange, FreeRangeOptions, FreeRanges, WithheldRange } from './types.ts';
import { weakestProof } from './weakest.ts';

/** Neighbouring spans for which `same` holds, as groups. Spans that do not follow on from each other are never in one. */
function groups(spans: readonly VerdictSpan[], same: (a: VerdictSpan, b: VerdictSpan) => boolean): readonly VerdictSpan[][] {
  const result: VerdictSpan[][] = [];
  for (const span of spans) {
    const open = result.at(-1);
    const before = open?.at(-1);
    if (open !== undefined && before !== undefined && before.last + 1 === span.first && same(before, span)) open.push(span);
    else result.push([span]);
  }
  return result;
}

const rangeOf = (group: readonly VerdictSpan[]): Ipv4Range => ({
  first: group[0]?.first ?? (0 as Ipv4),
  last: group.at(-1)?.last ?? (0 as Ipv4),
});

/** What to offer of one run of free spans. The blocks ascend as the spans do, so each span is passed once. */
function offers(run: readonly VerdictSpan[], { size, alignment }: FreeRangeOptions): readonly FreeRange[] {
  const whole = rangeOf(run);
  const wanted = (alignment === 'cidr' ? alignedBlocks(whole) : [whole]).filter((range) => sizeOf(range) >= size);
  const result: FreeRange[] = [];
  let from = 0;
  for (const range of wanted) {
    while ((run[from]?.last ?? range.first) < range.first) from++;
    let until = from;
    while ((run[until]?.first ?? range.last + 1) <= range.last) until++;
    const proof = weakestProof(run.slice(from, until).map((span) => span.proof));
    if (proof !== null) result.push({ ...range, proof });
  }
  return result;
}

/** The joined range speaks through the span that was seen last: of all, it is the furthest from being free. */
function withheld(group: readonly VerdictSpan[]): readonly WithheldRange[] {
  let loudest: VerdictSpan | undefined;
  let alike = true;
  const text = group[0]?.verdict.reasons[0]?.text;
  for (const span of group) {
    if (loudest === undefined || (span.proof.lastSeenMs ?? -1) > (loudest.proof.lastSeenMs ?? -1)) loudest = span;
    if (span.verdict.reasons[0]?.text !== text) alike = false;
  }
  const reason = loudest?.verdict.reasons[0];
  if (loudest === undefined || reason === undefined) return [];
  const range = rangeOf(group);
  const told = alike ? reason : { ...reason, text: `${reason.text}; similar for the other ${sizeOf(range) - sizeOf(loudest)}` };
  return [{ ...range, verdict: loudest.verdict.kind, reason: told }];
}

/** @param spans as `judge` returns them: ascending and disjoint; a caller may have cut them to a part of the segment. */
export function freeRanges(spans: readonly VerdictSpan[], options: FreeRangeOptions): FreeRanges {
  const free = spans.filter(({ verdict }) => verdict.kind === 'free');
  const others = spans.filter(({ verdict }) => verdict.kind !== 'free');
  const ranges = groups(free, () => true)
    .flatMap((run) => offers(run, options))
    .sort((a, b) => sizeOf(b) - sizeOf(a) || a.first - b.first);
  const rest = groups(
    others,
    (a, b) => a.verdict.kind === b.verdict.kind && a.verdict.reasons[0]?.code === b.verdict.reasons[0]?.code,
  ).flatMap(withheld);
  return {
    ranges: ranges.slice(0, options.limit),
    withheld: rest.slice(0, options.limit),
    freeAddresses: free.reduce((sum, span) => sum + sizeOf(span), 0),
    truncated: ranges.length > options.limit || rest.length > options.limit,
  };
}
