import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, printedPart } from '../../../src/core/evidence/duration-text.ts';

describe('durations as text', () => {
  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [Number.NaN, '0 s'],
    [400, '400 ms'],
    [999.9, '999 ms'],
    [1_000, '1 s'],
    [40_999, '40 s'],
    [60_000, '1 min'],
    [90_000, '1 min 30 s'],
    [900_000, '15 min'],
    [3_599_999, '59 min 59 s'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [72 * 3_600_000 - 1, '71 h 59 min'],
    [72 * 3_600_000, '72 h'],
    [72 * 3_600_000 + 3_599_999, '72 h'],
    [73 * 3_600_000, '3 d 1 h'],
    [14 * 86_400_000, '14 d'],
    [14 * 86_400_000 + 5 * 3_600_000, '14 d 5 h'],
    [Number.POSITIVE_INFINITY, 'unlimited time'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('prints a time and its printed part alike, and never more than it is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e10, noNaN: true }), (ms) => {
        expect(formatDuration(printedPart(ms))).toBe(formatDuration(ms));
        expect(printedPart(ms)).toBeLessThanOrEqual(ms);
      }),
    );
  });
});
