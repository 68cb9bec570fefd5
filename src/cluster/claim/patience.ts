/**
 * Tries again what may pass by itself: a webhook that is not ready yet, an API server that restarts. With growing pauses, until the
 * patience is over or somebody interrupts; then with the last error.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ClusterError } from '../kube/errors.ts';

const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 5_000;

export interface Patience {
  /** Epoch ms, of `now`. */
  readonly untilMs: number;
  readonly now: () => number;
  readonly signal?: AbortSignal;
  /** Told before each pause; once for each kind of trouble is enough for a person. */
  readonly onRetry?: (error: ClusterError, pauseMs: number) => void;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

const sleepFor = async (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  void (await pause(ms, undefined, signal === undefined ? {} : { signal }));

export async function withPatience<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const { untilMs, now, signal, onRetry, sleep = sleepFor } = patience;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MOST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ClusterError) || !error.mayPass || now() + pauseMs > untilMs) throw error;
      onRetry?.(error, pauseMs);
      await sleep(pauseMs, signal);
    }
  }
}
