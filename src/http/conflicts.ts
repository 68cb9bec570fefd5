/**
 * GET /conflicts: who has, or is about to take, what they should not, newest first. GET /conflicts/{id}: one of them.
 */
import { z } from 'zod';
import { CONFLICT_KINDS } from '../core/conflict/types.ts';
import * as answers from './guard-schemas.ts';
import { getOperation } from './operation.ts';
import { choice, NO_PARAMETERS, segment, wholeNumberText } from './parameters.ts';
import { InputError } from './problem.ts';

export const conflictsOperation = getOperation({
  path: '/conflicts',
  summary: 'Conflicts, newest first; the open ones unless asked otherwise',
  query: z.strictObject({
    state: choice(['open', 'closed', 'all'], 'Only conflicts in this state').default('open'),
    segment,
    kind: choice(CONFLICT_KINDS, 'Only conflicts of this kind').optional(),
    before: wholeNumberText(1, Number.MAX_SAFE_INTEGER, 'Only older ones: `next` of the page before').optional(),
    limit: wholeNumberText(1, 1000, 'At most this many conflicts').prefault('100'),
  }),
  answers: { 200: { description: 'One page', schema: answers.conflicts } },
  reply: (service, { state, segment, kind, before, limit }) => ({
    status: 200,
    body: service.guard.conflicts({ state, segment, kind, before, limit }),
  }),
});

export const conflictOperation = getOperation({
  path: '/conflicts/{id}',
  pathSchema: { type: 'integer', minimum: 1 },
  summary: 'One conflict',
  query: NO_PARAMETERS,
  answers: { 200: { description: 'The conflict as it is now', schema: answers.conflict } },
  reply: (service, _query, { pathValue }) => ({ status: 200, body: service.guard.conflict(conflictId(pathValue)) }),
});

/** @throws InputError `invalid-conflict-id` */
export function conflictId(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InputError('invalid-conflict-id', [{ field: 'id', message: 'expected the number of a conflict, like 12' }]);
}
