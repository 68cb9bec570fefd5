/**
 * Waiting for a cluster: looks again and again until something holds, or the time is over. A cluster that is away for a moment, or has
 * trouble of its own, is waited for as well. The clock is a parameter.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, systemClock } from '../system/clock.ts';
import { type ClusterError, isClusterError } from './kube/errors.ts';

export interface Pace {
  readonly clock: Clock;
  /** Between two looks. */
  readonly everyMs: number;
  /** Rejects with the signal's reason where it aborts. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemPace: Pace = {
  clock: systemClock,
  everyMs: 1000,
  async pause(ms, signal) {
    try {
      await pause(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** What one look found: it holds, or what is missing, in words. */
export type Look<T> = { readonly done: T } | { readonly why: string };

export type Waited<T> =
  | { readonly ok: true; readonly value: T }
  /** The time was over; `why` is what was missing at last, `error` what the last look failed with, where it did. */
  | { readonly ok: false; readonly why: string; readonly error: ClusterError | null };

export interface WaitOptions {
  readonly pace: Pace;
  /** From now on; at least one look is taken. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is waited for, whenever that is something else than before. */
  readonly onWhy?: ((why: string) => void) | undefined;
}

/** @throws what a look threw that will not pass by itself; the reason of `signal` */
export async function waitUntil<T>(look: () => Promise<Look<T>>, options: WaitOptions): Promise<Waited<T>> {
  const { pace, waitMs, signal, onWhy } = options;
  const deadline = pace.clock.monotonicMs() + waitMs;
  let said = '';
  for (;;) {
    signal?.throwIfAborted();
    const { found, error } = await lookOnce(look);
    if ('done' in found) return { ok: true, value: found.done };
    const rest = deadline - pace.clock.monotonicMs();
    if (rest <= 0) return { ok: false, why: found.why, error };
    if (found.why !== said) onWhy?.(found.why);
    said = found.why;
    await pace.pause(Math.min(pace.everyMs, rest), signal);
  }
}

async function lookOnce<T>(
  look: () => Promise<Look<T>>,
): Promise<{ readonly found: Look<T>; readonly error: ClusterError | null }> {
  try {
    return { found: await look(), error: null };
  } catch (error) {
    if (!passes(error)) throw error;
    return { found: { why: error.message }, error };
  }
}

/** Trouble on the way to the server, or of its own: not an answer. */
export const passes = (error: unknown): error is ClusterError =>
  isClusterError(error, 'cluster-unreachable', 'cluster-busy', 'cluster-webhook-unready');

/**
 * Does something until it was done, while the cluster is away for a moment: so it must be something that may be done twice.
 * @throws the last error, where the time is over
 */
export async function insist<T>(work: () => Promise<T>, options: WaitOptions): Promise<T> {
  const waited = await waitUntil<T>(async () => ({ done: await work() }), options);
  if (waited.ok) return waited.value;
  throw waited.error ?? new Error(waited.why);
}
