/** Answers "which contiguous ranges are proven free, and why not the rest". */
import type { FreeRangesAnswer, FreeRangesQuery } from '../service.ts';
import type { AnswerContext } from './context.ts';
import { noticesOf, outagesOf } from './evidence.ts';
import { criteriaJson, outageJson, proofJson, rangeJson, time, withheldJson } from './json.ts';

export function answerFreeRanges(
  { watch, ledger, judge, criteria, nowMs }: AnswerContext,
  query: FreeRangesQuery,
): FreeRangesAnswer {
  const segment = watch.named(query.segment);
  const judged = judge.segment(segment, criteria, query.criteria, nowMs, query.dhcpSpans, query.pool);
  const free = judged.free(query);
  return {
    segment: segment.row.name,
    generatedAt: time(judged.nowMs),
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
