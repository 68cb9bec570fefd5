/**
 * When sweeps start: node-cron, one task a segment, never two sweeps of one segment at once.
 */
import { type ScheduledTask, schedule } from 'node-cron';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';

export interface SweepSchedule {
  /** The longest of the next few intervals, in ms: how old the newest sweep may become. */
  readonly intervalMs: number;
  /** When the next sweep is due, epoch ms: a schedule may pause for a night. Null: never. */
  nextRunMs(): number | null;
  stop(): void;
}

/** How often the clock is looked at, and by how much it must have been set back to matter. */
const CLOCK_CHECK_MS = 1000;
const SET_BACK_MS = 1000;

/**
 * Fires `sweep` as `expression` (node-cron, six fields allowed) says; a start that falls into a running one is left out. Where the
 * clock is set back the schedule begins anew: node-cron would wait until the old time has come again.
 */
export function scheduleSweeps(
  expression: string,
  name: string,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  sweep: () => Promise<unknown>,
): SweepSchedule {
  const begin = (): ScheduledTask =>
    schedule(expression, sweep, {
      name,
      noOverlap: true,
      suppressMissedWarning: true,
      logger: {
        info: (message) => logger.debug({ segment: name }, message),
        warn: (message) => logger.debug({ segment: name }, message),
        debug: (message) => logger.debug({ segment: name }, String(message)),
        error: (message) => logger.error({ segment: name, err: message }, 'a scheduled sweep failed'),
      },
    });
  let task = begin();
  const aheadOfStart = (): number => clock.nowMs() - clock.monotonicMs();
  let offsetMs = aheadOfStart();
  const watcher = setInterval(() => {
    const before = offsetMs;
    offsetMs = aheadOfStart();
    if (before - offsetMs < SET_BACK_MS) return;
    logger.warn({ segment: name, bySeconds: Math.round((before - offsetMs) / 1000) }, 'the clock was set back; sweeping goes on');
    void task.destroy();
    task = begin();
  }, CLOCK_CHECK_MS).unref();
  return {
    intervalMs: longestInterval(task),
    nextRunMs: () => task.getNextRun()?.getTime() ?? null,
    stop() {
      clearInterval(watcher);
      void task.destroy();
    },
  };
}

function longestInterval(task: ScheduledTask): number {
  const runs = task.getNextRuns(8).map((date) => date.getTime());
  return runs.slice(1).reduce((longest, run, i) => Math.max(longest, run - (runs[i] ?? run)), 0);
}
