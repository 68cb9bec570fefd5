/** How often a cron schedule starts a sweep, by its next starts. Starts nothing. */
import { createTask } from 'node-cron';

export interface SweepTimes {
  /** Between two starts, in ms. */
  readonly meanMs: number;
  readonly longestMs: number;
}

/** Enough for a schedule of office hours to show its nights. */
const STARTS = 64;

/** @param expression node-cron, six fields allowed. @returns null where it never starts one */
export function sweepTimes(expression: string): SweepTimes | null {
  let starts: readonly number[];
  try {
    starts = createTask(expression, () => undefined)
      .getNextRuns(STARTS)
      .map((start) => start.getTime());
  } catch {
    // 30 February, say: it is well written, and there is no such day.
    return null;
  }
  const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? start));
  if (gaps.length === 0) return null;
  return { meanMs: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length, longestMs: Math.max(...gaps) };
}
