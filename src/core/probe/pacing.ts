/**
 * The pacer: how many frames may leave now, and when the next one may. Evenly spaced slots with jitter; a late slot is made
 * up for only within a few ms, so a stalled event loop never ends in a burst. Owns no clock.
 */
import type { Rate } from './types.ts';

/** The most frames of one step, whatever the rate: replies are read between two steps. */
export const MAX_FRAMES_PER_STEP = 1_024;
/** Debt that may be made up for, in ms of the rate: about one late timer. What is older is dropped. */
const DEBT_MS = 4;
/** A frame leaves up to this share of a slot after the slot's nominal time. */
const JITTER = 0.5;

/** Transient and mutable; owned by one machine. */
export interface Pacer {
  /** 0 at rate `max`. */
  readonly intervalMs: number;
  /** The most frames of one step, debt included. */
  readonly allowance: number;
  readonly random: () => number;
  /** Nominal time of the next slot, jitter aside. */
  slotMs: number;
  /** When the next frame may leave. */
  dueMs: number;
}

/** @param rate frames a second, more than 0, or `max` */
export function createPacer(rate: Rate, startMs: number, random: () => number): Pacer {
  const intervalMs = rate === 'max' ? 0 : 1000 / rate;
  const allowance =
    rate === 'max' ? MAX_FRAMES_PER_STEP : Math.min(MAX_FRAMES_PER_STEP, Math.max(1, Math.floor(rate * (DEBT_MS / 1000))));
  return { intervalMs, allowance, random, slotMs: startMs, dueMs: startMs + JITTER * random() * intervalMs };
}

/** Frames that may leave at `nowMs`; 0 while the next slot has not come. Takes nothing: see `takeFrames`. */
export function framesDue(pacer: Pacer, nowMs: number): number {
  if (pacer.intervalMs === 0) return pacer.allowance;
  if (nowMs < pacer.dueMs) return 0;
  return Math.min(pacer.allowance, slotsDue(pacer, nowMs));
}

/** Uses up `count` slots, at most what `framesDue` said for the same `nowMs`, whether or not the link takes the frames. */
export function takeFrames(pacer: Pacer, count: number, nowMs: number): void {
  const { intervalMs } = pacer;
  if (intervalMs === 0 || count === 0) return;
  const lapsed = Math.max(0, slotsDue(pacer, nowMs) - pacer.allowance);
  pacer.slotMs += (lapsed + count) * intervalMs;
  // Never closer than half a slot a frame: what is made up for is spread as well.
  pacer.dueMs = Math.max(pacer.slotMs + JITTER * pacer.random() * intervalMs, nowMs + (count * intervalMs) / 2);
}

/** When the next frame may leave; may lie in the past. */
export const nextDueMs = (pacer: Pacer, nowMs: number): number => (pacer.intervalMs === 0 ? nowMs : pacer.dueMs);

/** Slots whose nominal time has come; at least 1 once the next one is due. */
const slotsDue = (pacer: Pacer, nowMs: number): number => Math.floor((nowMs - pacer.slotMs) / pacer.intervalMs) + 1;
