/**
 * Addresses that a Service holds and nobody answers for: told when two valid sweeps in a row looked and heard nobody. Needs to know
 * which addresses are held; where that is not known nothing is said, and nothing taken back.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { setContains } from '../address/range-set.ts';
import type { Assignment } from './cluster-view.ts';
import { dismiss, type Guard, type Held, serviceAt } from './guard-state.ts';
import { allOpen, type Changes, close, isFull, openConflict, strangersAt } from './open-conflicts.ts';
import { poolAt } from './pool-index.ts';
import { unannouncedKey } from './speakers.ts';
import type { Sweep } from './sweep.ts';
import { MAX_ADDRESSES_IN_USE } from './uses.ts';

const SILENT_SWEEPS = 2;
/** Open at once: notices must not crowd out what is urgent. */
export const MAX_UNANNOUNCED = 1_024;

/** What is held from now on. Who was held before keeps how long it was silent. */
export function heldFrom(
  assignments: readonly Assignment[] | null,
  before: ReadonlyMap<Ipv4, Held> | null,
  nowMs: number,
): Map<Ipv4, Held> | null {
  if (assignments === null) return null;
  const held = new Map<Ipv4, Held>();
  for (const assignment of assignments) {
    const known = before?.get(assignment.address);
    held.set(
      assignment.address,
      known === undefined ? { assignment, sinceMs: nowMs, silentFromMs: 0, silentSweeps: 0 } : { ...known, assignment },
    );
  }
  return held;
}

/** Addresses that are not held any more need nobody to announce them. */
export function closeReleased(guard: Guard, nowMs: number, changes: Changes): void {
  const { held } = guard;
  if (held === null) return;
  for (const conflict of allOpen(guard.open)) {
    if (conflict.now.kind !== 'unannounced' || held.has(conflict.now.address)) continue;
    close(guard.open, conflict, 'mended', { nowMs, causedMs: nowMs }, changes);
  }
}

export function noteSilence(guard: Guard, sweep: Sweep, nowMs: number, changes: Changes): void {
  // Beyond the addresses whose use can be remembered, silence cannot be told from forgetting.
  if (guard.held === null || guard.held.size > MAX_ADDRESSES_IN_USE) return;
  for (const [address, held] of guard.held) {
    if (sweep.startedMs < held.sinceMs || !setContains(sweep.looked, address)) continue;
    const usedMs = lastUseMs(guard, address);
    if (usedMs >= sweep.startedMs) {
      held.silentSweeps = 0;
      continue;
    }
    if (held.silentSweeps === 0 || usedMs >= held.silentFromMs) {
      held.silentSweeps = 0;
      held.silentFromMs = sweep.startedMs;
    }
    held.silentSweeps++;
    if (held.silentSweeps >= SILENT_SWEEPS) openUnannounced(guard, address, held, sweep, nowMs, changes);
  }
}

/** By anybody: a stranger who uses it is `contested`, not silence. */
function lastUseMs({ uses, open }: Guard, address: Ipv4): number {
  let lastMs = uses.get(address)?.lastMs ?? Number.NEGATIVE_INFINITY;
  for (const { now } of strangersAt(open, address)) if (now.kind !== 'imminent') lastMs = Math.max(lastMs, now.lastSeenMs);
  return lastMs;
}

function openUnannounced(guard: Guard, address: Ipv4, held: Held, sweep: Sweep, nowMs: number, changes: Changes): void {
  const key = unannouncedKey(address);
  const known = guard.open.faults.get(key);
  if (known !== undefined) {
    known.now.lastSeenMs = Math.max(known.now.lastSeenMs, sweep.endedMs);
    return;
  }
  const pool = poolAt(guard.pools, address);
  if (pool === null) return;
  const notices = [...guard.open.faults.values()].filter(({ now }) => now.kind === 'unannounced').length;
  if (isFull(guard.open) || notices >= MAX_UNANNOUNCED) {
    dismiss(guard, 'too-many-conflicts');
    return;
  }
  const where = { segment: sweep.segment, pool: pool.name, address, service: serviceAt(guard, address) };
  const seen = { firstSeenMs: held.silentFromMs, lastSeenMs: sweep.endedMs, sightings: held.silentSweeps, sources: 0 };
  const who = { stranger: null, macs: [], detail: {} };
  openConflict(guard.open, { kind: 'unannounced', ...where, ...seen, ...who }, key, { nowMs, causedMs: nowMs }, changes);
}
