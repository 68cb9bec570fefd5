/**
 * Makes the alerts of what is open, to be told again. There may be thousands, and nobody waits for them: so a few at a time, with a
 * turn of the event loop for everybody else in between. Sends nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { OpenAlert } from './types.ts';

/** Made in a row: some 2 ms. */
export const SLICE = 50;

export async function makeAll(open: readonly OpenAlert[], signal: AbortSignal): Promise<AlertMessage[]> {
  const made: AlertMessage[] = [];
  for (const [index, alert] of open.entries()) {
    if (index > 0 && index % SLICE === 0) await nextTurn();
    if (signal.aborted) break;
    const message = alert.make();
    if (message !== null) made.push(message);
  }
  return made;
}
