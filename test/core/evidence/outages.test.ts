import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outage } from '../../../src/core/evidence/facts.ts';
import type { LookRun } from '../../../src/core/evidence/look.ts';
import { MAX_OUTAGES, outagesIn } from '../../../src/core/evidence/outages.ts';
import { fold, knownRuns } from './looks.ts';
import { lan } from './segment.ts';

const MIN = 60_000;
const NOW = 100_000 * MIN;
/** Minutes before now, as a time. */
const ago = (minutes: number): number => NOW - minutes * MIN;
const WHOLE = [lan(0, 255)];

const run = (fromAgo: number, untilAgo: number, stepMin = 1, targets = WHOLE): LookRun =>
  fold(
    Array.from({ length: (fromAgo - untilAgo) / stepMin + 1 }, (_, index) => ago(fromAgo - index * stepMin)),
    'arp',
    targets,
  ).run;
const bad = (fromAgo: number, untilAgo: number, reason: string, sweeps = 3): Outage => ({
  fromMs: ago(fromAgo),
  untilMs: ago(untilAgo),
  reason,
  sweeps,
});
const up = (fromAgo: number, untilAgo: number) => ({ fromMs: ago(fromAgo), untilMs: ago(untilAgo) });

type Told = readonly [fromAgo: number, untilAgo: number, reason: string, sweeps: number];

interface Situation {
  readonly name: string;
  readonly runs?: readonly LookRun[];
  readonly invalid?: readonly Outage[];
  readonly uptimes?: readonly { readonly fromMs: number; readonly untilMs: number }[];
  readonly told: readonly Told[];
}

const situations: readonly Situation[] = [
  { name: 'swept all the time', runs: [run(1_000, 0)], told: [] },
  { name: 'swept in hourly runs', runs: [run(1_000, 941), run(940, 100), run(99, 1)], told: [] },
  { name: 'a pause that a look still vouches for', runs: [run(1_000, 500), run(485, 0)], told: [] },
  {
    name: 'a failed sweep in such a pause',
    runs: [run(1_000, 500), run(485, 0)],
    invalid: [bad(495, 490, 'send-failed')],
    told: [],
  },
  { name: 'a longer one, while the daemon ran', runs: [run(1_000, 500), run(484, 0)], told: [[500, 484, 'not-swept', 0]] },
  {
    name: 'the daemon was stopped',
    runs: [run(1_000, 500), run(400, 0)],
    uptimes: [up(1_000, 499), up(401, 0)],
    told: [[500, 400, 'not-running', 0]],
  },
  {
    name: 'the link was down',
    runs: [run(1_000, 500), run(400, 0)],
    invalid: [bad(499, 401, 'link-down', 98)],
    told: [[500, 400, 'link-down', 98]],
  },
  {
    name: 'the link was down, then the daemon stopped, then nobody swept',
    runs: [run(1_000, 500), run(400, 0)],
    invalid: [bad(499, 480, 'link-down', 19)],
    uptimes: [up(1_000, 479), up(450, 0)],
    told: [
      [500, 479, 'link-down', 19],
      [479, 450, 'not-running', 0],
      [450, 400, 'not-swept', 0],
    ],
  },
  {
    name: 'two reasons, one after the other',
    runs: [run(1_000, 500), run(400, 0)],
    invalid: [bad(460, 401, 'control-silent', 5), bad(499, 465, 'link-down', 7)],
    told: [
      [500, 460, 'link-down', 7],
      [460, 400, 'control-silent', 5],
    ],
  },
  {
    name: 'reports of the same reason are one',
    runs: [run(1_000, 500), run(400, 0)],
    invalid: [bad(499, 470, 'link-down', 2), bad(465, 401, 'link-down', 3)],
    told: [[500, 400, 'link-down', 5]],
  },
  {
    name: 'a single invalid sweep is the best reason there is',
    runs: [run(1_000, 500), run(480, 0)],
    invalid: [bad(490, 490, 'send-failed', 1)],
    told: [[500, 480, 'send-failed', 1]],
  },
  { name: 'before the first look', runs: [run(300, 0)], uptimes: [up(310, 0)], told: [[1_000, 300, 'not-running', 0]] },
  { name: 'before the first look, although the daemon ran', runs: [run(300, 0)], told: [[1_000, 300, 'not-running', 0]] },
  {
    name: 'the link was down from the start',
    runs: [run(300, 0)],
    invalid: [bad(1_200, 301, 'link-down', 9)],
    told: [[1_000, 300, 'link-down', 9]],
  },
  { name: 'never a look', told: [[1_000, 0, 'not-running', 0]] },
  {
    name: 'no look for the last hour',
    runs: [run(1_100, 60)],
    invalid: [bad(59, 1, 'interface-gone')],
    told: [[60, 0, 'interface-gone', 3]],
  },
  {
    name: 'the running daemon noted a moment ago that it is alive',
    runs: [run(1_100, 60)],
    uptimes: [up(2_000, 0.1)],
    told: [[60, 0, 'not-swept', 0]],
  },
  {
    name: 'a verified range is no look at the segment',
    runs: [run(1_000, 500), run(450, 450, 1, [lan(1, 9)]), run(400, 0)],
    told: [[500, 400, 'not-swept', 0]],
  },
  {
    name: 'an outage inside one folded run',
    invalid: [bad(500, 470, 'link-down')],
    runs: [{ targets: WHOLE, method: 'arp', sinceMs: ago(1_000), untilMs: NOW, looks: 970, longestGapMs: 31 * MIN }],
    told: [[500, 470, 'link-down', 3]],
  },
  { name: 'sweeps that are simply too far apart are no outage', runs: [run(1_000, 0, 20)], told: [] },
  { name: 'looks from the future end nothing', runs: [run(1_000, 100), run(50, -10)], told: [[100, 0, 'not-swept', 0]] },
];

