/**
 * Ctrl-C and SIGTERM for commands that change a cluster: the first one asks to stop, a second one to stop at once and leave things as
 * they are. The process is never ended from here.
 */
import type { EventEmitter } from 'node:events';
import { EXIT, FreeholdError } from '../core/error.ts';

export interface Interrupts {
  /** Aborts at the first, with a FreeholdError `interrupted` as the reason. */
  readonly first: AbortSignal;
  /** Aborts at the second. */
  readonly second: AbortSignal;
  [Symbol.dispose](): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const interrupted = (): FreeholdError => new FreeholdError('interrupted', 'Interrupted.', { exitCode: EXIT.failure });

/** @param onHeard told of the first and of the second, so that somebody who waits knows that it was heard */
export function watchInterrupts(signals: EventEmitter, onHeard: (again: boolean) => void = () => undefined): Interrupts {
  const [first, second] = [new AbortController(), new AbortController()];
  const onSignal = (): void => {
    if (first.signal.aborted) {
      if (!second.signal.aborted) onHeard(true);
      second.abort(interrupted());
      return;
    }
    first.abort(interrupted());
    onHeard(false);
  };
  for (const signal of SIGNALS) signals.on(signal, onSignal);
  return {
    first: first.signal,
    second: second.signal,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) signals.off(signal, onSignal);
    },
  };
}
