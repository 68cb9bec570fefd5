/**
 * How long to wait before the next try: exponential from 1 s to 5 min, with full jitter, so that the waits of many senders do not
 * fall together. And the wait itself, which tests bring their own of.
 */
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 1000;
export const LONGEST_MS = 300_000;
/** Jitter may come out as nothing at all; a receiver in trouble gets this much peace anyway. */
export const SHORTEST_MS = 100;

/**
 * @param failures so far in a row, 1 or more
 * @param random 0 .. 1
 * @param longestMs at most LONGEST_MS
 * @returns SHORTEST_MS .. longestMs
 */
export function retryDelayMs(failures: number, random: () => number, longestMs: number = LONGEST_MS): number {
  const ceiling = Math.min(longestMs, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return SHORTEST_MS + random() * (ceiling - SHORTEST_MS);
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