describe('outages in the last 1000 min, a look vouching for 15 min', () => {
  it.each(situations)('$name', ({ runs = [], invalid = [], uptimes = [up(5_000, 0)], told }) => {
    const outages = outagesIn({ windowStartMs: ago(1_000), nowMs: NOW, runs, invalid, uptimes, maxGapMs: 15 * MIN });
    const minutes = (ms: number): number => (NOW - ms) / MIN;
    expect(outages.map((one) => [minutes(one.fromMs), minutes(one.untilMs), one.reason, one.sweeps])).toEqual(told);
  });

  it('are the longest where there are too many, still in order of time', () => {
    const runs = Array.from({ length: 150 }, (_, n) => run(150_000 - n * 1_000 + n * 3, 150_000 - n * 1_000 - 400));
    const outages = outagesIn({
      windowStartMs: ago(150_000),
      nowMs: NOW,
      runs,
      invalid: [],
      uptimes: [up(200_000, 0)],
      maxGapMs: 15 * MIN,
    });
    expect(outages).toHaveLength(MAX_OUTAGES);
    const lengths = outages.map(({ fromMs, untilMs }) => untilMs - fromMs);
    // Last comes one of 600 min; before it they are 597, 594, 591 ... 153 min long.
    expect(Math.min(...lengths)).toBe((597 - 98 * 3) * MIN);
    for (const [index, one] of outages.entries())
      expect(one.fromMs).toBeGreaterThanOrEqual(outages[index - 1]?.untilMs ?? Number.NEGATIVE_INFINITY);
  });

  it('lie in the window, apart from each other, and hold no look; and no long time between runs is left out', () => {
    const stretch = fc
      .tuple(fc.nat({ max: 1_200 }), fc.nat({ max: 300 }))
      .map(([from, length]) => [from, from - length] as const);
    const invalid = fc.array(
      fc
        .tuple(stretch, fc.constantFrom('link-down', 'send-failed'), fc.nat({ max: 5 }))
        .map(([[from, until], why, n]) => bad(from, until, why, n)),
      { maxLength: 5 },
    );
    const uptimes = fc.array(
      stretch.map(([from, until]) => up(from, until)),
      { maxLength: 4 },
    );
    const windowStartMs = ago(1_000);
    const maxGapMs = 30 * MIN;
    fc.assert(
      fc.property(knownRuns(NOW, 1_200 * MIN, MIN, fc.constant(WHOLE), 5), invalid, uptimes, (known, bads, ups) => {
        const runs = known.map((one) => one.run);
        const outages = outagesIn({ windowStartMs, nowMs: NOW, runs, invalid: bads, uptimes: ups, maxGapMs });
        let before = windowStartMs;
        for (const { fromMs, untilMs } of outages) {
          expect(fromMs).toBeGreaterThanOrEqual(before);
          expect(untilMs).toBeLessThanOrEqual(NOW);
          before = untilMs;
        }
        const tight = known.filter(({ run: { longestGapMs } }) => longestGapMs <= maxGapMs);
        for (const { fromMs, untilMs } of outages) {
          for (const { times } of tight) expect(times.some((time) => time > fromMs && time < untilMs)).toBe(false);
        }
        const inside = (ms: number): boolean => outages.some(({ fromMs, untilMs }) => fromMs <= ms && ms <= untilMs);
        const ends = [
          windowStartMs,
          ...runs.flatMap(({ sinceMs, untilMs }) => [sinceMs, untilMs]).filter((ms) => ms > windowStartMs),
          NOW,
        ];
        ends.sort((a, b) => a - b);
        for (const [index, end] of ends.entries()) {
          const start = ends[index - 1] ?? end;
          const spanned = runs.some(({ sinceMs, untilMs }) => sinceMs <= start && untilMs >= end);
          if (end - start > maxGapMs && !spanned) expect(inside((start + end) / 2)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
