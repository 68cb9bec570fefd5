import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import { formatRange, type Ipv4Range, parseRange } from '../../../src/core/address/range.ts';
import {
  addressesOf,
  EMPTY_SET,
  intersectSets,
  type RangeSet,
  rangeSet,
  rangeSetOfAddresses,
  setContains,
  setSize,
  subtract,
  union,
} from '../../../src/core/address/range-set.ts';

const setOf = (...texts: string[]): RangeSet =>
  rangeSet(
    texts.map((text): Ipv4Range => {
      const result = parseRange(text);
      if (!result.ok) throw new Error(result.error);
      return result.value;
    }),
  );
const written = (set: RangeSet): string[] => set.map(formatRange);

const ALL = setOf('0.0.0.0/0');
const TOP = '255.255.255.255';
const BOTTOM = '0.0.0.0';

describe('rangeSet', () => {
  it.each<[string, string[], string[]]>([
    ['nothing', [], []],
    ['one', ['192.0.2.1'], ['192.0.2.1']],
    ['unsorted', ['192.0.2.9', '192.0.2.1'], ['192.0.2.1', '192.0.2.9']],
    ['repeated', ['192.0.2.1', '192.0.2.1'], ['192.0.2.1']],
    ['touching', ['192.0.2.2-192.0.2.3', '192.0.2.0-192.0.2.1'], ['192.0.2.0-192.0.2.3']],
    ['one apart', ['192.0.2.0', '192.0.2.2'], ['192.0.2.0', '192.0.2.2']],
    ['overlapping', ['192.0.2.0-192.0.2.5', '192.0.2.3-192.0.2.9'], ['192.0.2.0-192.0.2.9']],
    ['nested, then touching the outer', ['192.0.2.0-192.0.2.9', '192.0.2.3', '192.0.2.10'], ['192.0.2.0-192.0.2.10']],
    ['touching over the sign bit', ['128.0.0.0', '127.255.255.255'], ['127.255.255.255-128.0.0.0']],
    ['both edges', [TOP, BOTTOM], [BOTTOM, TOP]],
    ['touching at the top', [TOP, '255.255.255.254'], ['255.255.255.254-255.255.255.255']],
    ['twice the whole space', ['0.0.0.0/0', TOP], ['0.0.0.0-255.255.255.255']],
  ])('%s', (_, given, expected) => {
    expect(written(setOf(...given))).toEqual(expected);
  });
});

describe('edges of the address space', () => {
  it.each<[string, RangeSet, string[]]>([
    ['all without its top', subtract(ALL, setOf(TOP)), ['0.0.0.0-255.255.255.254']],
    ['all without its bottom', subtract(ALL, setOf(BOTTOM)), ['0.0.0.1-255.255.255.255']],
    ['all without both', subtract(ALL, setOf(TOP, BOTTOM)), ['0.0.0.1-255.255.255.254']],
    ['all without all', subtract(ALL, ALL), []],
    ['the top without all', subtract(setOf(TOP), ALL), []],
    ['the top without the bottom', subtract(setOf(TOP), setOf(BOTTOM)), [TOP]],
    ['two halves', union(setOf('0.0.0.0/1'), setOf('128.0.0.0/1')), ['0.0.0.0-255.255.255.255']],
    ['all and the edges', intersectSets(ALL, setOf(TOP, BOTTOM)), [BOTTOM, TOP]],
    ['of the top', rangeSetOfAddresses([0xffffffff as Ipv4, 0xfffffffe as Ipv4]), ['255.255.255.254-255.255.255.255']],
    ['of the bottom', rangeSetOfAddresses([1 as Ipv4, 0 as Ipv4, 0 as Ipv4]), ['0.0.0.0-0.0.0.1']],
  ])('%s', (_, set, expected) => {
    expect(written(set)).toEqual(expected);
  });

  it('counts and lists up to the top, and ends', () => {
    expect(setSize(ALL)).toBe(2 ** 32);
    expect(setSize(EMPTY_SET)).toBe(0);
    expect([...addressesOf(setOf('255.255.255.254/31', '0.0.0.0/31'))]).toEqual([0, 1, 0xfffffffe, 0xffffffff]);
    expect(setContains(ALL, ipv4(0))).toBe(true);
    expect(setContains(ALL, ipv4(0xffffffff))).toBe(true);
    expect(setContains(EMPTY_SET, ipv4(0))).toBe(false);
  });
});

// The reference: plain sets of addresses in three small windows, at the bottom, around the sign bit and at the top.
const WINDOWS = [0, 0x80000000 - 16, 0x100000000 - 32] as const;
const UNIVERSE: readonly Ipv4[] = WINDOWS.flatMap((start) => Array.from({ length: 32 }, (_, i) => ipv4(start + i)));

const anyRange = fc
  .tuple(fc.constantFrom(...WINDOWS), fc.nat(31), fc.nat(31))
  .map(([start, a, b]): Ipv4Range => ({ first: ipv4(start + Math.min(a, b)), last: ipv4(start + Math.max(a, b)) }));
const anyRanges = fc.array(anyRange, { maxLength: 12 });

const members = (ranges: readonly Ipv4Range[]): Set<Ipv4> =>
  new Set(UNIVERSE.filter((address) => ranges.some((range) => range.first <= address && address <= range.last)));

/** Sorted, and with a gap between each two: so every member is a maximal run. */
function expectSet(set: RangeSet, expected: ReadonlySet<Ipv4>): void {
  let before = Number.NEGATIVE_INFINITY;
  for (const { first, last } of set) {
    expect(first).toBeGreaterThan(before + 1);
    expect(last).toBeGreaterThanOrEqual(first);
    before = last;
  }
  expect([...addressesOf(set)]).toEqual(UNIVERSE.filter((address) => expected.has(address)));
  expect(setSize(set)).toBe(expected.size);
  for (const address of UNIVERSE) expect(setContains(set, address)).toBe(expected.has(address));
}

describe('against plain sets of addresses', () => {
  const runs = { numRuns: 300 };

  it('rangeSet', () => {
    fc.assert(
      fc.property(anyRanges, (ranges) => expectSet(rangeSet(ranges), members(ranges))),
      runs,
    );
  });

  it('rangeSetOfAddresses, in any order and with repeats', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...UNIVERSE), { maxLength: 100 }), (addresses) =>
        expectSet(rangeSetOfAddresses(addresses), new Set(addresses)),
      ),
      runs,
    );
  });

  it('union, subtract and intersectSets', () => {
    fc.assert(
      fc.property(anyRanges, anyRanges, (left, right) => {
        const [a, b] = [rangeSet(left), rangeSet(right)];
        const [inA, inB] = [members(left), members(right)];
        expectSet(union(a, b), new Set([...inA, ...inB]));
        expectSet(subtract(a, b), new Set([...inA].filter((address) => !inB.has(address))));
        expectSet(intersectSets(a, b), new Set([...inA].filter((address) => inB.has(address))));
      }),
      runs,
    );
  });

  it('changes no set in place', () => {
    const [a, b] = [setOf('192.0.2.0/24'), setOf('192.0.2.10-192.0.2.20')];
    const before = JSON.stringify([a, b]);
    union(a, b);
    subtract(a, b);
    intersectSets(a, b);
    expect(JSON.stringify([a, b])).toBe(before);
  });
});
