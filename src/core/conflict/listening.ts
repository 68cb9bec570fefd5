/**
 * How well a segment was listened to: its last sweeps, and since when nothing was missed. Sweeps are the measure, since only they
 * prove that the segment is heard. Decides nothing about conflicts.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { type RangeSet, setContains, setSize } from '../address/range-set.ts';
import type { Sweep } from './sweep.ts';

/** Sweeps remembered, and for how long. */
export const MAX_LOOKS = 16;
const REMEMBERED_MS = 7 * 24 * 3_600_000;
/** Between two sweeps; a longer gap is an outage, except where the schedule itself has longer ones … */
const OUTAGE_MS = 5 * 60_000;
/** … and then so many intervals of the schedule are. */
const OUTAGE_INTERVALS = 3;

/** A valid sweep. */
interface Look {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly looked: RangeSet;
  readonly size: number;
}

export interface Listening {
  /** Ascending by start. */
  looks: readonly Look[];
  /** Epoch ms: start of the first valid sweep since the start, or since an outage. null: none yet. */
  sinceMs: number | null;
}

export const createListening = (): Listening => ({ looks: [], sinceMs: null });

/** @returns whether the sweep is a valid one of the whole segment, and not of some addresses only, as a verification is */
export function noteLook(listening: Listening, sweep: Sweep): boolean {
  // As good as missed: where too many are, the time to the next valid one says so.
  if (!sweep.valid) return false;
  const { startedMs, endedMs, looked } = sweep;
  // A sweep that began and ended before the last one: the clock was set back.
  const newest = listening.looks.at(-1);
  if (newest !== undefined && startedMs < newest.startedMs && endedMs < newest.endedMs) {
    listening.looks = [];
    listening.sinceMs = null;
  }
  const before = listening.looks.filter(isWhole);
  const look = { startedMs, endedMs, looked, size: setSize(looked) };
  const remembered = listening.looks.filter((other) => look.startedMs - other.startedMs <= REMEMBERED_MS);
  listening.looks = withoutOne([...remembered, look].sort((a, b) => a.startedMs - b.startedMs));
  if (!isWhole(look, 0, listening.looks)) return false;
  const last = before.at(-1);
  const gapMs = last === undefined ? 0 : startedMs - last.startedMs;
  if (listening.sinceMs === null || gapMs > Math.max(OUTAGE_MS, OUTAGE_INTERVALS * usualInterval(before))) {
    listening.sinceMs = startedMs;
  }
  return true;
}

/** Where there are too many: verifications, of which there may be any number, go first. */
function withoutOne(looks: readonly Look[]): readonly Look[] {
  if (looks.length <= MAX_LOOKS) return looks;
  const partial = looks.findIndex((look, index) => !isWhole(look, index, looks));
  return looks.toSpliced(Math.max(0, partial), 1);
}

/** At least half as large as the largest that is remembered. */
const isWhole = ({ size }: Look, _index: number, looks: readonly Look[]): boolean =>
  looks.every((other) => 2 * size >= other.size);

/** The median, so that neither a sweep on request nor an outage counts; 0 where it is not known. ms */
function usualInterval(looks: readonly Look[]): number {
  const intervals = looks.slice(1).map(({ startedMs }, index) => startedMs - (looks[index]?.startedMs ?? startedMs));
  return intervals.sort((a, b) => a - b)[(intervals.length - 1) >> 1] ?? 0;
}

/** Whether any of the sweeps that are remembered looked at the address. */
export const isLookedAt = ({ looks }: Listening, address: Ipv4): boolean =>
  looks.some(({ looked }) => setContains(looked, address));

/** Epoch ms: starts of the newest valid sweep that looked at the address, and of the one before it; null where there is none. */
export function newestLooks({ looks }: Listening, address: Ipv4): readonly [newest: number | null, before: number | null] {
  const starts = looks.filter(({ looked }) => setContains(looked, address)).map(({ startedMs }) => startedMs);
  return [starts.at(-1) ?? null, starts.at(-2) ?? null];
}
