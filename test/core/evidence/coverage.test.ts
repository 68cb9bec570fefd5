import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeSet, setContains } from '../../../src/core/address/range-set.ts';
import { coverageOf, MAX_RUNS_LAID_OUT, MAX_TARGET_SETS } from '../../../src/core/evidence/coverage.ts';
import type { LookRun } from '../../../src/core/evidence/look.ts';
import { knownRuns, runFigures } from './looks.ts';
import { checkPartition, lan } from './segment.ts';

const RANGE = lan(16, 47);
const NOW = 10_000;
const window = { startMs: 9_700, nowMs: NOW, maxGapMs: 12 };
const targets = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 })), { maxLength: 3 })
  .map((ranges) => rangeSet(ranges.map(([from, more]) => lan(from, from + more))));

const once = (run: Partial<LookRun>): LookRun => ({
  targets: [RANGE],
  method: 'arp',
  sinceMs: 9_900,
  untilMs: 9_900,
  looks: 1,
  longestGapMs: 0,
  ...run,
});

describe('coverage of a range', () => {
  it('gives each address the figures of just the runs that look at it', () => {
    const first = fc.array(fc.record({ targets, atMs: fc.integer({ min: 9_000, max: NOW }) }), { maxLength: 3 });
    fc.assert(
      fc.property(knownRuns(NOW, 400, 1, targets, 6), first, (known, firstLooks) => {
        const runs = known.map(({ run }) => run);
        const spans = coverageOf(RANGE, runs, firstLooks, window);
        checkPartition(RANGE, spans);
        for (const span of spans) {
          for (const address of [span.first, span.last]) {
            const mine = runs.filter((run) => setContains(run.targets, address));
            const recorded = (of: LookRun['targets']): boolean => firstLooks.some((look) => isDeepStrictEqual(look.targets, of));
            const moments = [
              ...mine.filter((run) => !recorded(run.targets)).map(({ sinceMs }) => sinceMs),
              ...firstLooks.filter((look) => setContains(look.targets, address)).map(({ atMs }) => atMs),
            ];
            const expected = { ...runFigures(mine, window), firstLookMs: moments.length === 0 ? null : Math.min(...moments) };
            expect({ ...span.figures, coverage: 0 }).toEqual({ ...expected, coverage: 0 });
            expect(span.figures.coverage).toBeCloseTo(expected.coverage, 12);
          }
        }
        for (const [index, span] of spans.entries()) expect(span.figures).not.toBe(spans[index + 1]?.figures);
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts runs with equal targets together, whoever made the sets', () => {
    const runs = [1, 2, 3].map((n) => once({ targets: [lan(20, 30)], sinceMs: 9_900 + n, untilMs: 9_900 + n }));
    const spans = coverageOf(RANGE, runs, [], window);
    expect(spans.map(({ figures }) => figures.looks)).toEqual([0, 3, 0]);
  });

  it('believes no run that contradicts itself, and none from the future', () => {
    const bad: readonly Partial<LookRun>[] = [
      { looks: 0 },
      { looks: 1.5 },
      { looks: Number.NaN },
      { sinceMs: 9_901 },
      { sinceMs: 9_800 },
      { sinceMs: 9_800, looks: 3, longestGapMs: 49 },
      { sinceMs: 9_800, looks: 3, longestGapMs: Number.NaN },
      { sinceMs: Number.NaN },
      { sinceMs: Number.NEGATIVE_INFINITY, looks: 9, longestGapMs: Number.POSITIVE_INFINITY },
      { untilMs: NOW + 1_001, looks: 2_000, longestGapMs: 5_000 },
    ];
    for (const run of bad) {
      expect(coverageOf(RANGE, [once(run)], [], window), JSON.stringify(run)).toMatchObject([
        { figures: { looks: 0, coverage: 0, longestGapMs: 300, newestLookMs: null, firstLookMs: null, methods: [] } },
      ]);
    }
    const ahead = once({ sinceMs: 9_950, untilMs: NOW + 900, looks: 3, longestGapMs: 900 });
    expect(coverageOf(RANGE, [ahead], [], window)[0]?.figures).toMatchObject({ looks: 3, newestLookMs: NOW, firstLookMs: 9_950 });
  });

  it('takes the earliest first look, and none from the future', () => {
    const at = (...atMs: number[]) =>
      coverageOf(
        RANGE,
        [],
        atMs.map((ms) => ({ targets: [RANGE], atMs: ms })),
        window,
      )[0]?.figures.firstLookMs;
    expect(at()).toBeNull();
    expect(at(5_000, 3_000, 4_000)).toBe(3_000);
    expect(at(NOW + 500)).toBe(NOW);
    expect(at(NOW + 5_000)).toBeNull();
    expect(at(Number.NaN)).toBeNull();
  });

  it('takes a first look on record for what it is, though the run that begins with it is dated earlier', () => {
    const firstOf = (targets: LookRun['targets']) =>
      coverageOf(RANGE, [once({})], [{ targets, atMs: 9_905 }], window).map(({ figures }) => figures.firstLookMs);
    expect(firstOf([RANGE])).toEqual([9_905]);
    expect(firstOf([lan(0, 60)])).toEqual([9_900]);
  });

  it('leaves out the smallest sets of targets where there are too many, and claims less', () => {
    const many = Array.from({ length: MAX_TARGET_SETS + 50 }, (_, n) =>
      once({ targets: [{ first: RANGE.first, last: (RANGE.last + n) as typeof RANGE.last }] }),
    );
    const regular = once({ targets: [lan(0, 47)], sinceMs: 9_700, untilMs: 10_000, looks: 31, longestGapMs: 10 });
    expect(coverageOf(RANGE, [...many, regular], [], window)[0]?.figures).toMatchObject({
      looks: 31 + MAX_TARGET_SETS - 1,
      coverage: 1,
    });
  });

  /**
   * Looks at all of the range, one after the other but for a time of 10 without any, which ends 20 ago; and `verified` addresses of it
   * looked at by themselves in the middle of that time.
   */
  const steady = (looks: number, verified: number): readonly LookRun[] => [
    ...Array.from({ length: looks }, (_, n) => NOW - (n <= 20 ? n : n + 9)).map((ms) => once({ sinceMs: ms, untilMs: ms })),
    ...Array.from({ length: verified }, (_, n) => once({ targets: [lan(16 + 2 * n)], sinceMs: NOW - 25, untilMs: NOW - 25 })),
  ];

  it.each([
    ['as they are where that is little work', 3_000, 5],
    ['joined where many pieces share too many, which costs no look and no coverage', 4_000, 10],
  ])('lays out runs %s', (_, looks, toldGapMs) => {
    const verified = 15;
    // Each verified address is a piece with looks of its own; all the others are in the same looks.
    expect(looks * (verified + 1) + verified > MAX_RUNS_LAID_OUT).toBe(looks === 4_000);
    const year = { startMs: NOW - looks - 8, nowMs: NOW, maxGapMs: 12 };
    const spans = coverageOf(RANGE, steady(looks, verified), [], year);
    checkPartition(RANGE, spans);
    for (const { first, last, figures } of spans) {
      const apart = first === last && first < lan(46).first && first % 2 === 0;
      expect(figures).toEqual({
        looks: apart ? looks + 1 : looks,
        coverage: 1,
        longestGapMs: apart ? toldGapMs : 10,
        newestLookMs: NOW,
        firstLookMs: NOW - looks - 8,
        methods: ['arp'],
      });
    }
  });
});
