/**
 * Which runs of looks are believed at a moment. A run that contradicts itself, or that comes from the future, vouches for nothing:
 * leaving looks out can only weaken a proof. Never repairs a run.
 */
import type { LookRun } from './look.ts';

/**
 * How far ahead of now a look may be stamped and still count, as if made now: small clock corrections. More than that means that
 * the clock was ahead while the run was made and was set back since: how old any of its looks really is cannot be told, so the
 * whole run is left out until now has passed its end.
 */
export const CLOCK_TOLERANCE_MS = 1_000;

/** Whether the figures fit together: k looks over a time of D with no gap over L need (k - 1) * L >= D. */
const isConsistent = ({ sinceMs, untilMs, looks, longestGapMs }: LookRun): boolean =>
  Number.isFinite(sinceMs) &&
  Number.isFinite(untilMs) &&
  Number.isInteger(looks) &&
  looks >= 1 &&
  untilMs >= sinceMs &&
  longestGapMs >= 0 &&
  (looks - 1) * longestGapMs >= untilMs - sinceMs;

/** The run as it counts at `nowMs`, its gap no longer than itself; null where it counts for nothing. */
export function believableRun(run: LookRun, nowMs: number): LookRun | null {
  if (!isConsistent(run) || run.untilMs > nowMs + CLOCK_TOLERANCE_MS) return null;
  const sinceMs = Math.min(run.sinceMs, nowMs);
  const untilMs = Math.min(run.untilMs, nowMs);
  return { ...run, sinceMs, untilMs, longestGapMs: Math.min(run.longestGapMs, untilMs - sinceMs) };
}
