/**
 * GET /claims: what `freehold apply` pushed, newest first. GET /claims/{id}: one of them. POST /claims: one begins.
 * POST /claims/{id}: it has ended, and how. A record only: nothing here pushes anything.
 */
import { z } from 'zod';
import { CLAIM_STATES } from '../core/claim/types.ts';
import { claimEndingBody, draftOf, newClaimBody } from './claim-body.ts';
import * as answers from './claim-schemas.ts';
import { getOperation, postOperation } from './operation.ts';
import { choice, NO_PARAMETERS, wholeNumberText } from './parameters.ts';
import { InputError } from './problem.ts';

const pathSchema = { type: 'integer', minimum: 1 };

export const claimsOperation = getOperation({
  path: '/claims',
  summary: 'What was pushed to a cluster, by whom and on which proof; newest first',
  query: z.strictObject({
    state: choice(CLAIM_STATES, 'Only claims in this state').optional(),
    before: wholeNumberText(1, Number.MAX_SAFE_INTEGER, 'Only older ones: `next` of the page before').optional(),
    limit: wholeNumberText(1, 1000, 'At most this many claims').prefault('100'),
  }),
  answers: { 200: { description: 'One page', schema: answers.claims } },
  reply: (service, { state, before, limit }) => ({ status: 200, body: service.claims.claims({ state, before, limit }) }),
});

export const claimOperation = getOperation({
  path: '/claims/{id}',
  pathSchema,
  summary: 'One claim',
  query: NO_PARAMETERS,
  answers: { 200: { description: 'The claim as it is now', schema: answers.claim } },
  reply: (service, _query, { pathValue }) => ({ status: 200, body: service.claims.claim(claimId(pathValue)) }),
});

export const beginClaimOperation = postOperation({
  path: '/claims',
  summary: 'Write down that a pool is about to be pushed; it is on the disk when this answers',
  body: newClaimBody,
  answers: { 201: { description: 'The claim, begun', schema: answers.claim } },
  reply: async (service, body) => ({ status: 201, body: service.claims.begin(draftOf(body)) }),
});

export const endClaimOperation = postOperation({
  path: '/claims/{id}',
  pathSchema,
  summary: 'Write down how the push ended, once',
  body: claimEndingBody,
  answers: { 200: { description: 'The claim, ended', schema: answers.claim } },
  reply: async (service, ending, { pathValue }) => ({ status: 200, body: service.claims.end(claimId(pathValue), ending) }),
});

/** @throws InputError `invalid-claim-id` */
function claimId(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InputError('invalid-claim-id', [{ field: 'id', message: 'expected the number of a claim, like 12' }]);
}
