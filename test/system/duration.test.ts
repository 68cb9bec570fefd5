import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/system/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['72h', 259_200_000],
    ['14d', 1_209_600_000],
    ['0s', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: ms });
  });

  it.each(['', '5', 's', '-5s', '1.5h', '1h30m', '5 s', '5S', '5w', '1e3s', ' 5s', '99999999999999999d', '999999999999999d'])(
    'refuses "%s"',
    (text) => {
      const parsed = parseDuration(text);
      expect(parsed.ok).toBe(false);
      expect(parsed).toMatchObject({ error: expect.stringContaining(`"${text}" is not a duration`) });
    },
  );
});

describe('formatDuration', () => {
  it.each([
    [259_200_000, '72h'],
    [86_400_000, '24h'],
    [14 * 86_400_000, '14d'],
    [900_000, '15m'],
    [90_000, '90s'],
    [1500, '1500ms'],
    [0, '0s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('is read back as the same time', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 36 }), fc.constantFrom(1, 1000, 60_000), (count, unit) => {
        expect(parseDuration(formatDuration(count * unit))).toEqual({ ok: true, value: count * unit });
      }),
    );
  });
});
