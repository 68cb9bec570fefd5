/**
 * The question before something is changed: y/N on the terminal, on stderr. Where nobody can be asked, it refuses instead of going on;
 * where --yes is given, it asks nothing.
 */
import { EXIT, FreeholdError } from '../core/error.ts';
import { type Ask, askOnTerminal } from './interfaces.ts';
import type { Output } from './output.ts';

export interface Confirmation {
  /** --yes */
  readonly yes: boolean;
  /** null where nobody can be asked. */
  readonly ask: Ask | null;
}

/** Answers that were neither yes nor no, before it counts as no. */
const MOST_QUESTIONS = 3;

/** How this process asks: null without a terminal on stdin and stderr. */
export const terminalAsk = (output: Output): Ask | null =>
  output.interactive && process.stdin.isTTY === true ? askOnTerminal : null;

/** @throws FreeholdError `not-confirmed`: exit 3 where the answer was no (or Ctrl-C, Ctrl-D), 2 where nobody could be asked */
export async function confirm(question: string, { yes, ask }: Confirmation): Promise<void> {
  if (yes) return;
  if (ask === null) {
    throw new FreeholdError('not-confirmed', `There is no terminal to ask on: "${question}". Nothing was changed.`, {
      hint: 'To go on without being asked, give --yes.',
      exitCode: EXIT.usage,
    });
  }
  if (await isConfirmed(question, ask)) return;
  throw new FreeholdError('not-confirmed', 'Not confirmed; nothing was changed.', { exitCode: EXIT.no });
}

/** The same question where no is as good an answer as yes. */
export async function isConfirmed(question: string, ask: Ask): Promise<boolean> {
  for (let asked = 0; asked < MOST_QUESTIONS; asked++) {
    const answer = (await ask(`${question} [y/N] `))?.trim().toLowerCase() ?? '';
    if (answer === 'y' || answer === 'yes') return true;
    if (answer === '' || answer === 'n' || answer === 'no') return false;
  }
  return false;
}
