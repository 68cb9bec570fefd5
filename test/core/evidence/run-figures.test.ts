import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LookRun } from '../../../src/core/evidence/look.ts';
import { addCounts, countLooks } from '../../../src/core/evidence/run-figures.ts';
import { fold, knownRuns, runFigures, truthOf } from './looks.ts';

const TARGETS = [] as const;
const window = { startMs: 1_000, nowMs: 2_000, maxGapMs: 100 };
const run = (sinceMs: number, untilMs: number, looks: number, longestGapMs: number): LookRun => ({
  targets: TARGETS,
  method: 'arp',
  sinceMs,
  untilMs,
  looks,
  longestGapMs,
});

describe('figures of runs in the window 1000 .. 2000, a look vouching for 100', () => {
  const cases: readonly [
    name: string,
    runs: readonly LookRun[],
    looks: number,
    coverage: number,
    gap: number,
    newest: number | null,
  ][] = [
    ['no look at all', [], 0, 0, 1_000, null],
    ['one look', [run(1_400, 1_400, 1, 0)], 1, 0.1, 600, 1_400],
    ['one look less than 100 ago vouches up to now only', [run(1_950, 1_950, 1, 0)], 1, 0.05, 950, 1_950],
    ['a look before the window vouches into it, and is no look in it', [run(960, 960, 1, 0)], 0, 0.06, 1_000, 960],
    ['a look at the very start', [run(1_000, 1_000, 1, 0)], 1, 0.1, 1_000, 1_000],
    ['a tight run within', [run(1_200, 1_800, 13, 50)], 13, 0.7, 200, 1_800],
    ['a tight run over all of it: one look each 50, and the last', [run(0, 2_000, 41, 50)], 21, 1, 50, 2_000],
    ['a tight run cut by the start', [run(0, 1_480, 100, 50)], 10, 0.58, 520, 1_480],
    ['a gap as long as a look vouches is still tight', [run(1_000, 2_000, 11, 100)], 11, 1, 100, 2_000],
    ['a loose run: two whole gaps of 200, and the last look', [run(1_000, 1_400, 9, 200)], 9, 0.3, 600, 1_400],
    ['a loose run: two whole gaps of 200 and one of 50', [run(1_000, 1_450, 9, 200)], 9, 0.35, 550, 1_450],
    ['a loose run cut by the start may begin uncovered', [run(850, 1_150, 3, 200)], 1, 0.15, 850, 1_150],
    ['two looks at the ends of a loose run', [run(1_000, 2_000, 2, 1_000)], 2, 0.1, 1_000, 2_000],
    ['a run and a look in its middle', [run(1_000, 2_000, 2, 1_000), run(1_500, 1_500, 1, 0)], 3, 0.2, 500, 2_000],
    ['the same time twice is covered once', [run(1_200, 1_800, 13, 50), run(1_200, 1_800, 7, 100)], 20, 0.7, 200, 1_800],
    ['neighbouring runs', [run(1_510, 2_000, 10, 80), run(1_000, 1_500, 11, 50)], 21, 1, 80, 2_000],
    [
      'of two runs over the same time the denser one bounds the gap',
      [run(1_000, 2_000, 3, 600), run(1_000, 2_000, 6, 250)],
      9,
      0.4,
      250,
      2_000,
    ],
  ];
  it.each(cases)('%s', (_name, runs, looks, coverage, longestGapMs, newestLookMs) => {
    const figures = runFigures(runs, window);
    expect(figures).toMatchObject({ looks, longestGapMs, newestLookMs });
    expect(figures.coverage).toBeCloseTo(coverage, 12);
  });

  it('names the methods of the looks in the window, and no others', () => {
    const old: LookRun = { ...run(900, 950, 2, 50), method: 'arp' };
    expect(runFigures([old, { ...run(1_100, 1_200, 2, 100), method: 'icmp' }], window).methods).toEqual(['icmp']);
    expect(runFigures([{ ...run(1_100, 1_200, 2, 100), method: 'icmp' }, run(1_100, 1_100, 1, 0)], window).methods).toEqual([
      'arp',
      'icmp',
    ]);
  });
});

