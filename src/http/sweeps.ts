/**
 * GET /sweeps: the sweeps so far, newest first. POST /sweeps: sweep now.
 */
import { z } from 'zod';
import * as answers from './answer-schemas.ts';
import { getOperation, postOperation } from './operation.ts';
import { segment, wholeNumberText } from './parameters.ts';

export const sweepsOperation = getOperation({
  path: '/sweeps',
  summary: 'Sweeps, newest first',
  query: z.strictObject({
    segment,
    limit: wholeNumberText(1, 1000, 'At most this many sweeps').prefault('50'),
    before: wholeNumberText(1, Number.MAX_SAFE_INTEGER, 'Only older ones: `next` of the page before').optional(),
  }),
  answers: { 200: { description: 'One page', schema: answers.sweeps } },
  reply: (service, { segment, limit, before }) => ({ status: 200, body: service.sweeps({ segment, limit, before }) }),
});

export const sweepNowOperation = postOperation({
  path: '/sweeps',
  summary: 'Sweep now; a sweep under way is joined, not doubled',
  body: z.strictObject({
    segment,
    wait: z
      .boolean({ error: () => 'expected true or false' })
      .default(false)
      .meta({ description: 'Answer when the sweep is over' }),
  }),
  answers: {
    200: { description: 'The sweep that is over', schema: answers.sweepNow },
    202: { description: 'It has begun; `sweep` is null', schema: answers.sweepNow },
  },
  reply: async (service, { segment, wait }) => ({
    status: wait ? 200 : 202,
    body: { sweep: await service.sweepNow(segment, wait) },
  }),
});
