import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPacer, framesDue, MAX_FRAMES_PER_STEP, nextDueMs, takeFrames } from '../../../src/core/probe/pacing.ts';
import { seeded } from './simulated-lan.ts';

interface Taken {
  readonly atMs: number;
  readonly frames: number;
}

/** Takes all that is due whenever it is due, waking up `late()` ms after the time asked for. */
function drive(rate: number, untilMs: number, late: () => number, seed = 1): Taken[] {
  const pacer = createPacer(rate, 0, seeded(seed));
  const taken: Taken[] = [];
  let nowMs = 0;
  while (nowMs < untilMs) {
    const frames = framesDue(pacer, nowMs);
    if (frames > 0) {
      takeFrames(pacer, frames, nowMs);
      taken.push({ atMs: nowMs, frames });
    }
    nowMs = Math.max(nextDueMs(pacer, nowMs), nowMs) + late();
  }
  return taken;
}

const total = (taken: readonly Taken[]) => taken.reduce((sum, { frames }) => sum + frames, 0);

function busiest(taken: readonly Taken[], windowMs: number): number {
  let most = 0;
  for (const [i, { atMs }] of taken.entries()) {
    let frames = 0;
    for (let j = i; j < taken.length; j++) {
      const next = taken[j];
      if (next === undefined || next.atMs - atMs > windowMs) break;
      frames += next.frames;
    }
    most = Math.max(most, frames);
  }
  return most;
}

describe('the pacer', () => {
  it.each([
    [10, 0],
    [500, 0],
    [500, 1],
    [500, 2],
    [5_000, 1],
  ])('keeps %d a second on average with timers %d ms late', (rate, lateMs) => {
    const frames = total(drive(rate, 10_000, () => lateMs));
    expect(frames).toBeGreaterThanOrEqual(rate * 10 * 0.97);
    expect(frames).toBeLessThanOrEqual(rate * 10 + 2);
  });

  it('spaces evenly, with jitter: never closer than half a slot, never further than one and a half', () => {
    const taken = drive(100, 5_000, () => 0);
    const gaps = taken.slice(1).map(({ atMs }, i) => atMs - (taken[i]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15);
    expect(new Set(gaps.map((gap) => Math.round(gap * 10))).size).toBeGreaterThan(20);
  });

  it.each([
    [1, 1],
    [100, 1],
    [500, 2],
    [5_000, 20],
    [10_000_000, MAX_FRAMES_PER_STEP],
  ])('at %d a second a stall of 200 ms is followed by %d frames at most', (rate, most) => {
    const pacer = createPacer(rate, 0, seeded(3));
    const nowMs = nextDueMs(pacer, 0) + 200;
    expect(framesDue(pacer, nowMs)).toBeLessThanOrEqual(most);
    takeFrames(pacer, framesDue(pacer, nowMs), nowMs);
    expect(framesDue(pacer, nowMs)).toBe(0);
    expect(nextDueMs(pacer, nowMs)).toBeGreaterThan(nowMs);
  });

  it('spreads what it makes up for: half a slot for each frame', () => {
    for (let seed = 0; seed < 50; seed++) {
      const pacer = createPacer(10, 0, seeded(seed));
      takeFrames(pacer, 1, 99);
      expect(nextDueMs(pacer, 99)).toBeGreaterThanOrEqual(99 + 50);
    }
  });

  it('idle time earns nothing', () => {
    const pacer = createPacer(1_000, 0, seeded(5));
    expect(framesDue(pacer, 60_000)).toBe(4);
  });

  it('at rate max always has one chunk ready', () => {
    const pacer = createPacer('max', 0, seeded(1));
    expect(framesDue(pacer, 0)).toBe(MAX_FRAMES_PER_STEP);
    takeFrames(pacer, MAX_FRAMES_PER_STEP, 0);
    expect(framesDue(pacer, 0)).toBe(MAX_FRAMES_PER_STEP);
    expect(nextDueMs(pacer, 5)).toBe(5);
  });

  it('never exceeds the rate in any window, however late and irregular the wake-ups', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer(),
        fc.array(fc.oneof(fc.double({ min: 0, max: 3, noNaN: true }), fc.integer({ min: 0, max: 400 })), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.constantFrom(50, 200, 1_000),
        (rate, seed, lateness, windowMs) => {
          let wake = 0;
          const taken = drive(rate, Math.min(3_000, 2_000_000 / rate), () => lateness[wake++ % lateness.length] ?? 0, seed);
          const allowance = Math.max(1, rate * 0.004) + 2;
          expect(busiest(taken, windowMs)).toBeLessThanOrEqual((rate * windowMs) / 1000 + allowance);
        },
      ),
      { numRuns: 200 },
    );
  });
});
