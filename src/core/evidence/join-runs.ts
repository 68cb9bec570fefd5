/**
 * Makes few runs out of many that look at the same addresses, to tell how their looks lie in time at less cost. A joined run is as
 * true as its parts, and says less: where each part begins and ends is forgotten. Counts no looks anew and drops none.
 */
import type { LookRun } from './look.ts';

/**
 * Neighbours become one run where no gap in it is longer than `limitMs`. The parts begin and end with a look, so no gap of the
 * whole is longer than the longest of the two and of the time between them.
 * @param runs by `sinceMs`, ascending
 */
function joinedUpTo(runs: readonly LookRun[], limitMs: number): LookRun[] {
  const joined: LookRun[] = [];
  let open: LookRun | undefined;
  for (const run of runs) {
    const longestGapMs = open === undefined ? 0 : Math.max(open.longestGapMs, run.longestGapMs, run.sinceMs - open.untilMs);
    if (open === undefined || longestGapMs > limitMs) {
      if (open !== undefined) joined.push(open);
      open = run;
    } else {
      open = { ...open, untilMs: Math.max(open.untilMs, run.untilMs), looks: open.looks + run.looks, longestGapMs };
    }
  }
  if (open !== undefined) joined.push(open);
  return joined;
}

/**
 * The same runs, or at most `atMost` joined ones. Those are joined first whose looks vouch for all the time between them, which
 * costs no coverage at all (only the longest gap may be told longer than it is, where other runs lie in it); then, as long as there
 * are too many, over gaps twice as long each time, so that a long outage stays apart from what is dense.
 * @param runs believed runs of the same targets, in any order; the method of a joined run is that of its first part
 * @param atMost 1 or more
 * @param maxGapMs how long a look vouches: more than 0
 */
export function joinRuns(runs: readonly LookRun[], atMost: number, maxGapMs: number): readonly LookRun[] {
  if (runs.length <= atMost) return runs;
  let joined: readonly LookRun[] = runs.toSorted((a, b) => a.sinceMs - b.sinceMs);
  for (let limitMs = maxGapMs; joined.length > atMost; limitMs *= 2) joined = joinedUpTo(joined, limitMs);
  return joined;
}
