/**
 * Ctrl-C during a claim: before the push it ends everything at once; once the push has begun it waits until the claim is whole. The
 * process never dies in between, however often it is pressed.
 */
import type { EventEmitter } from 'node:events';

export interface Interruption {
  /** Aborts at the first Ctrl-C, SIGTERM, or SIGHUP: the terminal, or the connection to it, is gone. */
  readonly signal: AbortSignal;
  /** From now on an interruption has to wait; `onWait` is told of each. */
  hold(onWait: () => void): void;
  close(): void;
}

export function watchInterruption(signals: EventEmitter): Interruption {
  const controller = new AbortController();
  let waiting: (() => void) | null = null;
  const stop = (): void => {
    controller.abort();
    waiting?.();
  };
  signals.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  return {
    signal: controller.signal,
    hold: (onWait) => {
      waiting = onWait;
    },
    close: () => void signals.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop),
  };
}

/** The work, or the interruption, whichever comes first. What is interrupted is left to itself. */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}
