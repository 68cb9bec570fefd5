/**
 * When sweeps start: node-cron, one task a segment, never two sweeps of one segment at once.
 */
import { type ScheduledTask, schedule } from 'node-cron';
import type { Logger } from '../system/logger.ts';

export interface SweepSchedule {
  /** The longest of the next few intervals, in ms: how old the newest sweep may become. */
  readonly intervalMs: number;
  stop(): void;
}

/** Fires `sweep` as `expression` (node-cron, six fields allowed) says; a start that falls into a running one is left out. */
export function scheduleSweeps(expression: string, name: string, logger: Logger, sweep: () => Promise<unknown>): SweepSchedule {
  const task = schedule(expression, sweep, {
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
  return { intervalMs: longestInterval(task), stop: () => void task.destroy() };
}

function longestInterval(task: ScheduledTask): number {
  const runs = task.getNextRuns(8).map((date) => date.getTime());
  return runs.slice(1).reduce((longest, run, i) => Math.max(longest, run - (runs[i] ?? run)), 0);
}
