/**
 * GET /addresses: the addresses of a segment that something is known of, page by page.
 */
import { z } from 'zod';
import * as answers from './answer-schemas.ts';
import { getOperation } from './operation.ts';
import { addressText, choice, segment, wholeNumberText } from './parameters.ts';

export const addressesOperation = getOperation({
  path: '/addresses',
  summary: 'Addresses and their verdicts, ascending',
  query: z.strictObject({
    segment,
    verdict: choice(answers.verdictKind.options, 'Only addresses with this verdict').optional(),
    limit: wholeNumberText(1, 4096, 'At most this many addresses').prefault('256'),
    after: addressText('Start after this address: `next` of the page before').optional(),
  }),
  answers: { 200: { description: 'One page', schema: answers.addresses } },
  reply: (service, { segment, verdict, limit, after }) => ({
    status: 200,
    body: service.addresses({ segment, verdict, limit, after }),
  }),
});