describe('figures never claim more than was looked at', () => {
  const nowMs = 400;
  const known = knownRuns(nowMs, 400, 1, fc.constant(TARGETS), 5);
  const windows = fc.record({ startMs: fc.integer({ min: 50, max: 390 }), maxGapMs: fc.integer({ min: 1, max: 40 }) });

  it('wherever within its run each look really was', () => {
    fc.assert(
      fc.property(known, windows, (runs, { startMs, maxGapMs }) => {
        const at = { startMs, nowMs, maxGapMs };
        const truth = truthOf(runs, at);
        const claimed = runFigures(
          runs.map((one) => one.run),
          at,
        );
        expect(claimed.looks).toBeLessThanOrEqual(truth.looks);
        expect(claimed.coverage).toBeLessThanOrEqual(truth.coverage + 1e-9);
        expect(claimed.longestGapMs).toBeGreaterThanOrEqual(truth.longestGapMs);
        expect(claimed.newestLookMs).toBe(truth.newestLookMs);
        expect(truth.methods).toEqual(claimed.methods);
      }),
      { numRuns: 20_000 },
    );
  });

  it('and count the same apart and together', () => {
    fc.assert(
      fc.property(known, windows, fc.nat({ max: 5 }), (runs, { startMs, maxGapMs }, cut) => {
        const at = { startMs, nowMs, maxGapMs };
        const all = runs.map((one) => one.run);
        expect(addCounts([countLooks(all.slice(0, cut), at), countLooks(all.slice(cut), at)])).toEqual(countLooks(all, at));
      }),
      { numRuns: 2_000 },
    );
  });

  it('and are exact where every look is known', () => {
    fc.assert(
      fc.property(known, windows, (runs, { startMs, maxGapMs }) => {
        const at = { startMs, nowMs, maxGapMs };
        const single = runs.flatMap(({ times, run: { method } }) => times.map((time) => fold([time], method, TARGETS)));
        const truth = truthOf(single, at);
        const claimed = runFigures(
          single.map((one) => one.run),
          at,
        );
        expect(claimed).toMatchObject({ looks: truth.looks, longestGapMs: truth.longestGapMs, newestLookMs: truth.newestLookMs });
        expect(claimed.coverage).toBeCloseTo(truth.coverage, 9);
      }),
      { numRuns: 2_000 },
    );
  });

  it('and never claim more when runs are taken away', () => {
    fc.assert(
      fc.property(known, windows, fc.nat(), (runs, { startMs, maxGapMs }, pick) => {
        fc.pre(runs.length > 0);
        const at = { startMs, nowMs, maxGapMs };
        const all = runs.map((one) => one.run);
        const more = runFigures(all, at);
        const less = runFigures(all.toSpliced(pick % all.length, 1), at);
        expect(less.looks).toBeLessThanOrEqual(more.looks);
        expect(less.coverage).toBeLessThanOrEqual(more.coverage + 1e-9);
        expect(less.longestGapMs).toBeGreaterThanOrEqual(more.longestGapMs);
      }),
      { numRuns: 10_000 },
    );
  });

  it('nor when a look is asked to vouch for less', () => {
    fc.assert(
      fc.property(known, windows, fc.integer({ min: 1, max: 20 }), (runs, { startMs, maxGapMs }, extra) => {
        const all = runs.map((one) => one.run);
        const strict = runFigures(all, { startMs, nowMs, maxGapMs });
        const lenient = runFigures(all, { startMs, nowMs, maxGapMs: maxGapMs + extra });
        expect(strict.coverage).toBeLessThanOrEqual(lenient.coverage + 1e-9);
      }),
      { numRuns: 10_000 },
    );
  });
});
