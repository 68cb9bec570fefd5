/**
 * Runs of looks for tests: real looks, chosen freely, folded as the ledger folds them; and what is true of the real looks, counted
 * one by one. The truth shares no code with what it checks.
 */
import fc from 'fast-check';
import type { Ipv4Range } from '../../../src/core/address/range.ts';
import type { LookMethod, LookRun } from '../../../src/core/evidence/look.ts';
import { countLooks, type LookCount, type LookedTime, lookedTime, type Window } from '../../../src/core/evidence/run-figures.ts';

export interface KnownRun {
  readonly run: LookRun;
  /** Every look, ascending. */
  readonly times: readonly number[];
}

export interface Truth {
  readonly looks: number;
  readonly coverage: number;
  readonly longestGapMs: number;
  readonly newestLookMs: number | null;
  readonly methods: readonly LookMethod[];
}

/** @param slackMs by how much the folded gap is longer than the real one: a bound need not be tight */
export function fold(times: readonly number[], method: LookMethod, targets: readonly Ipv4Range[], slackMs = 0): KnownRun {
  let longestGapMs = 0;
  for (const [index, time] of times.entries())
    if (index > 0) longestGapMs = Math.max(longestGapMs, time - (times[index - 1] ?? 0));
  const run = {
    targets,
    method,
    sinceMs: times[0] ?? 0,
    untilMs: times.at(-1) ?? 0,
    looks: times.length,
    longestGapMs: times.length > 1 ? longestGapMs + slackMs : 0,
  };
  return { run, times };
}

/** All that is claimed of runs at one address. */
export const runFigures = (runs: readonly LookRun[], window: Window): LookCount & LookedTime => ({
  ...countLooks(runs, window),
  ...lookedTime(runs, window),
});

/** What an observer who wrote down every single look would say. */
export function truthOf(runs: readonly KnownRun[], { startMs, nowMs, maxGapMs }: Window): Truth {
  const all = runs.flatMap(({ times }) => times).sort((a, b) => a - b);
  const inside = all.filter((time) => time >= startMs && time <= nowMs);
  let covered = 0;
  let coveredUntil = startMs;
  for (const time of all) {
    const from = Math.max(time, coveredUntil);
    const until = Math.min(time + maxGapMs, nowMs);
    if (until > from) {
      covered += until - from;
      coveredUntil = until;
    }
  }
  const moments = [startMs, ...inside, nowMs];
  const gaps = moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0));
  return {
    looks: inside.length,
    coverage: covered / (nowMs - startMs),
    longestGapMs: Math.max(...gaps),
    newestLookMs: all.at(-1) ?? null,
    methods: (['arp', 'icmp'] as const).filter((method) =>
      runs.some(({ run, times }) => run.method === method && times.some((time) => time >= startMs && time <= nowMs)),
    ),
  };
}

/**
 * Looks that end at or before `nowMs`, with gaps drawn from a small pool: equal and extreme gaps are the worst cases of the bounds.
 * @param unit all times are multiples of this
 */
export const knownRuns = (
  nowMs: number,
  spanMs: number,
  unit: number,
  targets: fc.Arbitrary<readonly Ipv4Range[]>,
  maxRuns: number,
) =>
  fc.array(
    fc
      .record({
        sinceUnits: fc.integer({ min: 0, max: Math.floor(spanMs / unit) }),
        pool: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 3 }),
        picks: fc.array(fc.nat({ max: 2 }), { maxLength: 25 }),
        method: fc.constantFrom<LookMethod>('arp', 'icmp'),
        slackUnits: fc.constantFrom(0, 0, 0, 1, 7),
        targets,
      })
      .map(({ sinceUnits, pool, picks, method, slackUnits, targets: of }) => {
        const times = [nowMs - spanMs + sinceUnits * unit];
        for (const pick of picks) {
          const next = (times.at(-1) ?? 0) + (pool[pick % pool.length] ?? 0) * unit;
          if (next <= nowMs) times.push(next);
        }
        return fold(times, method, of, slackUnits * unit);
      }),
    { maxLength: maxRuns },
  );
