/**
 * Asks the positive control again: every 10 s of a long sweep, and once more when everything else has left. Who answered
 * before the wire went dead says nothing about the addresses asked after it. Knows whom to ask, when, and who answered since;
 * sends nothing, and judges no sweep (control.ts).
 */
import type { Answers } from './answers.ts';
import { enoughAnswered } from './control.ts';
import { MAX_CONTROLS } from './plan.ts';
import { suspectFrom } from './stand-in.ts';
import type { Rate } from './types.ts';

/** A round begins this long after the one before it. */
const ROUND_EVERY_MS = 10_000;
/** A round is over this long after its first frame left. */
const ROUND_PATIENCE_MS = 2_000;
/** Frames for each control while it is silent, and the time between them: a lossy host may be the only one. */
export const ASKS_PER_CONTROL = 3;
const ASK_EVERY_MS = 300;
/** Attempts for a control that the link refuses; the pause between them grows by this. */
const MAX_SEND_ATTEMPTS = 5;
const REFUSED_PAUSE_MS = 20;
/** Asked where no control was known when the sweep began. */
const MAX_FOUND = 8;
/** Answers that are looked at to find them, the newest first. */
const MAX_LOOKED_AT = 512;

/** One control in one round. */
export interface AskedControl {
  readonly position: number;
  /** Frames that left. */
  asks: number;
  refusals: number;
  /** When its next frame may leave; Infinity for none, or while one is on its way out. */
  dueMs: number;
  /** When the first frame of it that left was handed out, Infinity before: what was heard earlier answered another frame. */
  handedMs: number;
  heard: boolean;
}

export interface Round {
  readonly closing: boolean;
  readonly controls: readonly AskedControl[];
  firstLeftMs: number | null;
}

/** Transient and mutable; owned by one sweep. */
export interface ControlRounds {
  round: Round | null;
  /** A round got no answer: whatever was asked since the one before may have reached nobody. */
  failed: boolean;
  /** When the next round of a long sweep begins. */
  nextMs: number;
  /** Frames of all rounds that left or are on their way out. */
  frames: number;
}

export const createControlRounds = (nowMs: number): ControlRounds => ({
  round: null,
  failed: false,
  nextMs: nowMs + ROUND_EVERY_MS,
  frames: 0,
});

/**
 * Positions of those who answered in this sweep: the controls named, or where none is, the hosts whose first answer is the
 * newest, those behind a possible stand-in only where nobody else answered lately.
 */
export function whomToAskAgain(answers: Answers, named: readonly number[], targetCount: number, rate: Rate): readonly number[] {
  // At a low rate only as many as can be asked twice before the round is over.
  const room = rate === 'max' ? MAX_CONTROLS : Math.max(1, Math.floor(rate));
  if (named.length > 0)
    return named.filter((position) => answers.answered[position] === 1).slice(0, Math.min(room, MAX_CONTROLS));
  const limit = Math.min(room, MAX_FOUND);
  const suspect = suspectFrom(targetCount);
  const hosts: number[] = [];
  const suspects: number[] = [];
  const oldest = Math.max(0, answers.answeredCount - MAX_LOOKED_AT);
  for (let i = answers.answeredCount - 1; i >= oldest && hosts.length < limit; i--) {
    const position = answers.order[i] ?? 0;
    const mac = (answers.firstMac[position] ?? 0) - 1;
    if ((answers.addressesByMac[mac] ?? 0) < suspect) hosts.push(position);
    else if (suspects.length < limit) suspects.push(position);
  }
  return hosts.length > 0 ? hosts : suspects;
}

