/**
 * The loops of a cluster: whenever something changes, each of them looks at everything and brings it a step nearer to what is wanted.
 * They run a moment later and one after the other, so that whoever watches sees states and not one leap.
 */
import type { Store } from './store.ts';

/** Looks at the whole cluster. @param again to be looked at anew in so many ms, where only time has to pass */
export type Controller = (again: (ms: number) => void) => void;

const PAUSE_MS = 5;

export interface Running {
  /** Resolves once nothing is left to do, or after the time given. */
  settled(patienceMs?: number): Promise<void>;
  stop(): void;
}

export function runControllers(store: Store, controllers: readonly Controller[]): Running {
  const timers = new Set<NodeJS.Timeout>();
  const waiting = new Set<() => void>();
  let isLookDue = false;
  const later = (ms: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
      if (timers.size === 0) for (const resolve of waiting) resolve();
    }, ms);
    timers.add(timer);
  };
  const look = (): void => {
    isLookDue = false;
    for (const controller of controllers) controller((ms) => later(ms, soon));
  };
  const soon = (): void => {
    if (!isLookDue) later(PAUSE_MS, look);
    isLookDue = true;
  };
  const unlisten = store.listen(soon);
  soon();
  return {
    async settled(patienceMs = 5000) {
      if (timers.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const patience = setTimeout(resolve, patienceMs);
      waiting.add(resolve);
      await promise;
      clearTimeout(patience);
      waiting.delete(resolve);
    },
    stop() {
      unlisten();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      for (const resolve of waiting) resolve();
    },
  };
}
