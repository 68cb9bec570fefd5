import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../../src/core/address/ipv4.ts';
import {
  contains,
  formatRange,
  type Ipv4Range,
  intersect,
  overlaps,
  parseRange,
  sizeOf,
} from '../../../src/core/address/range.ts';

const rangeOf = (text: string): Ipv4Range => {
  const result = parseRange(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

describe('parseRange', () => {
  it.each<[string, string, number]>([
    ['192.0.2.10-192.0.2.20', '192.0.2.10-192.0.2.20', 11],
    ['  192.0.2.10 -  192.0.2.20 ', '192.0.2.10-192.0.2.20', 11],
    ['192.0.2.10', '192.0.2.10', 1],
    ['192.0.2.10-192.0.2.10', '192.0.2.10', 1],
    ['192.0.2.0/30', '192.0.2.0-192.0.2.3', 4],
    ['127.255.255.255-128.0.0.0', '127.255.255.255-128.0.0.0', 2],
    ['0.0.0.0/0', '0.0.0.0-255.255.255.255', 2 ** 32],
    ['255.255.255.255', '255.255.255.255', 1],
  ])('%s', (text, formatted, size) => {
    expect(formatRange(rangeOf(text))).toBe(formatted);
    expect(sizeOf(rangeOf(text))).toBe(size);
  });

  it.each([
    ['', 'not an IPv4 address'],
    ['192.0.2.20-192.0.2.10', 'first address is after the last'],
    ['192.0.2.10-20', 'both ends of a range are whole addresses'],
    ['192.0.2.10-', 'both ends of a range are whole addresses'],
    ['-192.0.2.10', 'not an IPv4 address'],
    ['192.0.2.1-192.0.2.2-192.0.2.3', 'expected FIRST-LAST'],
    ['192.0.2.1/24', 'host bits'],
    ['192.0.2.0/24-192.0.3.0/24', 'is not a network'],
  ])('refuses %j: %s', (text, message) => {
    const result = parseRange(text);
    expect(result).toMatchObject({ ok: false });
    if (!result.ok) expect(result.error).toContain(message);
  });
});

/** Ranges near both edges and around the sign bit, so that they often meet. */
const place = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 0x7ffffffc, max: 0x80000004 }),
  fc.integer({ min: 0xfffffff7, max: 0xffffffff }),
);
const anyRange = fc.tuple(place, place).map(([a, b]) => ({ first: ipv4(Math.min(a, b)), last: ipv4(Math.max(a, b)) }));

describe('two ranges', () => {
  it('meet in the addresses that both contain', () => {
    fc.assert(
      fc.property(anyRange, anyRange, place, (a, b, value) => {
        const address = ipv4(value);
        const both = contains(a, address) && contains(b, address);
        const common = intersect(a, b);
        expect(common !== null && contains(common, address)).toBe(both);
        expect(overlaps(a, b)).toBe(common !== null);
        if (common !== null) expect(sizeOf(common)).toBeGreaterThan(0);
      }),
    );
  });

  it.each([
    ['192.0.2.0-192.0.2.9', '192.0.2.10-192.0.2.19', null],
    ['192.0.2.0-192.0.2.10', '192.0.2.10-192.0.2.19', '192.0.2.10'],
    ['0.0.0.0/0', '255.255.255.255', '255.255.255.255'],
    ['0.0.0.0/0', '0.0.0.0', '0.0.0.0'],
  ])('%s and %s have %s in common', (a, b, expected) => {
    const common = intersect(rangeOf(a), rangeOf(b));
    expect(common === null ? null : formatRange(common)).toBe(expected);
  });
});