/** Begins a round, or puts it off where there is nobody to ask. What became of the round before it is settled here. */
export function beginRound(rounds: ControlRounds, positions: readonly number[], closing: boolean, nowMs: number): void {
  // Not when its patience ends: a stalled event loop may still have its answers to read. Where the closing round comes while
  // another one is open, it asks the same question a moment later.
  if (rounds.round !== null && isOver(rounds.round, nowMs) && !isRoundAnswered(rounds.round)) rounds.failed = true;
  rounds.nextMs = nowMs + ROUND_EVERY_MS;
  if (rounds.failed || positions.length === 0) return;
  rounds.round = {
    closing,
    controls: positions.map((position) => ({
      position,
      asks: 0,
      refusals: 0,
      dueMs: nowMs,
      handedMs: Number.POSITIVE_INFINITY,
      heard: false,
    })),
    firstLeftMs: null,
  };
}

/** When the next frame of the round may leave; Infinity where none will, unless one is on its way out and is refused. */
export function nextAskMs({ round }: ControlRounds): number {
  if (round === null || isRoundAnswered(round)) return Number.POSITIVE_INFINITY;
  const dueMs = nextControl(round)?.dueMs ?? Number.POSITIVE_INFINITY;
  return dueMs < endOf(round) ? dueMs : Number.POSITIVE_INFINITY;
}

export function takeAsk(rounds: ControlRounds, nowMs: number): AskedControl | null {
  if (nextAskMs(rounds) > nowMs || rounds.round === null || nowMs >= endOf(rounds.round)) return null;
  const control = nextControl(rounds.round);
  if (control === null) return null;
  if (control.asks === 0) control.handedMs = nowMs;
  control.dueMs = Number.POSITIVE_INFINITY;
  rounds.frames++;
  return control;
}

export function noteAskLeft(rounds: ControlRounds, control: AskedControl, nowMs: number): void {
  control.asks++;
  control.refusals = 0;
  if (control.asks < ASKS_PER_CONTROL) control.dueMs = nowMs + ASK_EVERY_MS;
  if (rounds.round !== null) rounds.round.firstLeftMs ??= nowMs;
}

export function noteAskRefused(rounds: ControlRounds, control: AskedControl, nowMs: number): void {
  rounds.frames--;
  control.refusals++;
  if (control.asks === 0) {
    // Whatever was heard meanwhile answered an earlier frame.
    control.handedMs = Number.POSITIVE_INFINITY;
    control.heard = false;
  }
  if (control.refusals < MAX_SEND_ATTEMPTS) control.dueMs = nowMs + control.refusals * REFUSED_PAUSE_MS;
}

/** An answer for any target, heard at `nowMs`. */
export function noteHeard({ round }: ControlRounds, position: number, nowMs: number): void {
  if (round === null) return;
  for (const control of round.controls) if (control.position === position && nowMs >= control.handedMs) control.heard = true;
}

/** Controls of the round; those that a frame left for; those of them that answered after it. */
export function countRound({ controls }: Round): { readonly named: number; readonly asked: number; readonly answered: number } {
  const asked = controls.filter(({ asks }) => asks > 0);
  return { named: controls.length, asked: asked.length, answered: asked.filter(({ heard }) => heard).length };
}

export function isRoundAnswered(round: Round): boolean {
  const { named, answered } = countRound(round);
  return enoughAnswered(named, answered);
}

/** When the round's patience ends at the latest; null where nothing more is waited for. */
export function roundEndMs(rounds: ControlRounds, nowMs: number): number | null {
  const { round } = rounds;
  return round === null || isRoundAnswered(round) || isOver(round, nowMs) ? null : endOf(round);
}

/** Infinity before the first frame left. */
const endOf = ({ firstLeftMs }: Round): number => (firstLeftMs ?? Number.POSITIVE_INFINITY) + ROUND_PATIENCE_MS;

/** Its time is up, or no frame of it can leave any more. */
const isOver = (round: Round, nowMs: number): boolean =>
  round.firstLeftMs === null
    ? (nextControl(round)?.dueMs ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY
    : nowMs >= endOf(round);

/** The silent control that has waited longest for its turn: first frames come before second ones. */
function nextControl({ controls }: Round): AskedControl | null {
  let next: AskedControl | null = null;
  for (const control of controls) if (!control.heard && (next === null || control.dueMs < next.dueMs)) next = control;
  return next;
}
