/** Answers "which contiguous ranges are proven free, and why not the rest". */
import { freeRanges } from '../../core/range/free-ranges.ts';
import type { FreeRangesAnswer, FreeRangesQuery } from '../service.ts';
import type { AnswerContext } from './context.ts';
import { judgeSegment, noticesOf, outagesOf } from './evidence.ts';
import { criteriaJson, outageJson, proofJson, rangeJson, time, withheldJson } from './json.ts';

export function answerFreeRanges({ watch, ledger, criteria, nowMs }: AnswerContext, query: FreeRangesQuery): FreeRangesAnswer {
  const segment = watch.named(query.segment);
  const judged = judgeSegment(segment, ledger, criteria, query.criteria, nowMs);
  const free = freeRanges(judged.spans, query);
  return {
    segment: segment.row.name,
    generatedAt: time(nowMs),
    criteria: {
      ...criteriaJson(judged.criteria),
      size: query.size,
      alignment: query.alignment,
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
