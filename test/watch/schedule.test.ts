import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/system/logger.ts';
import { type SweepSchedule, scheduleSweeps } from '../../src/watch/schedule.ts';

const START = Date.UTC(2026, 0, 5);
const SECOND = 1000;

let schedule: SweepSchedule | null = null;
let sweeps = 0;
/** What the clock says beyond the time that really passed. */
let aheadMs = 0;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  sweeps = 0;
  aheadMs = 0;
  schedule = scheduleSweeps(
    '*/5 * * * * *',
    'lan',
    {
      logger: createLogger({ level: 'silent' }),
      clock: { nowMs: () => Date.now(), monotonicMs: () => Date.now() - START - aheadMs },
    },
    () => {
      sweeps++;
      return Promise.resolve();
    },
  );
});
afterEach(() => {
  schedule?.stop();
  vi.useRealTimers();
});

const step = (ms: number): void => {
  aheadMs += ms;
  vi.setSystemTime(Date.now() + ms);
};

describe('the schedule of a segment', () => {
  it('says how far apart its sweeps are, and keeps to it', async () => {
    expect(schedule?.intervalMs).toBe(5 * SECOND);
    await vi.advanceTimersByTimeAsync(20 * SECOND);
    expect(sweeps).toBe(4);
  });

  it('goes on at once where the clock was three days ahead and is set back', async () => {
    step(3 * 86_400 * SECOND);
    await vi.advanceTimersByTimeAsync(20 * SECOND);
    const before = sweeps;
    step(-3 * 86_400 * SECOND);
    await vi.advanceTimersByTimeAsync(20 * SECOND);
    expect(sweeps - before).toBeGreaterThanOrEqual(3);
  });

  it('fires no more once stopped', async () => {
    schedule?.stop();
    await vi.advanceTimersByTimeAsync(20 * SECOND);
    expect(sweeps).toBe(0);
  });
});
