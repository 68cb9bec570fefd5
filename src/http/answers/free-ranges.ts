/** Answers "which contiguous ranges are proven free, and why not the rest". */
import { type Ipv4Range, intersect } from '../../core/address/range.ts';
import { freeRanges } from '../../core/range/free-ranges.ts';
import type { FreeRanges } from '../../core/range/types.ts';
import type { FreeRangesAnswer, FreeRangesQuery } from '../service.ts';
import type { AnswerContext } from './context.ts';
import { type Judged, noticesOf, outagesOf } from './evidence.ts';
import { criteriaJson, outageJson, proofJson, rangeJson, time, withheldJson } from './json.ts';
import { ownPoolOf } from './own-pool.ts';

export function answerFreeRanges(
  { watch, ledger, judge, criteria, nowMs }: AnswerContext,
  query: FreeRangesQuery,
): FreeRangesAnswer {
  const segment = watch.named(query.segment);
  const judged = judge.segment(segment, criteria, query.criteria, nowMs, query.dhcpSpans, ownPoolOf(query));
  const free = query.within === undefined ? judged.free(query) : freeWithin(judged, query, query.within);
  return {
    segment: segment.row.name,
    // The moment of asking, also where a judgement of the last second still holds: what is heard from now on is not in it.
    generatedAt: time(nowMs),
    criteria: {
      ...criteriaJson(judged.criteria),
      size: query.size,
      alignment: query.alignment,
      dhcpSpans: judged.withheldBy.dhcpSpans,
      weakerThanConfigured: judged.weakerThanConfigured,
    },
    ranges: free.ranges.map((range) => ({ ...rangeJson(range), proof: proofJson(range.proof) })),
    withheld: free.withheld.map(withheldJson),
    freeAddresses: free.freeAddresses,
    truncated: free.truncated,
    outages: outagesOf(segment, ledger, judged).map(outageJson),
    notices: noticesOf(segment, judged),
  };
}

/** As if the segment were no larger. */
function freeWithin({ spans }: Judged, query: FreeRangesQuery, within: Ipv4Range): FreeRanges {
  const cut = spans.flatMap((span) => {
    const part = intersect(span, within);
    return part === null ? [] : [{ ...span, ...part }];
  });
  return freeRanges(cut, query);
}
