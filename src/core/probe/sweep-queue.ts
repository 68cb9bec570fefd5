/**
 * What leaves next in a sweep, and what follows from a frame that left or was refused. In order of urgency: refused frames,
 * controls asked again, retries whose patience is over, the first pass, ordinary requests to the silent. The rate is not its
 * business.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import {
  ASKS_PER_CONTROL,
  beginRound,
  nextAskMs,
  noteAskLeft,
  noteAskRefused,
  roundEndMs,
  takeAsk,
  whomToAskAgain,
} from './control-rounds.ts';
import { nextDueMs } from './pacing.ts';
import { asksSilent, isAnswered, type QueuedProbe, type Sweep } from './sweep-state.ts';
import { addressAt } from './target-index.ts';
import { nextItem, nextTime, popTimer, pushTimer } from './timer-queue.ts';
import type { ProbeKind } from './types.ts';

/** An ordinary request goes to a silent target only after its first probe had this long to be answered. */
const ASK_SILENT_AFTER_MS = 100;
/** Attempts for one frame that the link refuses. */
const MAX_SEND_ATTEMPTS = 5;
/** Pause after a refusal, so that no driver spins on a full queue. */
const REFUSED_PAUSE_MS = 1;
/** A link that refused everything for so long and so many times gets no more frames from this sweep. */
const GIVE_UP_AFTER_MS = 2_000;
const GIVE_UP_AFTER_STEPS = 10;
/** How often to look whether a control has answered where only that is waited for: its answer ends the sweep. */
const LOOK_EVERY_MS = 10;

/** Takes up to `budget` frames that may leave now off the queue. */
export function gather(sweep: Sweep, budget: number, nowMs: number): readonly QueuedProbe[] {
  dropOver(sweep, nowMs);
  beginRounds(sweep, nowMs);
  // Not in the step that ends the first pass: its targets had no time to answer.
  const requests = sweep.refused.length === 0 && sweep.firstPass === sweep.order.length;
  const probes = sweep.refused.slice(0, budget);
  if (probes.length > 0) sweep.refused = sweep.refused.slice(probes.length);
  takeAll(probes, budget, () => nextAsk(sweep, nowMs));
  takeAll(probes, budget, () => nextRetry(sweep, nowMs));
  takeFirstPass(sweep, probes, budget);
  if (requests) takeAll(probes, budget, () => nextRequest(sweep, nowMs));
  return probes;
}

/** The next time at which something may leave or a patience ends; null once nothing is left to send or to wait for. */
export function nextEventMs(sweep: Sweep, nowMs: number): number | null {
  dropOver(sweep, nowMs);
  const openMs = Math.max(nextDueMs(sweep.pacer, nowMs), sweep.notBeforeMs);
  const askMs = Math.max(nextAskMs(sweep.rounds), openMs);
  const restMs = restFrom(sweep, nowMs);
  if (restMs !== null) return Math.min(Math.max(restMs, openMs), askMs);
  const settledMs = Math.max(
    sweep.lastFrameMs === null ? nowMs : sweep.lastFrameMs + sweep.plan.settleMs,
    nextTime(sweep.lastWaits) ?? nowMs,
  );
  const lookMs = nowMs + LOOK_EVERY_MS;
  const begun = sweep.rounds.round?.closing === true;
  // Whoever answers first while the sweep settles is asked again at once.
  if (settledMs > nowMs) return Math.min(settledMs, askMs, closes(sweep) && !begun ? lookMs : settledMs);
  const roundMs = begun ? roundEndMs(sweep.rounds, nowMs) : null;
  return roundMs === null ? null : Math.min(roundMs, askMs, lookMs);
}

export function noteFrameSent(sweep: Sweep, { position, kind, control }: QueuedProbe, nowMs: number): void {
  if (control !== null) {
    noteAskLeft(sweep.rounds, control, nowMs);
    return;
  }
  sweep.lastFrameMs = nowMs;
  if (Number.isNaN(sweep.firstSentMs[position])) sweep.firstSentMs[position] = nowMs;
  sweep.refusals[position] = 0;
  if (kind === 'request' || sweep.recent[position] !== 1) return;
  const tries = (sweep.tries[position] ?? 0) + 1;
  sweep.tries[position] = tries;
  const { retryPatienceMs } = sweep.plan;
  const patienceMs = retryPatienceMs[tries - 1];
  if (patienceMs === undefined) return;
  pushTimer(tries < retryPatienceMs.length ? sweep.retries : sweep.lastWaits, nowMs + patienceMs, position);
}

