import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mac } from '../../../src/core/address/mac.ts';
import { shuffle } from '../../../src/core/probe/plan.ts';
import { detectStandIns, MAX_STAND_INS } from '../../../src/core/probe/stand-in.ts';
import { mac, seeded } from './simulated-lan.ts';

const span = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const scattered = (seed: number, size: number, count: number): number[] => [
  ...shuffle(Uint32Array.from(span(0, size)), seeded(seed)).subarray(0, count),
];

/** `suspect` is MAC 1; each position of `hosts` has a host of its own, from MAC 100 on. */
function detected(size: number, suspect: readonly number[], hosts: readonly number[] = []): readonly Mac[] {
  const answers = new Map<Mac, readonly number[]>([[mac(1), suspect]]);
  for (const position of hosts) answers.set(mac(100 + position), [position]);
  return detectStandIns(answers, size).map((seen) => seen.mac);
}

describe('a stand-in', () => {
  it.each<[string, number, readonly number[], readonly number[]]>([
    ['answers for every address of a /24', 254, span(0, 254), []],
    ['answers for every address of a /24, live hosts included', 254, span(0, 254), scattered(1, 254, 200)],
    ['answers only for those without a host', 254, span(100, 154), span(0, 100)],
    ['answers for the half that is routed behind it', 254, span(127, 127), []],
    ['loses two answers of three, all over the range', 254, scattered(3, 254, 85), []],
    ['answers for all of a /16', 65_534, span(0, 65_534), scattered(2, 65_534, 5_000)],
    ['answers for all of a tiny range', 12, span(0, 12), [3]],
    ['answers for a small range but for a few that got lost', 64, scattered(4, 64, 55), []],
  ])('%s', (_name, size, suspect, hosts) => {
    expect(detected(size, suspect, hosts)).toEqual([mac(1)]);
  });
});

describe('a host with many addresses of its own', () => {
  it.each<[string, number, readonly number[], readonly number[]]>([
    ['a MetalLB node with 30 addresses in a row', 254, span(200, 30), span(1, 40)],
    ['the same on a network that is otherwise full', 254, span(200, 30), [...span(0, 200), ...span(230, 24)]],
    ['a hypervisor with 20 guests', 254, scattered(5, 254, 20), span(1, 40)],
    ['a hypervisor with 60 guests on an otherwise empty network', 254, scattered(5, 254, 60), []],
    ['a node with 30 addresses of a part of 64 that is swept alone', 64, span(0, 30), []],
    ['a node with 40 addresses of a part of 64 that is swept alone', 64, span(0, 40), []],
    ['a node with 15 addresses of a tiny range of 31', 31, span(0, 15), []],
    ['a machine that answers for 5,000 addresses of a /16', 65_534, scattered(6, 65_534, 5_000), []],
    ['seven addresses of a range of eight', 8, span(0, 7), []],
  ])('%s', (_name, size, suspect, hosts) => {
    expect(detected(size, suspect, hosts)).toEqual([]);
  });

  it('is never taken for a stand-in: up to 30 in a row or 20 scattered in a /24, whoever else answers', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.boolean(),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 224 }),
        fc.integer({ min: 0, max: 254 }),
        (seed, inARow, count, start, hostCount) => {
          const own = inARow ? span(start, count) : scattered(seed, 254, Math.min(count, 20));
          const hosts = scattered(seed + 1, 254, hostCount).filter((position) => !own.includes(position));
          expect(detected(254, own, hosts)).toEqual([]);
        },
      ),
    );
  });
});

describe('a stand-in among hosts', () => {
  it('is found wherever it answers for all that no host answers for, on a network up to half full', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 32, max: 1_024 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (seed, size, full) => {
          const hosts = scattered(seed, size, Math.floor(size * full));
          const taken = new Set(hosts);
          const silent = span(0, size).filter((position) => !taken.has(position));
          expect(detected(size, silent, hosts)).toEqual([mac(1)]);
        },
      ),
    );
  });

  it('does not hide another: two routers that answer for everything are both named', () => {
    const answers = new Map([
      [mac(1), span(0, 254)],
      [mac(2), span(0, 250)],
      [mac(3), [9]],
    ]);
    expect(detectStandIns(answers, 254)).toEqual([
      { mac: mac(1), addresses: 254 },
      { mac: mac(2), addresses: 250 },
    ]);
  });

  it('is one of a bounded number', () => {
    const answers = new Map(span(1, 100).map((number) => [mac(number), span(0, 254)]));
    expect(detectStandIns(answers, 254)).toHaveLength(MAX_STAND_INS);
  });
});
