/**
 * When a conflict is over by itself: nobody was heard for the quiet time, and a valid sweep that began after it looked and still heard
 * nobody. The quiet time counts from when the segment was listened to without a gap: a daemon that is blind, or not running, closes
 * nothing, and neither does its first look afterwards. A device that flaps within the quiet time is one conflict.
 */
import { setContains } from '../address/range-set.ts';
import { type Guard, type SegmentState, serviceAt } from './guard-state.ts';
import { isLookedAt } from './listening.ts';
import { allOpen, type Changes, close, type OpenConflict } from './open-conflicts.ts';
import { poolAt } from './pool-index.ts';
import type { Sweep } from './sweep.ts';

/** An intent that nothing came of is over sooner. */
export const IMMINENT_QUIET_MS = 5 * 60_000;

/** @param whole the sweep was one of the whole segment, and not of some addresses only */
export function closeQuiet(
  guard: Guard,
  { listening }: SegmentState,
  sweep: Sweep,
  whole: boolean,
  nowMs: number,
  changes: Changes,
): void {
  const { sinceMs } = listening;
  if (sinceMs === null) return;
  for (const conflict of allOpen(guard.open)) {
    const { now } = conflict;
    const quietMs = quietTimeOf(guard, conflict);
    if (quietMs === null || now.segment !== sweep.segment) continue;
    // Seen later than now: the clock was ahead and has been set back. It must not stay open until the clock is there again.
    if (now.lastSeenMs > nowMs) now.lastSeenMs = nowMs;
    const looked = setContains(sweep.looked, now.address);
    // An address that no sweep ever looks at (excluded, say) is listened to all the same: a longer silence has to do.
    if (!looked && (!whole || isLookedAt(listening, now.address))) continue;
    const silentMs = looked ? quietMs : guard.settings.closeAfterMs;
    if (sweep.startedMs < Math.max(now.lastSeenMs, sinceMs) + silentMs) continue;
    close(guard.open, conflict, 'quiet', { nowMs, causedMs: nowMs }, changes);
  }
}

/** null: it never ends by quiet. ms */
function quietTimeOf({ settings }: Guard, { now, key }: OpenConflict): number | null {
  switch (now.kind) {
    case 'squatter':
    case 'contested':
    case 'split-brain':
      return settings.closeAfterMs;
    case 'imminent':
      return Math.min(settings.closeAfterMs, IMMINENT_QUIET_MS);
    case 'infrastructure':
      // A node that was heard, and not an address of the configuration.
      return key === null ? Math.min(settings.closeAfterMs, IMMINENT_QUIET_MS) : null;
    case 'scope-overlap':
    case 'unannounced':
      return null;
  }
}

/** Conflicts about addresses that are in no pool any more. Those that are compared anew (static-faults.ts) end by themselves. */
export function closeOutsidePools(guard: Guard, nowMs: number, changes: Changes): void {
  for (const conflict of allOpen(guard.open)) {
    const { now } = conflict;
    if ((now.kind === 'infrastructure' && conflict.key !== null) || now.kind === 'scope-overlap') continue;
    const pool = poolAt(guard.pools, now.address);
    if (pool !== null) {
      now.pool = pool.name;
      now.service = serviceAt(guard, now.address) ?? now.service;
    } else close(guard.open, conflict, 'not-in-pool', { nowMs, causedMs: nowMs }, changes);
  }
}
