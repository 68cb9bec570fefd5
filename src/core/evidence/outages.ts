/**
 * When a segment was not looked at, and why: for display beside a proof. The proof itself never rests on this: it counts looks.
 * Merges what is known (looks, invalid sweeps, the daemon's own uptime); reads nothing.
 */
import { setSize } from '../address/range-set.ts';
import { believableRun } from './believable-run.ts';
import type { Outage } from './facts.ts';
import type { LookRun } from './look.ts';

export interface OutageInput {
  readonly windowStartMs: number;
  readonly nowMs: number;
  /** In any order. Those with less than half of the largest run's targets (a verified range) do not end an outage of the segment. */
  readonly runs: readonly LookRun[];
  /** Stretches of invalid sweeps, each with its reason. */
  readonly invalid: readonly Outage[];
  /** When the daemon ran. */
  readonly uptimes: readonly { readonly fromMs: number; readonly untilMs: number }[];
  /** Only stretches longer than this are outages. */
  readonly maxGapMs: number;
}

/** At most so many outages are told, the longest ones. */
export const MAX_OUTAGES = 100;

/** An uptime that ended this lately is still going on: the daemon notes that it is alive only every few seconds. */
const STILL_UP_MS = 10_000;

interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

const lengthOf = ({ fromMs, untilMs }: Stretch): number => untilMs - fromMs;

/** Sorted, overlapping and touching ones joined. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const result: Stretch[] = [];
  for (const { fromMs, untilMs } of [...stretches].sort((a, b) => a.fromMs - b.fromMs)) {
    const open = result.at(-1);
    if (open === undefined || fromMs > open.untilMs) result.push({ fromMs, untilMs });
    else if (untilMs > open.untilMs) result[result.length - 1] = { fromMs: open.fromMs, untilMs };
  }
  return result;
}

/** What `stretches` (sorted, disjoint) leave free of [fromMs, untilMs]. */
function complement(stretches: readonly Stretch[], { fromMs, untilMs }: Stretch): readonly Stretch[] {
  const result: Stretch[] = [];
  let atMs = fromMs;
  for (const stretch of stretches) {
    if (stretch.fromMs > atMs) result.push({ fromMs: atMs, untilMs: Math.min(stretch.fromMs, untilMs) });
    atMs = Math.max(atMs, stretch.untilMs);
    if (atMs >= untilMs) break;
  }
  if (atMs < untilMs) result.push({ fromMs: atMs, untilMs });
  return result.filter((stretch) => lengthOf(stretch) > 0);
}

/** `invalid` without what overlaps `down` or an earlier one: each moment has one cause. Sorted. */
function causesOf(down: readonly Stretch[], invalid: readonly Outage[]): readonly Outage[] {
  const causes: Outage[] = down.map((stretch) => ({ ...stretch, reason: 'not-running', sweeps: 0 }));
  let takenUntilMs = Number.NEGATIVE_INFINITY;
  for (const one of [...invalid].sort((a, b) => a.fromMs - b.fromMs)) {
    const span = { fromMs: Math.max(one.fromMs, takenUntilMs), untilMs: one.untilMs };
    if (!(lengthOf(span) >= 0)) continue;
    takenUntilMs = span.untilMs;
    // A single invalid sweep is a moment, and a cause all the same.
    const parts = lengthOf(span) === 0 ? [span] : complement(down, span);
    for (const [index, part] of parts.entries())
      causes.push({ ...part, reason: one.reason, sweeps: index === 0 ? one.sweeps : 0 });
  }
  return causes.sort((a, b) => a.fromMs - b.fromMs || a.untilMs - b.untilMs);
}

/**
 * One time without a look, cut by its causes. What lies between causes goes to the one before it (the first also gets what lies
 * before it), unless it is longer than `maxGapMs`: then nobody tried, which is a cause of its own.
 */
