import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_MS, retryDelayMs, SHORTEST_MS, systemSleep } from '../../src/alert/backoff.ts';

describe('retryDelayMs', () => {
  it.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [9, 256_000],
    [10, 300_000],
    [1_000_000, 300_000],
  ])('after %i failures waits %i ms at most', (failures, longest) => {
    expect(retryDelayMs(failures, () => 1)).toBe(longest);
  });

  it('keeps to a shorter bound', () => {
    expect([1, 5, 9, 99].map((failures) => retryDelayMs(failures, () => 1, 60_000))).toEqual([1000, 16_000, 60_000, 60_000]);
  });

  it('spreads the waits over all that is allowed, and never hammers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const ms = retryDelayMs(failures, () => random);
        expect(ms).toBeGreaterThanOrEqual(SHORTEST_MS);
        expect(ms).toBeLessThanOrEqual(LONGEST_MS);
      }),
    );
    expect(retryDelayMs(5, () => 0)).toBe(SHORTEST_MS);
    expect(retryDelayMs(5, () => 0.5)).toBe(8050);
  });
});

describe('systemSleep', () => {
  it('ends with its signal, and does not reject', async () => {
    const signal = new AbortController();
    const sleeping = systemSleep(3_600_000, signal.signal);
    signal.abort();
    await expect(sleeping).resolves.toBeUndefined();
    await expect(systemSleep(3_600_000, signal.signal)).resolves.toBeUndefined();
    await expect(systemSleep(1, new AbortController().signal)).resolves.toBeUndefined();
  });
});
