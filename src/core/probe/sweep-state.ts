/**
 * What a running sweep knows: the state that sweep.ts and sweep-queue.ts share. Makes it and counts over it; decides nothing.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { type Answers, createAnswers } from './answers.ts';
import { type AskedControl, type ControlRounds, createControlRounds } from './control-rounds.ts';
import { createPacer, MAX_FRAMES_PER_STEP, type Pacer } from './pacing.ts';
import { MAX_TARGETS, shuffle } from './plan.ts';
import { indexTargets, positionOf, type TargetIndex } from './target-index.ts';
import { createTimerQueue, type TimerQueue } from './timer-queue.ts';
import type { ProbeOut, SweepPlan } from './types.ts';

/** A frame on its way out, with what the queue knows of it. */
export interface QueuedProbe extends ProbeOut {
  readonly position: number;
  /** Whom a round asks again with it; null for every other frame. */
  readonly control: AskedControl | null;
}

/** Transient and mutable: owned by one driver, thrown away after `finish`. Its fields are nobody else's business. */
export interface Sweep {
  readonly plan: SweepPlan;
  readonly index: TargetIndex;
  /** Positions in the order of asking: controls and recent ones first. */
  readonly order: Uint32Array;
  /** 1 for positions that earn retries. */
  readonly recent: Uint8Array;
  readonly pacer: Pacer;
  readonly answers: Answers;
  /** Positions of the plan's controls. */
  readonly controls: readonly number[];
  readonly rounds: ControlRounds;
  /** When the first frame for a position left; NaN for never. */
  readonly firstSentMs: Float64Array;
  /** Frames that left for a position, ordinary requests aside: the first probe and its retries. */
  readonly tries: Uint8Array;
  /** Refusals of the frame that waits to leave. */
  readonly refusals: Uint8Array;
  /** When the next retry of a recent target is due, by position. */
  readonly retries: TimerQueue;
  /** When the patience with the last try of a recent target ends, by position. */
  readonly lastWaits: TimerQueue;
  /** Frames that the link refused: they leave before any other. */
  refused: readonly QueuedProbe[];
  /** Handed out and not yet reported. */
  outstanding: readonly QueuedProbe[] | null;
  /** How far the first pass has come in `order`. */
  firstPass: number;
  /** How far the pass of ordinary requests has come in `order`. */
  requestPass: number;
  /** 1 for positions that the pass of ordinary requests has come by. */
  readonly passed: Uint8Array;
  retriesPlanned: number;
  requestsPlanned: number;
  probesSent: number;
  sendFailures: number;
  repliesReceived: number;
  /** When the newest frame left, rounds aside. */
  lastFrameMs: number | null;
  /** The most frames of one step: shrinks when the link refuses some. */
  chunk: number;
  notBeforeMs: number;
  /** Since when the link has refused everything. */
  refusedSinceMs: number | null;
  refusedSteps: number;
  gaveUp: boolean;
}

/** Throws RangeError for more than 65,536 targets. @param random in [0, 1) */
export function createSweep(plan: SweepPlan, nowMs: number, random: () => number): Sweep {
  const index = indexTargets(plan.targets, MAX_TARGETS);
  const { size } = index;
  const requests = asksSilent(plan);
  return {
    plan,
    index,
    order: askingOrder(index, plan, random),
    recent: flagged(index, plan.recent),
    pacer: createPacer(plan.rate, nowMs, random),
    answers: createAnswers(size),
    controls: [...plan.controls].map((address) => positionOf(index, address)).filter((position) => position >= 0),
    rounds: createControlRounds(nowMs),
    firstSentMs: new Float64Array(size).fill(Number.NaN),
    tries: new Uint8Array(size),
    refusals: new Uint8Array(size),
    retries: createTimerQueue(),
    lastWaits: createTimerQueue(),
    refused: [],
    outstanding: null,
    firstPass: 0,
    requestPass: requests ? 0 : size,
    passed: new Uint8Array(size),
    retriesPlanned: 0,
    requestsPlanned: requests ? size : 0,
    probesSent: 0,
    sendFailures: 0,
    repliesReceived: 0,
    lastFrameMs: null,
    chunk: MAX_FRAMES_PER_STEP,
    notBeforeMs: nowMs,
    refusedSinceMs: null,
    refusedSteps: 0,
    gaveUp: false,
  };
}

/** An echo is an ordinary packet from our own address already. */
export const asksSilent = (plan: SweepPlan): boolean => plan.askSilent && plan.method === 'arp';

export const isAnswered = (sweep: Sweep, position: number): boolean => sweep.answers.answered[position] === 1;

/** Positions that at least one frame really left for, ascending. */
export function askedPositions({ firstSentMs }: Sweep): Uint32Array {
  const positions = new Uint32Array(firstSentMs.length);
  let count = 0;
  for (let position = 0; position < firstSentMs.length; position++) {
    if (!Number.isNaN(firstSentMs[position] ?? Number.NaN)) positions[count++] = position;
  }
  return positions.subarray(0, count);
}

/** Controls and recent targets first, so that their retries are over soonest; each part shuffled. */
function askingOrder(index: TargetIndex, plan: SweepPlan, random: () => number): Uint32Array {
  const early = flagged(index, plan.recent, plan.controls);
  const order = new Uint32Array(index.size);
  let front = 0;
  let back = index.size;
  for (let position = 0; position < index.size; position++) order[early[position] === 1 ? front++ : --back] = position;
  shuffle(order.subarray(0, front), random);
  shuffle(order.subarray(front), random);
  return order;
}

function flagged(index: TargetIndex, ...sets: readonly ReadonlySet<Ipv4>[]): Uint8Array {
  const flags = new Uint8Array(index.size);
  for (const set of sets) {
    for (const address of set) {
      const position = positionOf(index, address);
      if (position >= 0) flags[position] = 1;
    }
  }
  return flags;
}
