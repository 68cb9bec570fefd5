/**
 * The sweep machine: one RFC 5227 probe (or echo) to every target, retries with growing patience for those seen lately, one
 * ordinary request to the silent, then the controls once more and the settling time. It sends nothing and reads no clock: the driver asks `nextStep`,
 * does it, and reports with `noteSent` and `noteReply`.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { EMPTY_SET, type RangeSet, rangeSetOfAddresses } from '../address/range-set.ts';
import { macsAt, noteAnswer, positionsByMac } from './answers.ts';
import { judge } from './control.ts';
import { countRound, noteHeard } from './control-rounds.ts';
import { framesDue, MAX_FRAMES_PER_STEP, takeFrames } from './pacing.ts';
import { detectStandIns, suspectFrom } from './stand-in.ts';
import { gather, nextEventMs, noteFrameSent, noteFramesRefused } from './sweep-queue.ts';
import { askedPositions, asksSilent, isAnswered, type Sweep } from './sweep-state.ts';
import { addressAt, positionOf } from './target-index.ts';
import type { ProbeOut, StandInSeen, SweepResult, SweepStep, WireHealth } from './types.ts';

export { createSweep, type Sweep } from './sweep-state.ts';

/** What to do now. A step whose probes were never reported counts as refused by the link. */
export function nextStep(sweep: Sweep, nowMs: number): SweepStep {
  if (sweep.outstanding !== null) noteSent(sweep, sweep.outstanding, 0, nowMs);
  const budget = nowMs < sweep.notBeforeMs ? 0 : Math.min(framesDue(sweep.pacer, nowMs), sweep.chunk);
  const probes = gather(sweep, budget, nowMs);
  if (probes.length > 0) {
    takeFrames(sweep.pacer, probes.length, nowMs);
    sweep.outstanding = probes;
    return { kind: 'send', probes };
  }
  const untilMs = nextEventMs(sweep, nowMs);
  return untilMs === null ? { kind: 'done' } : { kind: 'wait', untilMs };
}

/**
 * The first `sentCount` of the step's probes left; the rest did not: each comes again up to 4 times, before all others.
 * Ignored unless `probes` is the list of the newest step, so nothing is counted twice.
 */
export function noteSent(sweep: Sweep, probes: readonly ProbeOut[], sentCount: number, nowMs: number): void {
  const { outstanding } = sweep;
  if (outstanding === null || probes !== outstanding) return;
  sweep.outstanding = null;
  const left = Math.min(outstanding.length, Math.max(0, sentCount));
  for (let i = 0; i < left; i++) {
    const probe = outstanding[i];
    if (probe !== undefined) noteFrameSent(sweep, probe, nowMs);
  }
  if (left > 0) {
    sweep.probesSent += left;
    sweep.refusedSinceMs = null;
    sweep.refusedSteps = 0;
  }
  if (left === outstanding.length) {
    sweep.chunk = Math.min(MAX_FRAMES_PER_STEP, sweep.chunk * 2);
  } else {
    // What it took is what it has room for.
    sweep.chunk = Math.max(1, left);
    noteFramesRefused(sweep, outstanding.slice(left), left === 0, nowMs);
  }
}

/**
 * An answer, heard now or a moment ago; ignored where the address is no target.
 * @param nowMs when it was heard: a control that was asked again has answered only if this is later
 * @param mac null where the answer carries none (ICMP)
 */
export function noteReply(sweep: Sweep, address: Ipv4, mac: Mac | null, nowMs: number): void {
  const position = positionOf(sweep.index, address);
  if (position < 0) return;
  sweep.repliesReceived++;
  const first = noteAnswer(sweep.answers, position, mac);
  noteHeard(sweep.rounds, position, nowMs);
  if (first && asksSilent(sweep.plan) && sweep.passed[position] === 0) sweep.requestsPlanned--;
}

export interface SweepProgress {
  readonly probesSent: number;
  /** All frames that the sweep means to send, as far as known now: falls as hosts answer, rises with retries and with controls asked again. */
  readonly probesPlanned: number;
  /** Distinct addresses. */
  readonly answered: number;
}

export const progress = (sweep: Sweep): SweepProgress => ({
  probesSent: sweep.probesSent,
  probesPlanned: sweep.index.size + sweep.retriesPlanned + sweep.requestsPlanned + sweep.rounds.frames,
  answered: sweep.answers.answeredCount,
});

/** Every MAC that answered for the address, in order of first answer; `more` where further ones were not kept. */
export function macsFor(sweep: Sweep, address: Ipv4): { readonly macs: readonly Mac[]; readonly more: boolean } {
  return macsAt(sweep.answers, positionOf(sweep.index, address));
}

/** The result as of `nowMs`. Before the sweep is done it is never valid: `aborted`, unless the wire has a fault of its own. */
export function finish(sweep: Sweep, health: WireHealth, nowMs: number): SweepResult {
  const { plan, index, answers, rounds } = sweep;
  const asked = askedPositions(sweep);
  const controls = controlsOf(sweep);
  const invalidReason = judge({
    health,
    complete: sweep.outstanding === null && nextEventMs(sweep, nowMs) === null,
    planned: index.size,
    asked: asked.length,
    controls,
    answered: answers.answeredCount,
    gaveUp: sweep.gaveUp,
    roundFailed: rounds.failed,
    closing: rounds.round?.closing === true ? countRound(rounds.round) : null,
  });
  const valid = invalidReason === null;
  return {
    method: plan.method,
    ...progress(sweep),
    sendFailures: sweep.sendFailures,
    repliesReceived: sweep.repliesReceived,
    kernelDrops: health.kernelDrops,
    controls: { asked: controls.asked, answered: controls.answered },
    valid,
    invalidReason,
    looked: valid ? lookedOf(sweep, asked) : EMPTY_SET,
    standIns: standInsOf(sweep),
  };
}

function controlsOf(sweep: Sweep): { named: number; asked: number; answered: number } {
  const counts = { named: 0, asked: 0, answered: 0 };
  for (const position of sweep.controls) {
    counts.named++;
    if (Number.isNaN(sweep.firstSentMs[position])) continue;
    counts.asked++;
    if (isAnswered(sweep, position)) counts.answered++;
  }
  return counts;
}

const lookedOf = ({ plan, index }: Sweep, asked: Uint32Array): RangeSet =>
  asked.length === index.size ? plan.targets : rangeSetOfAddresses(Array.from(asked, (position) => addressAt(index, position)));

function standInsOf({ answers, index }: Sweep): readonly StandInSeen[] {
  const minimum = suspectFrom(index.size);
  return answers.addressesByMac.some((count) => count >= minimum) ? detectStandIns(positionsByMac(answers), index.size) : [];
}
