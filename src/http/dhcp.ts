/**
 * GET /dhcp: the DHCP servers that were heard, what they hand out, the leases, and where that reaches into a pool.
 */
import { z } from 'zod';
import * as answers from './guard-schemas.ts';
import { getOperation } from './operation.ts';
import { segment } from './parameters.ts';

export const dhcpOperation = getOperation({
  path: '/dhcp',
  summary: 'DHCP servers, their spans, leases, and overlaps with pools',
  query: z.strictObject({ segment }),
  answers: { 200: { description: 'By segment', schema: answers.dhcp } },
  reply: (service, { segment }) => ({ status: 200, body: service.guard.dhcp(segment) }),
});
