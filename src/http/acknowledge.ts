/**
 * POST /conflicts/{id}/acknowledge: somebody has seen it, and says who and what for. Changes nothing about the conflict itself.
 */
import { z } from 'zod';
import { err, ok } from '../core/result.ts';
import { printable } from '../core/text.ts';
import { textField } from '../system/text-field.ts';
import { MOST_BY, MOST_NOTE } from './answers/conflicts.ts';
import { conflictId } from './conflicts.ts';
import * as answers from './guard-schemas.ts';
import { postOperation } from './operation.ts';

/** In the words of who acknowledges, as other people will read them: refused rather than changed. */
function words(least: number, most: number, description: string) {
  const what = `${least === 0 ? 'at most' : `${least} to`} ${most} printable characters on one line`;
  return textField(what, { description, minLength: least, maxLength: most }, (text) =>
    text.length >= least && printable(text, most) === text ? ok(text) : err(`expected ${what}`),
  );
}

export const acknowledgeOperation = postOperation({
  path: '/conflicts/{id}/acknowledge',
  pathSchema: { type: 'integer', minimum: 1 },
  summary: 'Say that an open conflict has been seen; again is allowed, the last one counts',
  body: z.strictObject({
    by: words(1, MOST_BY, 'Who acknowledges').default('api'),
    note: words(0, MOST_NOTE, 'What is being done about it').default(''),
  }),
  answers: { 200: { description: 'The conflict, acknowledged', schema: answers.conflict } },
  reply: async (service, { by, note }, { pathValue }) => ({
    status: 200,
    body: service.guard.acknowledge(conflictId(pathValue), by, note),
  }),
});
