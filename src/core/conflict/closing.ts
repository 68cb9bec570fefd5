/**
 * When a conflict is over by itself: nobody was heard for the quiet time, and a valid sweep that began after it looked and still heard
 * nobody. A daemon that is blind, or not running, closes nothing; a device that flaps within the quiet time is one conflict.
 */
import { setContains } from '../address/range-set.ts';
import { type Guard, serviceAt } from './guard-state.ts';
import { allOpen, type Changes, close, type OpenConflict } from './open-conflicts.ts';
import { poolAt } from './pool-index.ts';
import type { Sweep } from './sweep.ts';

/** An intent that nothing came of is over sooner. */
export const IMMINENT_QUIET_MS = 5 * 60_000;

export function closeQuiet(guard: Guard, sweep: Sweep, nowMs: number, changes: Changes): void {
  for (const conflict of allOpen(guard.open)) {
    const { now } = conflict;
    const quietMs = quietTimeOf(guard, conflict);
    if (quietMs === null || now.segment !== sweep.segment) continue;
    // Seen later than now: the clock was ahead and has been set back. It must not stay open until the clock is there again.
    if (now.lastSeenMs > nowMs) now.lastSeenMs = nowMs;
    if (sweep.startedMs < now.lastSeenMs + quietMs || !setContains(sweep.looked, now.address)) continue;
    close(guard.open, conflict, 'quiet', { nowMs, causedMs: nowMs }, changes);
  }
}

/** null: it never ends by quiet. ms */
function quietTimeOf({ settings }: Guard, { now }: OpenConflict): number | null {
  switch (now.kind) {
    case 'squatter':
    case 'contested':
    case 'split-brain':
      return settings.closeAfterMs;
    case 'imminent':
      return Math.min(settings.closeAfterMs, IMMINENT_QUIET_MS);
    case 'infrastructure':
    case 'scope-overlap':
    case 'unannounced':
      return null;
  }
}

/** Conflicts about addresses that are in no pool any more. Those of the two kinds that are compared anew end by themselves. */
export function closeOutsidePools(guard: Guard, nowMs: number, changes: Changes): void {
  for (const conflict of allOpen(guard.open)) {
    const { now } = conflict;
    if (now.kind === 'infrastructure' || now.kind === 'scope-overlap') continue;
    const pool = poolAt(guard.pools, now.address);
    if (pool !== null) {
      now.pool = pool.name;
      now.service = serviceAt(guard, now.address) ?? now.service;
    } else close(guard.open, conflict, 'not-in-pool', { nowMs, causedMs: nowMs }, changes);
  }
}
