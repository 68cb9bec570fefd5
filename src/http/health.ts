/**
 * GET /healthz: the process is alive; open to all. GET /readyz: it does its work: sweeping, writing, fresh.
 */
import * as answers from './answer-schemas.ts';
import { getOperation } from './operation.ts';
import { NO_PARAMETERS } from './parameters.ts';

export const healthOperation = getOperation({
  path: '/healthz',
  summary: 'Alive',
  open: true,
  query: NO_PARAMETERS,
  answers: { 200: { description: 'Alive', schema: answers.health } },
  reply: () => ({ status: 200, body: { status: 'ok' } }),
});

export const readinessOperation = getOperation({
  path: '/readyz',
  summary: 'Ready: sweeping, ledger writable, last valid sweep fresh',
  query: NO_PARAMETERS,
  answers: {
    200: { description: 'Ready', schema: answers.readiness },
    503: { description: 'Not ready; the checks say why', schema: answers.readiness },
  },
  reply: (service) => {
    const readiness = service.readiness();
    return { status: readiness.ready ? 200 : 503, body: readiness };
  },
});
