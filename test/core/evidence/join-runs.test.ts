import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { believableRun } from '../../../src/core/evidence/believable-run.ts';
import { joinRuns } from '../../../src/core/evidence/join-runs.ts';
import type { LookRun } from '../../../src/core/evidence/look.ts';
import { lookedTime } from '../../../src/core/evidence/run-figures.ts';
import { knownRuns, truthOf } from './looks.ts';

const TARGETS = [] as const;
const run = (sinceMs: number, untilMs: number, looks: number, longestGapMs: number): LookRun => ({
  targets: TARGETS,
  method: 'arp',
  sinceMs,
  untilMs,
  looks,
  longestGapMs,
});

describe('joinRuns, a look vouching for 100', () => {
  const cases: readonly [name: string, runs: readonly LookRun[], atMost: number, joined: readonly LookRun[]][] = [
    ['few enough stay as they are', [run(0, 50, 2, 50), run(60, 90, 2, 30)], 2, [run(0, 50, 2, 50), run(60, 90, 2, 30)]],
    ['neighbours, in any order', [run(60, 90, 2, 30), run(0, 50, 2, 50)], 1, [run(0, 90, 4, 50)]],
    ['the time between them counts as a gap', [run(0, 50, 2, 50), run(150, 160, 2, 10)], 1, [run(0, 160, 4, 100)]],
    ['one within the other', [run(0, 500, 11, 50), run(100, 200, 2, 100)], 1, [run(0, 500, 13, 100)]],
    [
      'an outage stays apart from what is dense',
      [run(0, 50, 2, 50), run(60, 90, 2, 30), run(10_000, 10_050, 2, 50), run(10_060, 10_090, 2, 30)],
      2,
      [run(0, 90, 4, 50), run(10_000, 10_090, 4, 50)],
    ],
    [
      'so does a loose run from a tight one',
      [run(0, 150, 2, 150), run(160, 190, 2, 30), run(200, 250, 2, 50)],
      2,
      [run(0, 150, 2, 150), run(160, 250, 4, 50)],
    ],
    [
      'as few as asked for, whatever it costs',
      [run(0, 0, 1, 0), run(1e9, 1e9, 1, 0), run(9e12, 9e12, 1, 0)],
      1,
      [run(0, 9e12, 3, 9e12 - 1e9)],
    ],
    ['none', [], 1, []],
  ];
  it.each(cases)('%s', (_name, runs, atMost, joined) => {
    expect(joinRuns(runs, atMost, 100)).toEqual(joined);
  });

  const nowMs = 400;
  const known = knownRuns(nowMs, 400, 1, fc.constant(TARGETS), 6);
  const windows = fc.record({ startMs: fc.integer({ min: 50, max: 390 }), maxGapMs: fc.integer({ min: 1, max: 40 }) });

  it('never lets more be claimed than was looked at, beside other runs too', () => {
    fc.assert(
      fc.property(known, known, windows, fc.integer({ min: 1, max: 4 }), (runs, others, { startMs, maxGapMs }, atMost) => {
        const at = { startMs, nowMs, maxGapMs };
        const joined = joinRuns(
          runs.map((one) => one.run),
          atMost,
          maxGapMs,
        );
        expect(joined.length).toBeLessThanOrEqual(atMost);
        for (const one of joined) expect(believableRun(one, nowMs)).not.toBeNull();
        const truth = truthOf([...runs, ...others], at);
        const claimed = lookedTime([...joined, ...others.map((one) => one.run)], at);
        expect(claimed.coverage).toBeLessThanOrEqual(truth.coverage + 1e-9);
        expect(claimed.longestGapMs).toBeGreaterThanOrEqual(truth.longestGapMs);
      }),
      { numRuns: 10_000 },
    );
  });

  it('costs no coverage where all looks vouch for the time between them', () => {
    fc.assert(
      fc.property(known, known, windows, (runs, others, { startMs }) => {
        // 31 is more than any gap of these runs; what lies between two runs may be more.
        const at = { startMs, nowMs, maxGapMs: 40 };
        const all = runs.map((one) => one.run);
        const beside = others.map((one) => one.run);
        const dense = joinRuns(all, 1, 40).every(({ longestGapMs }) => longestGapMs <= 40);
        fc.pre(dense);
        const claimed = lookedTime([...joinRuns(all, 1, 40), ...beside], at).coverage;
        expect(claimed).toBeCloseTo(lookedTime([...all, ...beside], at).coverage, 12);
      }),
      { numRuns: 2_000 },
    );
  });
});
