import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRange, type Ipv4Range, parseRange, sizeOf } from '../../../src/core/address/range.ts';
import { chooseRange, nearestRange, type ProvenRange } from '../../../src/core/claim/choose.ts';

function range(text: string): Ipv4Range {
  const read = parseRange(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

const proven = (text: string, quietForMs = 1000, coverage = 1, looks = 100): ProvenRange => ({
  range: range(text),
  quietForMs,
  coverage,
  looks,
});
const text = (found: Ipv4Range | null): string | null => (found === null ? null : formatRange(found));

describe('chooseRange', () => {
  it.each<[string, readonly ProvenRange[], number, string | null]>([
    ['takes the end of the only one', [proven('192.0.2.100-192.0.2.199')], 16, '192.0.2.184-192.0.2.199'],
    ['takes all of one that just fits', [proven('192.0.2.100-192.0.2.115')], 16, '192.0.2.100-192.0.2.115'],
    ['finds none where all are too small', [proven('192.0.2.100-192.0.2.114')], 16, null],
    [
      'prefers the longest quiet',
      [proven('192.0.2.10-192.0.2.99', 1000), proven('192.0.2.120-192.0.2.139', 2000)],
      10,
      '192.0.2.130-192.0.2.139',
    ],
    [
      'then the best covered',
      [proven('192.0.2.10-192.0.2.99', 9, 0.97), proven('192.0.2.120-192.0.2.139', 9, 0.99)],
      10,
      '192.0.2.130-192.0.2.139',
    ],
    [
      'then the most looked at',
      [proven('192.0.2.10-192.0.2.99', 9, 1, 5), proven('192.0.2.120-192.0.2.139', 9, 1, 6)],
      10,
      '192.0.2.130-192.0.2.139',
    ],
    ['then the largest', [proven('192.0.2.120-192.0.2.139'), proven('192.0.2.10-192.0.2.99')], 10, '192.0.2.90-192.0.2.99'],
    [
      'passes over a better proven one that is too small',
      [proven('192.0.2.1-192.0.2.4', 9000), proven('192.0.2.10-192.0.2.99')],
      10,
      '192.0.2.90-192.0.2.99',
    ],
    ['finds nothing in nothing', [], 1, null],
  ])('%s', (_, ranges, size, expected) => {
    expect(text(chooseRange(ranges, size))).toBe(expected);
  });
});

describe('nearestRange', () => {
  it.each<[string, readonly string[], string, string | null]>([
    ['the wanted one itself', ['192.0.2.0-192.0.2.99'], '192.0.2.10-192.0.2.19', '192.0.2.10-192.0.2.19'],
    ['slides up past an occupied address', ['192.0.2.11-192.0.2.99'], '192.0.2.10-192.0.2.19', '192.0.2.11-192.0.2.20'],
    ['slides down', ['192.0.2.0-192.0.2.18'], '192.0.2.10-192.0.2.19', '192.0.2.9-192.0.2.18'],
    [
      'of two that are as near, the one before',
      ['192.0.2.0-192.0.2.18', '192.0.2.11-192.0.2.99'],
      '192.0.2.10-192.0.2.19',
      '192.0.2.9-192.0.2.18',
    ],
    [
      'passes over one that is too small',
      ['192.0.2.0-192.0.2.4', '192.0.2.200-192.0.2.254'],
      '192.0.2.10-192.0.2.19',
      '192.0.2.200-192.0.2.209',
    ],
    ['none', ['192.0.2.0-192.0.2.4'], '192.0.2.10-192.0.2.19', null],
  ])('%s', (_, ranges, wanted, expected) => {
    expect(
      text(
        nearestRange(
          ranges.map((one) => proven(one)),
          range(wanted),
        ),
      ),
    ).toBe(expected);
  });

  it('is of the size that was wanted, and free', () => {
    const bound = fc.integer({ min: 0xc0000200, max: 0xc00002ff });
    const arbitrary = fc.tuple(bound, bound).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }) as Ipv4Range);
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 8 }), arbitrary, (free, wanted) => {
        const found = nearestRange(
          free.map((one) => ({ range: one, quietForMs: 1, coverage: 1, looks: 1 })),
          wanted,
        );
        if (found === null) {
          expect(free.every((one) => sizeOf(one) < sizeOf(wanted))).toBe(true);
          return;
        }
        expect(sizeOf(found)).toBe(sizeOf(wanted));
        expect(free.some((one) => one.first <= found.first && found.last <= one.last)).toBe(true);
      }),
    );
  });
});
