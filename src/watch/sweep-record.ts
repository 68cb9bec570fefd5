/**
 * A sweep's result in the shape that the ledger keeps, and in the few words that the log gets. Pure.
 */
import type { SweepResult } from '../core/probe/types.ts';
import type { SweepRecord } from '../ledger/types.ts';

export function sweepRecord(result: SweepResult): Omit<SweepRecord, 'segment' | 'trigger' | 'startedMs' | 'endedMs'> {
  const { controls, ...rest } = result;
  return { ...rest, controlsAsked: controls.asked, controlsAnswered: controls.answered };
}

export function sweepLog(record: SweepRecord): Readonly<Record<string, unknown>> {
  const { probesSent, probesPlanned, answered, kernelDrops, controlsAsked, controlsAnswered, sendFailures } = record;
  return {
    trigger: record.trigger,
    ms: record.endedMs - record.startedMs,
    probesSent,
    probesPlanned,
    answered,
    ...(record.valid ? {} : { reason: record.invalidReason, kernelDrops, controlsAsked, controlsAnswered, sendFailures }),
  };
}

/** A sweep that failed before it had a result. */
export const failedSweep = (
  segment: SweepRecord['segment'],
  method: SweepRecord['method'],
  trigger: SweepRecord['trigger'],
  startedMs: number,
  endedMs: number,
): SweepRecord => ({
  segment,
  method,
  trigger,
  startedMs: Math.round(startedMs),
  endedMs: Math.round(endedMs),
  probesPlanned: 0,
  probesSent: 0,
  sendFailures: 0,
  repliesReceived: 0,
  answered: 0,
  kernelDrops: 0,
  controlsAsked: 0,
  controlsAnswered: 0,
  valid: false,
  invalidReason: 'aborted',
  looked: [],
  standIns: [],
});