function explain(gap: Stretch, causes: readonly Outage[], unexplained: string, maxGapMs: number): readonly Outage[] {
  const pieces: Outage[] = [];
  let atMs = gap.fromMs;
  const fill = (untilMs: number): void => {
    const open = pieces.at(-1);
    if (untilMs - atMs > maxGapMs) pieces.push({ fromMs: atMs, untilMs, reason: unexplained, sweeps: 0 });
    else if (open !== undefined) pieces[pieces.length - 1] = { ...open, untilMs };
    else return;
    atMs = untilMs;
  };
  for (const cause of causes) {
    if (cause.untilMs <= gap.fromMs || cause.fromMs >= gap.untilMs) continue;
    fill(Math.max(cause.fromMs, gap.fromMs));
    const untilMs = Math.min(cause.untilMs, gap.untilMs);
    pieces.push({ ...cause, fromMs: atMs, untilMs });
    atMs = untilMs;
  }
  fill(gap.untilMs);
  return sameReasonsJoined(pieces.filter((piece) => lengthOf(piece) > 0));
}

/** @param pieces each beginning where the one before it ends */
function sameReasonsJoined(pieces: readonly Outage[]): readonly Outage[] {
  const result: Outage[] = [];
  for (const piece of pieces) {
    const open = result.at(-1);
    if (open?.reason !== piece.reason) result.push(piece);
    else result[result.length - 1] = { ...open, untilMs: piece.untilMs, sweeps: open.sweeps + piece.sweeps };
  }
  return result;
}

/**
 * Every stretch of the window longer than `maxGapMs` without a look, with the best known reason: `not-running` (the daemon did not
 * run, or the segment had not been looked at yet), the reason of the invalid sweeps in it, or `not-swept`. Ascending, disjoint.
 *
 * A run of looks whose own longest gap is over `maxGapMs` has such a stretch somewhere inside, and only its causes say where: there
 * the causes longer than `maxGapMs` are told.
 */
export function outagesIn({ windowStartMs, nowMs, runs, invalid, uptimes, maxGapMs }: OutageInput): readonly Outage[] {
  const window: Stretch = { fromMs: windowStartMs, untilMs: nowMs };
  const usual = Math.max(0, ...runs.map(({ targets }) => setSize(targets))) / 2;
  const believed = runs
    .filter(({ targets }) => setSize(targets) >= usual)
    .flatMap((run) => believableRun(run, nowMs) ?? [])
    .filter(({ untilMs }) => untilMs >= windowStartMs);
  const up = uptimes.map(({ fromMs, untilMs }) => ({ fromMs, untilMs: untilMs > nowMs - STILL_UP_MS ? nowMs : untilMs }));
  const causes = causesOf(complement(joined(up), window), invalid);
  const swept = joined(believed.map(({ sinceMs, untilMs }) => ({ fromMs: sinceMs, untilMs })));
  const firstLookMs = swept[0]?.fromMs ?? nowMs;

  const outages: Outage[] = [];
  for (const gap of complement(swept, window)) {
    if (lengthOf(gap) <= maxGapMs) continue;
    outages.push(...explain(gap, causes, gap.fromMs < firstLookMs ? 'not-running' : 'not-swept', maxGapMs));
  }
  const stretchesOf = (wanted: readonly LookRun[]): readonly Stretch[] =>
    joined(wanted.map(({ sinceMs, untilMs }) => ({ fromMs: Math.max(sinceMs, windowStartMs), untilMs })));
  const tight = stretchesOf(believed.filter(({ longestGapMs }) => longestGapMs <= maxGapMs));
  const loose = stretchesOf(believed.filter(({ longestGapMs }) => longestGapMs > maxGapMs));
  for (const part of loose.flatMap((stretch) => complement(tight, stretch))) {
    for (const cause of causes) {
      const within = { fromMs: Math.max(cause.fromMs, part.fromMs), untilMs: Math.min(cause.untilMs, part.untilMs) };
      if (lengthOf(within) > maxGapMs) outages.push({ ...cause, ...within });
    }
  }
  return outages
    .sort((a, b) => lengthOf(b) - lengthOf(a))
    .slice(0, MAX_OUTAGES)
    .sort((a, b) => a.fromMs - b.fromMs);
}
