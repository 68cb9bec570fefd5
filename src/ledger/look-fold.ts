/**
 * How looks become runs: steady looks of one hour are one run; a break starts a new one, so that one long gap never spoils
 * what the rest of the hour proves. Pure.
 */
import { HOUR_MS } from './encoding.ts';

export interface FoldedLooks {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly looks: number;
  readonly longestGapMs: number;
}

/** Looks this close to each other always belong together. */
const CLOSE_MS = 5_000;
/** A single missed look is not a break. */
const TOLERANCE = 2.5;

export const oneLook = (atMs: number): FoldedLooks => ({ sinceMs: atMs, untilMs: atMs, looks: 1, longestGapMs: 0 });

/**
 * The run with the look at `atMs` added, or null where the look starts a run of its own.
 * @param run the last run of its targets and method that starts at or before `atMs`
 * @param before the run before that one, if any: tells the rhythm while `run` is too young to have one
 */
export function foldLook(run: FoldedLooks, before: FoldedLooks | undefined, atMs: number): FoldedLooks | null {
  // Told late, after a clock that went back or a retry: counted, and the stored gap stays an upper bound.
  if (atMs <= run.untilMs) return { ...run, looks: run.looks + 1 };
  const gap = atMs - run.untilMs;
  const sameHour = Math.floor(run.sinceMs / HOUR_MS) === Math.floor(atMs / HOUR_MS);
  if (!sameHour || gap > Math.max(CLOSE_MS, TOLERANCE * rhythm(run, before))) return null;
  return { sinceMs: run.sinceMs, untilMs: atMs, looks: run.looks + 1, longestGapMs: Math.max(run.longestGapMs, gap) };
}

/** The usual time between two looks, in ms; 0 where nothing tells it. */
function rhythm(run: FoldedLooks, before: FoldedLooks | undefined): number {
  if (run.looks > 1) return meanGap(run);
  if (before === undefined) return 0;
  return before.looks > 1 ? meanGap(before) : Math.max(0, run.sinceMs - before.untilMs);
}

const meanGap = (run: FoldedLooks): number => (run.untilMs - run.sinceMs) / (run.looks - 1);