/** @param probes the frames of one step that the link did not take; @param noneLeft whether it took none at all */
export function noteFramesRefused(sweep: Sweep, probes: readonly QueuedProbe[], noneLeft: boolean, nowMs: number): void {
  sweep.sendFailures += probes.length;
  sweep.notBeforeMs = nowMs + REFUSED_PAUSE_MS;
  const again = probes.filter(({ position, control }) => {
    if (control !== null) {
      noteAskRefused(sweep.rounds, control, nowMs);
      return false;
    }
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
  sweep.gaveUp = true;
  sweep.rounds.round = null;
  sweep.refused = [];
  sweep.firstPass = sweep.order.length;
  sweep.requestPass = sweep.order.length;
  while (popTimer(sweep.retries) !== undefined);
  while (popTimer(sweep.lastWaits) !== undefined);
}

/** Drops retries that are not needed any more, and ends the last patience that is over. */
function dropOver(sweep: Sweep, nowMs: number): void {
  for (;;) {
    const position = nextItem(sweep.retries);
    if (position === undefined || !isAnswered(sweep, position)) break;
    popTimer(sweep.retries);
  }
  for (;;) {
    const position = nextItem(sweep.lastWaits);
    if (position === undefined || ((nextTime(sweep.lastWaits) ?? 0) > nowMs && !isAnswered(sweep, position))) return;
    popTimer(sweep.lastWaits);
  }
}

/** From when on the next frame may leave, rounds aside; null where everything else has left. */
function restFrom(sweep: Sweep, nowMs: number): number | null {
  if (sweep.refused.length > 0 || sweep.firstPass < sweep.order.length) return nowMs;
  const position = nextSilent(sweep);
  const retryMs = nextTime(sweep.retries);
  if (position === null) return retryMs ?? null;
  return Math.min(askableFrom(sweep, position, nowMs), retryMs ?? Number.POSITIVE_INFINITY);
}

const closes = ({ rounds, gaveUp, index }: Sweep): boolean => !rounds.failed && !gaveUp && index.size > 0;

function beginRounds(sweep: Sweep, nowMs: number): void {
  const { rounds } = sweep;
  if (!closes(sweep) || rounds.round?.closing === true) return;
  const closing = restFrom(sweep, nowMs) === null;
  if (!closing && nowMs < rounds.nextMs) return;
  beginRound(rounds, whomToAskAgain(sweep.answers, sweep.controls, sweep.index.size, sweep.plan.rate), closing, nowMs);
}

function takeAll(probes: QueuedProbe[], budget: number, next: () => QueuedProbe | null): void {
  while (probes.length < budget) {
    const probe = next();
    if (probe === null) return;
    probes.push(probe);
  }
}

function nextAsk(sweep: Sweep, nowMs: number): QueuedProbe | null {
  const control = takeAsk(sweep.rounds, nowMs);
  if (control === null) return null;
  // Some hosts answer only ordinary requests of neighbours, and one of those may be the only control.
  const last = control.asks === ASKS_PER_CONTROL - 1;
  return frame(sweep, control.position, last && asksSilent(sweep.plan) ? 'request' : probeKind(sweep), control);
}

function nextRetry(sweep: Sweep, nowMs: number): QueuedProbe | null {
  dropOver(sweep, nowMs);
  if ((nextTime(sweep.retries) ?? Number.POSITIVE_INFINITY) > nowMs) return null;
  const position = popTimer(sweep.retries);
  if (position === undefined) return null;
  sweep.retriesPlanned++;
  return frame(sweep, position, probeKind(sweep));
}

function takeFirstPass(sweep: Sweep, probes: QueuedProbe[], budget: number): void {
  const { order } = sweep;
  const { addresses } = sweep.index;
  const kind = probeKind(sweep);
  const end = Math.min(order.length, sweep.firstPass + budget - probes.length);
  // Nearly all frames of a large sweep are made here: not one call for each.
  for (let i = sweep.firstPass; i < end; i++) {
    const position = order[i] ?? 0;
    probes.push({ address: (addresses[position] ?? 0) as Ipv4, kind, position, control: null });
  }
  sweep.firstPass = Math.max(sweep.firstPass, end);
}

function nextRequest(sweep: Sweep, nowMs: number): QueuedProbe | null {
  const position = nextSilent(sweep);
  if (position === null || askableFrom(sweep, position, nowMs) > nowMs) return null;
  sweep.requestPass++;
  sweep.passed[position] = 1;
  return frame(sweep, position, 'request');
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

const frame = (sweep: Sweep, position: number, kind: ProbeKind, control: QueuedProbe['control'] = null): QueuedProbe => ({
  address: addressAt(sweep.index, position),
  kind,
  position,
  control,
});

const probeKind = (sweep: Sweep): ProbeKind => (sweep.plan.method === 'icmp' ? 'echo' : 'probe');
