/**
 * GET /pools: what the guard watches over, who may answer for it, and where nobody listens.
 */
import * as answers from './guard-schemas.ts';
import { getOperation } from './operation.ts';
import { NO_PARAMETERS } from './parameters.ts';

export const poolsOperation = getOperation({
  path: '/pools',
  summary: 'Pools, speakers and assigned addresses, as the guard knows them',
  query: NO_PARAMETERS,
  answers: { 200: { description: 'All of them', schema: answers.pools } },
  reply: (service) => ({ status: 200, body: service.guard.pools() }),
});
