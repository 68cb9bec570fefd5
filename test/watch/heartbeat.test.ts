import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/system/logger.ts';
import { Heartbeat } from '../../src/watch/heartbeat.ts';
import { fakeClock } from '../system/fake-clock.ts';

const INTERVAL_MS = 30_000;

function heart(watchdogIntervalMs: number | null = INTERVAL_MS) {
  const clock = fakeClock();
  const log: { level: string; msg: string; loop?: string }[] = [];
  const stream = { write: (line: string) => void log.push(JSON.parse(line)) };
  const logger = createLogger({ level: 'debug', pretty: false, journal: false, stream });
  let fed = 0;
  const notify = { watchdogIntervalMs, watchdog: () => void fed++ };
  const heartbeat = new Heartbeat({ clock, logger, notify });
  return {
    clock,
    log,
    heartbeat,
    /** Whether the look after `ms` fed the watchdog. */
    fedAfter(ms: number): boolean {
      const before = fed;
      clock.advance(ms);
      heartbeat.check();
      return fed > before;
    },
    fed: () => fed,
  };
}

describe('Heartbeat', () => {
  it('feeds while every loop moves within its allowance', () => {
    const { heartbeat, fedAfter, log } = heart();
    const recorder = heartbeat.register('recorder', 30_000);
    const segment = heartbeat.register('segment:lan', 90_000);
    heartbeat.check();
    for (let round = 1; round <= 9; round++) {
      recorder.beat();
      if (round % 3 === 0) segment.beat();
      expect(fedAfter(INTERVAL_MS)).toBe(true);
    }
    expect(log).toEqual([]);
    expect(heartbeat.stuck()).toEqual([]);
  });

  it('feeds where there is nothing to watch', () => expect(heart().fedAfter(0)).toBe(true));

  it('stops for one stuck loop among moving ones, says once which, and goes on when it moves', () => {
    const { heartbeat, fedAfter, log } = heart();
    const recorder = heartbeat.register('recorder', 40_000);
    const guard = heartbeat.register('guard', 70_000);
    const round = (...moving: { beat(): void }[]): boolean => {
      for (const loop of moving) loop.beat();
      return fedAfter(INTERVAL_MS);
    };
    heartbeat.check();
    expect(round(recorder, guard)).toBe(true);
    // Silent for 60 s is still allowed; for 90 s it is not.
    expect([round(recorder), round(recorder), round(recorder)]).toEqual([true, false, false]);
    expect(heartbeat.stuck()).toEqual(['guard']);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ level: 'error', loop: 'guard', allowedMs: 70_000 });
    expect(round(recorder, guard)).toBe(true);
    expect(heartbeat.stuck()).toEqual([]);
    expect(log[1]).toMatchObject({ level: 'warn', loop: 'guard', msg: expect.stringContaining('moves again') });
    expect([round(recorder), round(recorder), round(recorder)]).toEqual([true, false, false]);
    expect(log[2]).toMatchObject({ level: 'error', loop: 'guard' });
  });

  it('an allowance is a bound, not a shorter one', () => {
    const { heartbeat, clock, log } = heart();
    heartbeat.register('recorder', 10_000);
    clock.advance(10_000);
    heartbeat.check();
    expect(log).toEqual([]);
    clock.advance(1);
    heartbeat.check();
    expect(log).toHaveLength(1);
  });

  it('does not judge a loop that waits, and judges it from the moment it goes on', () => {
    const { heartbeat, fedAfter } = heart();
    const segment = heartbeat.register('segment:lan', 90_000);
    heartbeat.check();
    segment.allow(Number.POSITIVE_INFINITY);
    for (let round = 0; round < 100; round++) expect(fedAfter(INTERVAL_MS)).toBe(true);
    segment.allow(90_000);
    expect([fedAfter(INTERVAL_MS), fedAfter(INTERVAL_MS), fedAfter(INTERVAL_MS), fedAfter(INTERVAL_MS)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('forgets a loop that is over, and keeps another of the same name', () => {
    const { heartbeat, fedAfter } = heart();
    const old = heartbeat.register('segment:lan', 1000);
    heartbeat.check();
    expect(fedAfter(INTERVAL_MS)).toBe(false);
    heartbeat.register('segment:lan', 90_000);
    old.end();
    old.end();
    expect(fedAfter(INTERVAL_MS)).toBe(true);
  });

  it('does not blame the loops once for a process that stood still, and does the second time', () => {
    const { heartbeat, fedAfter, log } = heart();
    const recorder = heartbeat.register('recorder', 30_000);
    heartbeat.check();
    recorder.beat();
    expect(fedAfter(INTERVAL_MS * 4)).toBe(true);
    expect(log).toMatchObject([{ level: 'warn', msg: expect.stringContaining('stood still') }]);
    expect(fedAfter(INTERVAL_MS * 4)).toBe(false);
    expect(heartbeat.stuck()).toEqual(['recorder']);
  });

  it('somebody who sets the clock changes nothing', () => {
    const { heartbeat, clock, fedAfter } = heart();
    heartbeat.register('recorder', 90_000);
    heartbeat.check();
    clock.setNow(0);
    expect(fedAfter(INTERVAL_MS)).toBe(true);
    clock.setNow(Date.UTC(2040, 0));
    expect(fedAfter(INTERVAL_MS)).toBe(true);
  });
});

describe('the timer', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['at the interval of the watchdog', INTERVAL_MS, INTERVAL_MS],
    ['every 10 s without one, for the log', null, 10_000],
  ])('looks %s, from the start until the stop', (_, watchdogIntervalMs, expectedMs) => {
    vi.useFakeTimers();
    const { heartbeat, clock, fed } = heart(watchdogIntervalMs);
    heartbeat.start();
    heartbeat.start();
    expect(fed()).toBe(1);
    for (let round = 0; round < 3; round++) {
      clock.advance(expectedMs);
      vi.advanceTimersByTime(expectedMs);
    }
    expect(fed()).toBe(4);
    heartbeat.stop();
    heartbeat.stop();
    vi.advanceTimersByTime(expectedMs * 10);
    expect(fed()).toBe(4);
    expect(vi.getTimerCount()).toBe(0);
  });
});
