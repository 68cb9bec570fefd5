/**
 * A clock that stands still until a test moves it.
 */
import type { Clock } from '../../src/system/clock.ts';

export interface FakeClock extends Clock {
  /** Both clocks go on by this much. */
  advance(ms: number): void;
  /** Somebody sets the time: the monotonic clock does not notice. */
  setNow(epochMs: number): void;
}

export function fakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  let monotonic = 0;
  return {
    nowMs: () => now,
    monotonicMs: () => monotonic,
    advance(ms) {
      now += ms;
      monotonic += ms;
    },
    setNow(epochMs) {
      now = epochMs;
    },
  };
}
