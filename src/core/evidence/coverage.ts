/**
 * From the folded looks of a segment to what was looked at, address by address: disjoint spans of addresses that share all their
 * looks, each with figures that never claim more than was looked at (run-figures.ts has the bounds and their proofs). Judges
 * nothing.
 */
import type { Ipv4Range } from '../address/range.ts';
import type { RangeSet } from '../address/range-set.ts';
import { believableRun, CLOCK_TOLERANCE_MS } from './believable-run.ts';
import { joinRuns } from './join-runs.ts';
import type { FirstLook, LookRun } from './look.ts';
import { type Piece, partition } from './partition.ts';
import { addCounts, countLooks, type LookCount, type LookedTime, lookedTime, type Window } from './run-figures.ts';

export interface LookFigures extends LookCount, LookedTime {
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

/**
 * Runs that may be laid out in time for one answer, summed over the pieces of the range: about 25 ms of work. A year of sweeps is
 * 8,760 runs, and each piece that was verified apart has them all. Above this, runs are joined first.
 */
export const MAX_RUNS_LAID_OUT = 60_000;

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
  // A run dates a look by its sweep's start, a first look by its end: until then nothing was known to be quiet.
  const firsts = new Map<TargetSet, number>();
  for (const { targets, atMs } of firstLooks) {
    if (!(atMs <= nowMs + CLOCK_TOLERANCE_MS)) continue;
    const set = setFor(targets);
    firsts.set(set, earlier(firsts.get(set) ?? null, Math.min(atMs, nowMs)));
  }
  for (const [set, atMs] of firsts) set.firstLookMs = atMs;
  const sets = [...byKey.values()];
  return sets.length <= MAX_TARGET_SETS ? sets : sets.sort((a, b) => b.looks - a.looks).slice(0, MAX_TARGET_SETS);
}

/** What a set of targets brings into each piece that it holds. */
interface Share {
  readonly count: LookCount;
  /** The runs as they are laid out in time. */
  readonly runs: readonly LookRun[];
  readonly firstLookMs: number | null;
}

/** Looks are counted from every single run; only how they lie in time is told from joined ones, and only where there are too many. */
function sharesOf(sets: readonly TargetSet[], pieces: readonly Piece[], window: Window): readonly Share[] {
  let places = 0;
  let laidOut = 0;
  for (const members of new Set(pieces.map((piece) => piece.members))) {
    places += members.length;
    for (const index of members) laidOut += sets[index]?.runs.length ?? 0;
  }
  const atMost = laidOut <= MAX_RUNS_LAID_OUT ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(MAX_RUNS_LAID_OUT / places));
  return sets.map(({ runs, firstLookMs }) => ({
    count: countLooks(runs, window),
    runs: joinRuns(runs, atMost, window.maxGapMs),
    firstLookMs,
  }));
}

function figuresOf(shares: readonly Share[], window: Window): LookFigures {
  let firstLookMs: number | null = null;
  for (const share of shares) if (share.firstLookMs !== null) firstLookMs = earlier(firstLookMs, share.firstLookMs);
  const [only] = shares;
  const runs = only !== undefined && shares.length === 1 ? only.runs : shares.flatMap((share) => share.runs);
  return { ...addCounts(shares.map(({ count }) => count)), ...lookedTime(runs, window), firstLookMs };
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
  const pieces = partition(
    range,
    sets.map(({ targets }) => targets),
  );
  const shares = sharesOf(sets, pieces, window);
  const figures = new Map<readonly number[], LookFigures>();
  return pieces.map(({ first, last, members }) => {
    let known = figures.get(members);
    if (known === undefined) {
      known = figuresOf(
        members.flatMap((index) => shares[index] ?? []),
        window,
      );
      figures.set(members, known);
    }
    return { first, last, figures: known };
  });
}
