/**
 * Tries again what may pass by itself: a webhook that is not ready yet, an API server that restarts. With growing pauses, until the
 * patience is over or somebody interrupts; then with the last error.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ClusterError } from '../kube/errors.ts';

const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 5_000;

export interface Patience {
  /** In ms, of `now`. */
  readonly untilMs: number;
  /** In ms, from any beginning; a clock that nobody sets is best. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
  /** Told before a pause, once for each kind of trouble in a row: the same code again is nothing new to a person. */
  readonly onRetry?: (error: ClusterError, pauseMs: number) => void;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export const sleepFor = async (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  void (await pause(ms, undefined, signal === undefined ? {} : { signal }));

/** @throws what `work` threw last; or the reason of the signal, where that interrupted a pause */
export async function withPatience<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const { untilMs, now, signal, onRetry, sleep = sleepFor } = patience;
  let told: string | null = null;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MOST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ClusterError) || !error.mayPass || now() + pauseMs > untilMs) throw error;
      if (error.code !== told) onRetry?.(error, pauseMs);
      told = error.code;
    }
    try {
      await sleep(pauseMs, signal);
    } finally {
      signal?.throwIfAborted();
    }
  }
}
