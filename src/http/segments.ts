/**
 * GET /segments: what is watched, and how that goes.
 */
import * as answers from './answer-schemas.ts';
import { getOperation } from './operation.ts';
import { NO_PARAMETERS } from './parameters.ts';

export const segmentsOperation = getOperation({
  path: '/segments',
  summary: 'The segments, their state and their last sweep',
  query: NO_PARAMETERS,
  answers: { 200: { description: 'Every segment of the configuration', schema: answers.segments } },
  reply: (service) => ({ status: 200, body: service.segments() }),
});
