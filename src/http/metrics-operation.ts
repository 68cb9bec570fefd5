/**
 * GET /metrics: what Prometheus scrapes. Guarded as every other path is: where a token is configured, the scraper needs it.
 */
import { z } from 'zod';
import { readQuery } from './input.ts';
import type { MetricsText } from './metrics/types.ts';
import type { Operation } from './operation.ts';
import { NO_PARAMETERS } from './parameters.ts';

export const metricsOperation = (metrics: MetricsText): Operation => ({
  method: 'get',
  path: '/metrics',
  summary: 'Metrics, in the text format of Prometheus',
  open: false,
  query: NO_PARAMETERS,
  body: null,
  answers: { 200: { description: 'The text format of Prometheus, 0.0.4', contentType: 'text/plain', schema: z.string() } },
  run: async ({ search }) => {
    readQuery(NO_PARAMETERS, search);
    return { status: 200, contentType: metrics.contentType, text: await metrics.scrape() };
  },
});
