import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { RangeSet } from '../../src/core/address/range-set.ts';
import type { LookRun } from '../../src/core/evidence/look.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import { MAX_RANGES, MAX_TARGETS } from '../../src/ledger/looks.ts';
import type { SegmentId } from '../../src/ledger/types.ts';
import {
  batch,
  DAY,
  HOUR,
  invalidSweep,
  LAN,
  LAN_SETTING,
  MINUTE,
  newLedger,
  openAt,
  range,
  SECOND,
  set,
  sweepOf,
  T0,
  temporaryPath,
  WIRE,
} from './fixtures.ts';

/** @param nowMs when it is told; a look may be told late, but never before it was made */
const look = (ledger: Ledger, segment: SegmentId, atMs: number, looked?: RangeSet, nowMs = atMs): void =>
  ledger.write(batch(nowMs, { sweeps: [sweepOf(segment, atMs, looked === undefined ? {} : { looked })] }));

const sorted = (runs: readonly LookRun[]) =>
  [...runs].sort((a, b) => a.sinceMs - b.sinceMs).map((run) => [run.sinceMs - T0, run.untilMs - T0, run.looks, run.longestGapMs]);

const steady = (from: number, until: number, step: number): number[] =>
  Array.from({ length: Math.floor((until - from) / step) + 1 }, (_, i) => from + i * step);

