/**
 * The answers of claim-service.ts as schemas, for the OpenAPI document; kept the same by `satisfies`, like answer-schemas.ts.
 */
import { z } from 'zod';
import { CLAIM_STATES } from '../core/claim/types.ts';
import { proof as historyProof } from './answer-schemas.ts';
import type * as service from './claim-service.ts';

const time = z.string().meta({ format: 'date-time' });
const address = z.string().meta({ format: 'ipv4' });
const count = z.int().min(0);
const seconds = z.number().min(0);

const claimProof = historyProof.extend({
  criteria: z.object({ quietForSeconds: seconds, minSweeps: count, maxGapSeconds: seconds, minCoverage: z.number() }),
  weakerThanConfigured: z.boolean(),
  verifiedAt: time.meta({ description: 'End of the last live RFC 5227 run' }),
  probesSent: count,
  kept: count.meta({ description: 'Addresses that were in the pool before' }),
}) satisfies z.ZodType<service.ClaimProofJson>;

export const claim = z.object({
  id: z.int().min(1),
  state: z.enum(CLAIM_STATES).meta({
    description:
      '`pushing` of one that began long ago: whoever made it was killed. `unknown`: the cluster could not be asked any more',
  }),
  startedAt: time,
  endedAt: time.nullable(),
  by: z.string(),
  server: z.string().meta({ description: 'URL of the API server' }),
  namespace: z.string(),
  pool: z.string(),
  advertisement: z.string(),
  ranges: z.array(z.object({ start: address, end: address, size: count })),
  proof: claimProof.nullable().meta({ description: 'null only where it was overridden' }),
  overridden: z.string().nullable().meta({ description: 'Why it was made without a proof' }),
  outcome: z.string().meta({ description: 'What the cluster said, in words' }),
}) satisfies z.ZodType<service.ClaimJson>;

export const claims = z.object({
  generatedAt: time,
  claims: z.array(claim),
  next: z.int().nullable(),
}) satisfies z.ZodType<service.ClaimsAnswer>;
