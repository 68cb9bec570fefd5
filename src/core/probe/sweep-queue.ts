/**
 * What leaves next in a sweep, and what follows from a frame that left or was refused. In order of urgency: refused frames,
 * retries whose patience is over, the first pass, ordinary requests to the silent. The rate is not its business.
 */
import { nextDueMs } from './pacing.ts';
import { isAnswered, type Sweep } from './sweep-state.ts';
import { addressAt, positionOf } from './target-index.ts';
import { nextItem, nextTime, popTimer, pushTimer } from './timer-queue.ts';
import type { ProbeKind, ProbeOut } from './types.ts';

/** An ordinary request goes to a silent target only after its first probe had this long to be answered. */
const ASK_SILENT_AFTER_MS = 100;
/** Attempts for one frame that the link refuses. */
const MAX_SEND_ATTEMPTS = 5;
/** Pause after a refusal, so that no driver spins on a full queue. */
const REFUSED_PAUSE_MS = 1;
/** A link that refused everything for so long and so many times gets no more frames from this sweep. */
const GIVE_UP_AFTER_MS = 2_000;
const GIVE_UP_AFTER_STEPS = 10;

/** Takes up to `budget` frames that may leave now off the queue. */
export function gather(sweep: Sweep, budget: number, nowMs: number): readonly ProbeOut[] {
  // Not in the step that ends the first pass: its targets had no time to answer.
  const requests = sweep.refused.length === 0 && sweep.firstPass === sweep.order.length;
  const probes = sweep.refused.slice(0, budget);
  if (probes.length > 0) sweep.refused = sweep.refused.slice(probes.length);
  while (probes.length < budget) {
    const probe = nextRetry(sweep, nowMs) ?? nextFirst(sweep) ?? (requests ? nextRequest(sweep, nowMs) : null);
    if (probe === null) break;
    probes.push(probe);
  }
  return probes;
}

/** The next time at which something may leave or a patience ends; null once nothing is left to send or to wait for. */
export function nextEventMs(sweep: Sweep, nowMs: number): number | null {
  dropOver(sweep, nowMs);
  const patienceMs = nextTime(sweep.patience);
  const readyMs = readyFrom(sweep, nowMs);
  const sendMs = readyMs === null ? null : Math.max(readyMs, nextDueMs(sweep.pacer, nowMs), sweep.notBeforeMs);
  if (patienceMs !== undefined) {
    const endsMs = patienceMs > nowMs ? patienceMs : Math.max(nextDueMs(sweep.pacer, nowMs), sweep.notBeforeMs);
    return sendMs === null ? endsMs : Math.min(sendMs, endsMs);
  }
  if (sendMs !== null) return sendMs;
  const settledMs = sweep.lastFrameMs === null ? nowMs : sweep.lastFrameMs + sweep.plan.settleMs;
  return settledMs > nowMs ? settledMs : null;
}

export function noteFrameSent(sweep: Sweep, probe: ProbeOut, nowMs: number): void {
  const position = positionOf(sweep.index, probe.address);
  if (Number.isNaN(sweep.firstSentMs[position])) sweep.firstSentMs[position] = nowMs;
  sweep.refusals[position] = 0;
  if (probe.kind === 'request') return;
  const tries = (sweep.tries[position] ?? 0) + 1;
  sweep.tries[position] = tries;
  const patienceMs = sweep.plan.retryPatienceMs[tries - 1];
  if (patienceMs !== undefined && sweep.recent[position] === 1) pushTimer(sweep.patience, nowMs + patienceMs, position);
}

/** @param probes the frames of one step that the link did not take; @param noneLeft whether it took none at all */
export function noteFramesRefused(sweep: Sweep, probes: readonly ProbeOut[], noneLeft: boolean, nowMs: number): void {
  sweep.sendFailures += probes.length;
  sweep.notBeforeMs = nowMs + REFUSED_PAUSE_MS;
  const again = probes.filter(({ address }) => {
    const position = positionOf(sweep.index, address);
    const refusals = (sweep.refusals[position] ?? 0) + 1;
    sweep.refusals[position] = refusals < MAX_SEND_ATTEMPTS ? refusals : 0;
    return refusals < MAX_SEND_ATTEMPTS;
  });
  sweep.refused = [...again, ...sweep.refused];
  if (!noneLeft) return;
  sweep.refusedSinceMs ??= nowMs;
  sweep.refusedSteps++;
  if (sweep.refusedSteps >= GIVE_UP_AFTER_STEPS && nowMs - sweep.refusedSinceMs >= GIVE_UP_AFTER_MS) giveUp(sweep);
}

/** Sends nothing more; what did leave is still waited for. */
function giveUp(sweep: Sweep): void {
  sweep.refused = [];
  sweep.firstPass = sweep.order.length;
  sweep.requestPass = sweep.order.length;
  while (popTimer(sweep.patience) !== undefined);
}

/** Ends patience that nothing follows from: the target answered, or it was the last one. */
function dropOver(sweep: Sweep, nowMs: number): void {
  for (;;) {
    const position = nextItem(sweep.patience);
    if (position === undefined) return;
    const endedAtLast =
      (nextTime(sweep.patience) ?? 0) <= nowMs && (sweep.tries[position] ?? 0) >= sweep.plan.retryPatienceMs.length;
    if (!endedAtLast && !isAnswered(sweep, position)) return;
    popTimer(sweep.patience);
  }
}

/** From when on the next frame, retries aside, may leave; null where none is left. */
function readyFrom(sweep: Sweep, nowMs: number): number | null {
  if (sweep.refused.length > 0 || sweep.firstPass < sweep.order.length) return nowMs;
  const position = nextSilent(sweep);
  return position === null ? null : askableFrom(sweep, position, nowMs);
}

function nextRetry(sweep: Sweep, nowMs: number): ProbeOut | null {
  dropOver(sweep, nowMs);
  if ((nextTime(sweep.patience) ?? Number.POSITIVE_INFINITY) > nowMs) return null;
  const position = popTimer(sweep.patience);
  if (position === undefined) return null;
  sweep.retriesPlanned++;
  return { address: addressAt(sweep.index, position), kind: probeKind(sweep) };
}

function nextFirst(sweep: Sweep): ProbeOut | null {
  const position = sweep.order[sweep.firstPass];
  if (position === undefined) return null;
  sweep.firstPass++;
  return { address: addressAt(sweep.index, position), kind: probeKind(sweep) };
}

function nextRequest(sweep: Sweep, nowMs: number): ProbeOut | null {
  const position = nextSilent(sweep);
  if (position === null || askableFrom(sweep, position, nowMs) > nowMs) return null;
  sweep.requestPass++;
  sweep.passed[position] = 1;
  return { address: addressAt(sweep.index, position), kind: 'request' };
}

/** The next target of the request pass that is silent; those that answered are passed by. */
function nextSilent(sweep: Sweep): number | null {
  for (;;) {
    const position = sweep.order[sweep.requestPass];
    if (position === undefined) return null;
    if (!isAnswered(sweep, position)) return position;
    sweep.passed[position] = 1;
    sweep.requestPass++;
  }
}

function askableFrom(sweep: Sweep, position: number, nowMs: number): number {
  const sentMs = sweep.firstSentMs[position] ?? Number.NaN;
  return Number.isNaN(sentMs) ? nowMs : sentMs + ASK_SILENT_AFTER_MS;
}

const probeKind = (sweep: Sweep): ProbeKind => (sweep.plan.method === 'icmp' ? 'echo' : 'probe');
