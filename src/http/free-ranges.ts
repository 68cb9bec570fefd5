/**
 * GET /free-ranges: which contiguous ranges are proven free, and why the rest is not offered.
 */
import { z } from 'zod';
import * as answers from './answer-schemas.ts';
import { getOperation } from './operation.ts';
import { choice, criteriaOf, criteriaQuery, dhcpSpans, ownPool, rangeText, segment, wholeNumberText } from './parameters.ts';

export const freeRangesOperation = getOperation({
  path: '/free-ranges',
  summary: 'Contiguous ranges that are proven free, largest first',
  query: z.strictObject({
    segment,
    size: wholeNumberText(1, 65_536, 'Only ranges of at least this many addresses').prefault('1'),
    limit: wholeNumberText(1, 4096, 'At most this many ranges').prefault('100'),
    alignment: choice(['none', 'cidr'], 'cidr: only whole CIDR blocks').prefault('none'),
    ...criteriaQuery,
    dhcpSpans,
    ...ownPool,
    within: rangeText('Only what lies in it is told: ADDRESS, FIRST-LAST or ADDRESS/LENGTH').optional(),
  }),
  answers: { 200: { description: 'The ranges, and what is withheld', schema: answers.freeRanges } },
  reply: (service, query) => ({
    status: 200,
    body: service.freeRanges({
      segment: query.segment,
      size: query.size,
      limit: query.limit,
      alignment: query.alignment,
      criteria: criteriaOf(query),
      dhcpSpans: query.dhcpSpans,
      pool: query.pool,
      poolServer: query.poolServer,
      poolNamespace: query.poolNamespace,
      within: query.within,
    }),
  }),
});