describe('looks', () => {
  const table: { readonly name: string; readonly at: readonly number[]; readonly runs: readonly (readonly number[])[] }[] = [
    { name: 'one look', at: [0], runs: [[0, 0, 1, 0]] },
    { name: 'looks that are close', at: [0, 1000, 3000], runs: [[0, 3000, 3, 2000]] },
    {
      name: 'a steady half minute is one run an hour',
      at: steady(0, 2 * HOUR - 1, 30 * SECOND),
      runs: [
        [0, 0, 1, 0],
        [30 * SECOND, HOUR - 30 * SECOND, 119, 30 * SECOND],
        [HOUR, 2 * HOUR - 30 * SECOND, 120, 30 * SECOND],
      ],
    },
    {
      name: 'a steady ten minutes too',
      at: steady(0, 2 * HOUR - 1, 10 * MINUTE),
      runs: [
        [0, 0, 1, 0],
        [10 * MINUTE, 50 * MINUTE, 5, 10 * MINUTE],
        [HOUR, 110 * MINUTE, 6, 10 * MINUTE],
      ],
    },
    {
      name: 'a missed look is no break, two are, and the break does not spoil the rest',
      at: [0, 30, 60, 90, 150, 180, 300, 330, 360].map((s) => s * SECOND),
      runs: [
        [0, 0, 1, 0],
        [30 * SECOND, 180 * SECOND, 5, 60 * SECOND],
        [300 * SECOND, 360 * SECOND, 3, 30 * SECOND],
      ],
    },
    {
      name: 'a look told late counts in the run it lies in, or by itself',
      at: [10_000, 12_000, 14_000, 13_000, 2_000, 16_000],
      runs: [
        [2_000, 2_000, 1, 0],
        [10_000, 16_000, 5, 2_000],
      ],
    },
  ];
  for (const { name, at, runs } of table) {
    it(name, () => {
      const { ledger, lan, path } = newLedger();
      for (const atMs of at) look(ledger, lan.id, T0 + atMs, undefined, T0 + Math.max(...at));
      expect(sorted(ledger.lookRuns(lan.id, 0))).toEqual(runs);
      ledger.close();
      const again = openAt(path);
      again.ensureSegment(LAN_SETTING);
      expect(sorted(again.lookRuns(lan.id, 0))).toEqual(runs);
    });
  }

  it('keeps methods and sets of targets apart, each set once, with the end of its first look', () => {
    const { ledger, lan } = newLedger();
    const half = set('192.0.2.1-192.0.2.126');
    look(ledger, lan.id, T0 + 10, half);
    look(ledger, lan.id, T0 + 20);
    look(ledger, lan.id, T0 + 5, half);
    ledger.write(batch(T0 + 30, { sweeps: [sweepOf(lan.id, T0 + 30, { looked: half, method: 'icmp' })] }));
    expect(ledger.lookRuns(lan.id, 0)).toHaveLength(4);
    expect(ledger.lookRuns(lan.id, T0 + 30)).toEqual([
      { targets: half, method: 'icmp', sinceMs: T0 + 30, untilMs: T0 + 30, looks: 1, longestGapMs: 0 },
    ]);
    expect(ledger.firstLooks(lan.id)).toEqual([
      { targets: half, atMs: T0 + 5 + 1500 },
      { targets: set('192.0.2.1-192.0.2.254'), atMs: T0 + 20 + 1500 },
    ]);
  });

  it('answers only runs that reach into the window', () => {
    const { ledger, lan } = newLedger();
    for (const atMs of steady(0, 3 * HOUR - 1, MINUTE)) look(ledger, lan.id, T0 + atMs);
    expect(ledger.lookRuns(lan.id, T0 + 90 * MINUTE)).toHaveLength(2);
    expect(ledger.lookRuns(lan.id, T0 + 3 * HOUR)).toHaveLength(0);
  });

  it('is not moved by invalid sweeps', () => {
    const { ledger, lan } = newLedger();
    look(ledger, lan.id, T0);
    ledger.write(
      batch(T0, { sweeps: [{ ...invalidSweep(lan.id, T0 + 1000, 'link-down'), looked: set('192.0.2.1-192.0.2.9') }] }),
    );
    expect(sorted(ledger.lookRuns(lan.id, 0))).toEqual([[0, 0, 1, 0]]);
    expect(ledger.firstLooks(lan.id)).toHaveLength(1);
    expect(ledger.lastValidSweepMs(lan.id, T0 + 400 * DAY)).toBe(T0 + 1500);
  });

  it('keeps only the largest ranges of a very scattered set', () => {
    const path = temporaryPath();
    const ledger = openAt(path);
    const wide = ledger.ensureSegment({ name: 'wide', range: range('198.18.0.0/16'), wire: WIRE, nowMs: T0 });
    const first = wide.range.first;
    const looked = Array.from({ length: 1000 }, (_, i) => ({
      first: ipv4(first + i * 60),
      last: ipv4(first + i * 60 + (i % 50)),
    }));
    look(ledger, wide.id, T0, looked);
    const [run] = ledger.lookRuns(wide.id, 0);
    expect(run?.targets).toHaveLength(MAX_RANGES);
    const kept = new Set(run?.targets.map((one) => one.first));
    const smallest = Math.min(...(run?.targets ?? []).map((one) => one.last - one.first));
    expect(looked.filter((one) => kept.has(one.first))).toEqual(run?.targets);
    expect(looked.every((one) => kept.has(one.first) || one.last - one.first <= smallest)).toBe(true);
  });

  it('forgets the set that was looked at longest ago when there are too many, and never the usual one', () => {
    const { ledger, lan, path } = newLedger();
    const one = (n: number): RangeSet => [
      { first: ipv4(LAN.first + (n % 240)), last: ipv4(LAN.first + (n % 240) + Math.floor(n / 240)) },
    ];
    for (let n = 0; n < MAX_TARGETS + 200; n += 100) {
      const sweeps = [sweepOf(lan.id, T0 + n * SECOND)];
      for (let i = n; i < n + 100; i++) sweeps.push(sweepOf(lan.id, T0 + i * SECOND, { looked: one(i), trigger: 'verify' }));
      ledger.write(batch(T0 + (n + 100) * SECOND, { sweeps }));
    }
    const check = (of: Ledger): void => {
      const firsts = of.firstLooks(lan.id);
      expect(firsts).toHaveLength(MAX_TARGETS);
      expect(firsts.find(({ atMs }) => atMs === T0 + 1500)?.targets).toEqual(set('192.0.2.1-192.0.2.254'));
      expect(firsts.some(({ atMs }) => atMs === T0 + 200 * SECOND + 1500)).toBe(false);
      expect(new Set(of.lookRuns(lan.id, 0).map(({ targets }) => targets)).size).toBe(MAX_TARGETS);
    };
    check(ledger);
    ledger.close();
    const again = openAt(path);
    again.ensureSegment(LAN_SETTING);
    check(again);
    expect(again.integrityCheck()).toEqual([]);
  });

  describe('of a clock that was ahead, and was set back', () => {
    const before = T0 - 4 * DAY;
    const rightMs = T0 + 60 * MINUTE;
    /** A run four days ago, an hour of looks a minute apart, then a clock three days ahead. */
    const ahead = (ledger: Ledger, id: SegmentId): void => {
      for (const atMs of steady(0, 14 * MINUTE, MINUTE)) look(ledger, id, before + atMs);
      for (const atMs of steady(0, 59 * MINUTE, MINUTE)) look(ledger, id, T0 + atMs);
      for (const atMs of steady(0, 14 * MINUTE, MINUTE)) look(ledger, id, T0 + 3 * DAY + atMs);
      look(ledger, id, T0 + 3 * DAY, set('192.0.2.1-192.0.2.126'));
    };
    const looks = (ledger: Ledger, id: SegmentId): number => ledger.lookRuns(id, 0).reduce((sum, run) => sum + run.looks, 0);

    it('are dropped with the next batch, and as much time before it as the clock was ahead', () => {
      const { ledger, lan } = newLedger();
      ahead(ledger, lan.id);
      look(ledger, lan.id, rightMs);
      expect(looks(ledger, lan.id)).toBe(15 + 1);
      expect(ledger.lookRuns(lan.id, rightMs + SECOND)).toEqual([]);
      expect(ledger.firstLooks(lan.id).map(({ atMs }) => atMs)).toEqual([before + 1500]);
      expect(ledger.lastValidSweepMs(lan.id, rightMs + 2 * SECOND)).toBe(rightMs + 1500);
    });

    it('are dropped by a batch of nothing too: nobody can be heard while the link is down', () => {
      const { ledger, lan } = newLedger();
      ahead(ledger, lan.id);
      for (let atMs = rightMs; atMs <= T0 + 4 * DAY; atMs += HOUR) ledger.write(batch(atMs, {}));
      expect(looks(ledger, lan.id)).toBe(15);
    });

    it('are dropped where only the time of a batch tells it, and the looks lie in the past', () => {
      const { ledger, lan } = newLedger();
      for (const atMs of steady(0, 30 * MINUTE, MINUTE)) look(ledger, lan.id, T0 + atMs);
      for (const atMs of steady(30 * MINUTE, 50 * MINUTE, MINUTE)) ledger.write(batch(T0 + atMs, {}));
      ledger.write(batch(T0 + 30 * MINUTE, {}));
      expect(ledger.lookRuns(lan.id, T0 + 11 * MINUTE)).toEqual([]);
    });

    it('are dropped where it was set back while no daemon ran, and the segment is not watched at first; once', () => {
      const { ledger, lan, path } = newLedger();
      ahead(ledger, lan.id);
      ledger.close();
      let told = 0;
      const open = (nowMs: number): Ledger => {
        const again = openLedger({ path, nowMs, onClockSetBack: () => told++ });
        onTestFinished(() => again.close());
        return again;
      };
      const again = open(rightMs);
      const other = again.ensureSegment({ ...LAN_SETTING, name: 'other' });
      look(again, other.id, rightMs);
      look(again, other.id, rightMs + MINUTE);
      again.ensureSegment(LAN_SETTING);
      expect(looks(again, lan.id)).toBe(15);
      expect(told).toBe(1);
      again.close();
      const third = open(rightMs + 2 * MINUTE);
      third.ensureSegment({ ...LAN_SETTING, name: 'other' });
      look(third, other.id, rightMs + 2 * MINUTE);
      expect(looks(third, other.id)).toBe(3);
      expect(told).toBe(1);
    });

    it('are not taken up where the sweep was told after that', () => {
      const { ledger, lan } = newLedger();
      look(ledger, lan.id, T0 + 3 * DAY, undefined, rightMs);
      expect(ledger.lookRuns(lan.id, 0)).toEqual([]);
    });

    it('stay where it was set back by no more than a correction', () => {
      const { ledger, lan } = newLedger();
      look(ledger, lan.id, T0 + SECOND);
      look(ledger, lan.id, T0 + 500);
      expect(ledger.lookRuns(lan.id, 0)).toHaveLength(2);
    });
  });

  it('never claims more than was looked at, whatever the order', () => {
    const times = fc.array(fc.integer({ min: 0, max: 3 * 3600 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, fc.boolean(), (seconds, inOrder) => {
        const { ledger, lan } = newLedger();
        const at = (inOrder ? seconds.toSorted((a, b) => a - b) : seconds).map((s) => T0 + s * SECOND);
        for (const atMs of at) look(ledger, lan.id, atMs, undefined, Math.max(...at));
        const runs = ledger.lookRuns(lan.id, 0);
        expect(runs.reduce((sum, run) => sum + run.looks, 0)).toBe(at.length);
        for (const run of runs) {
          const inside = at.filter((atMs) => atMs >= run.sinceMs && atMs <= run.untilMs).toSorted((a, b) => a - b);
          expect(inside[0]).toBe(run.sinceMs);
          expect(inside.at(-1)).toBe(run.untilMs);
          const longest = Math.max(0, ...inside.slice(1).map((atMs, i) => atMs - (inside[i] ?? 0)));
          expect(run.longestGapMs).toBeGreaterThanOrEqual(longest);
          if (inOrder) expect(run.longestGapMs).toBe(longest);
          expect(Math.floor(run.sinceMs / HOUR)).toBe(Math.floor(run.untilMs / HOUR));
        }
        for (const atMs of at) expect(runs.some((run) => run.sinceMs <= atMs && atMs <= run.untilMs)).toBe(true);
        ledger.close();
      }),
      { numRuns: 40 },
    );
  });
});
