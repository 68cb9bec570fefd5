/**
 * How long to wait before the next try: exponential from 1 s to 30 s, with jitter, so that the watches of many kinds, and of many
 * daemons, do not come back to a restarted API server at the same moment. And the wait itself, which tests bring their own of.
 */
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * @param failures so far in a row, 1 or more
 * @param random 0 .. 1
 * @returns half of 1 s, 2 s, 4 s … 30 s, or up to all of it
 */
export function retryDelayMs(failures: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return ceiling * (0.5 + random() / 2);
}

/** Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export const systemSleep: Sleep = async (ms, signal) => {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Woken early: that is what the signal is for.
  }
};
