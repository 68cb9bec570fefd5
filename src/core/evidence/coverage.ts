/**
 * From the folded looks of a segment to what was looked at, address by address: disjoint spans of addresses that share all their
 * looks, each with figures that never claim more than was looked at (run-figures.ts has the bounds and their proofs). Judges
 * nothing.
 */
import type { Ipv4Range } from '../address/range.ts';
import type { RangeSet } from '../address/range-set.ts';
import { believableRun, CLOCK_TOLERANCE_MS } from './believable-run.ts';
import type { FirstLook, LookRun } from './look.ts';
import { partition } from './partition.ts';
import { type RunFigures, runFigures, type Window } from './run-figures.ts';

export interface LookFigures extends RunFigures {
  /** The first look ever; null: never looked at. */
  readonly firstLookMs: number | null;
}

export interface CoverageSpan extends Ipv4Range {
  /** The same object for all spans with the same looks. */
  readonly figures: LookFigures;
}

/**
 * At most so many different sets of targets are told apart; of more, those with the fewest looks are left out, which can only
 * weaken a proof. Each new range that a client has verified is such a set; the regular sweeps are one or two.
 */
export const MAX_TARGET_SETS = 256;

/** All looks that share their targets. */
interface TargetSet {
  readonly targets: RangeSet;
  readonly runs: LookRun[];
  firstLookMs: number | null;
  looks: number;
}

const keyOf = (targets: RangeSet): string => targets.map(({ first, last }) => `${first}-${last}`).join();

const earlier = (a: number | null, b: number): number => (a === null ? b : Math.min(a, b));

/** @param runs believed, in any order */
function targetSets(runs: readonly LookRun[], firstLooks: readonly FirstLook[], nowMs: number): readonly TargetSet[] {
  const byKey = new Map<string, TargetSet>();
  const byIdentity = new Map<RangeSet, TargetSet>();
  const setFor = (targets: RangeSet): TargetSet => {
    const known = byIdentity.get(targets);
    if (known !== undefined) return known;
    const key = keyOf(targets);
    const set = byKey.get(key) ?? { targets, runs: [], firstLookMs: null, looks: 0 };
    byKey.set(key, set);
    byIdentity.set(targets, set);
    return set;
  };
  for (const run of runs) {
    const set = setFor(run.targets);
    set.runs.push(run);
    set.looks += run.looks;
    set.firstLookMs = earlier(set.firstLookMs, run.sinceMs);
  }
  for (const { targets, atMs } of firstLooks) {
    if (!(atMs <= nowMs + CLOCK_TOLERANCE_MS)) continue;
    const set = setFor(targets);
    set.firstLookMs = earlier(set.firstLookMs, Math.min(atMs, nowMs));
  }
  const sets = [...byKey.values()];
  return sets.length <= MAX_TARGET_SETS ? sets : sets.sort((a, b) => b.looks - a.looks).slice(0, MAX_TARGET_SETS);
}

function figuresOf(members: readonly TargetSet[], window: Window): LookFigures {
  let firstLookMs: number | null = null;
  for (const set of members) if (set.firstLookMs !== null) firstLookMs = earlier(firstLookMs, set.firstLookMs);
  return {
    ...runFigures(members.length === 1 ? (members[0]?.runs ?? []) : members.flatMap(({ runs }) => runs), window),
    firstLookMs,
  };
}

/**
 * What was looked at in the window [startMs, nowMs], for every address of `range`: ascending, disjoint, complete; neighbours that
 * share their looks are one span. Runs need not be sorted; what they say of addresses outside the range is ignored.
 */
export function coverageOf(
  range: Ipv4Range,
  runs: readonly LookRun[],
  firstLooks: readonly FirstLook[],
  window: Window,
): readonly CoverageSpan[] {
  const believed: LookRun[] = [];
  for (const run of runs) {
    const counted = believableRun(run, window.nowMs);
    if (counted !== null) believed.push(counted);
  }
  const sets = targetSets(believed, firstLooks, window.nowMs);
  const figures = new Map<readonly number[], LookFigures>();
  return partition(
    range,
    sets.map(({ targets }) => targets),
  ).map(({ first, last, members }) => {
    let known = figures.get(members);
    if (known === undefined) {
      known = figuresOf(
        sets.filter((_, index) => members.includes(index)),
        window,
      );
      figures.set(members, known);
    }
    return { first, last, figures: known };
  });
}
