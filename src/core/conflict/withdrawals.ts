/**
 * What DHCP takes back: a refusal (DHCPNAK) or a DHCPDECLINE ends the intent of a client, once it has been silent for a while, so that
 * one who asks again and again is one conflict. And what a DECLINE says of who has the address.
 */
import type { Mac } from '../address/mac.ts';
import { INTENT_BITS } from '../evidence/sighting.ts';
import type { Pool } from './cluster-view.ts';
import { dismiss, type Guard, type SegmentState, wasUsedBySpeaker } from './guard-state.ts';
import { dropHolds } from './holds.ts';
import { type Changes, close, type OpenConflict, ofStranger, strangersAt, withdraw } from './open-conflicts.ts';
import { mayBeOwnDoing } from './own-looks.ts';
import { kindOfUse, record } from './strangers.ts';
import type { WireRefusal, WireSighting } from './wire-event.ts';

/** From the refusal to the end of the conflict, where nothing more is heard of its stranger. */
export const WITHDRAWN_MS = 60_000;
/** A refusal so soon after an ACK is that of another server: a client may be served by one and refused by the next. */
const ACK_STANDS_MS = 60_000;
/** After the start: a node that holds the address may not have been heard yet. */
export const TOO_EARLY_MS = 2 * 60_000;

/** It holds no more than intents. */
const isIntentOnly = ({ now }: OpenConflict): boolean =>
  now.kind === 'imminent' || (now.kind === 'infrastructure' && (now.sources & ~INTENT_BITS) === 0);

const intentsOf = ({ open }: Guard, client: Mac): readonly OpenConflict[] => ofStranger(open, client).filter(isIntentOnly);

/** A DHCPNAK (RFC 2131 section 3.1, step 4): what the client was about to do, it must not. */
export function noteRefusal(guard: Guard, { segment, client, atMs }: WireRefusal, nowMs: number): void {
  for (const conflict of intentsOf(guard, client)) {
    if (conflict.now.segment !== segment || Math.abs(atMs - conflict.ackMs) <= ACK_STANDS_MS) continue;
    withdraw(guard.open, conflict, nowMs);
  }
}

/**
 * A DHCPDECLINE (RFC 2131 section 3.1, step 5): the client asked for the address, probed, and was answered. It takes back its own
 * intent, and is hard evidence of an occupant: of the speaker that holds it, of a stranger who is known, or of one who is not. Unless
 * what it heard was our own probe, or nobody could be known yet.
 */
export function noteDecline(
  guard: Guard,
  segment: SegmentState,
  pool: Pool,
  sighting: WireSighting,
  nowMs: number,
  changes: Changes,
): void {
  const { address, client, atMs } = sighting;
  if (client !== null) {
    dropHolds(guard.holds, address, client);
    for (const own of intentsOf(guard, client)) if (own.now.address === address) withdraw(guard.open, own, nowMs);
  }
  // Rule `decline-speaker-holds-it`.
  if (wasUsedBySpeaker(guard, address, atMs)) {
    dismiss(guard, 'decline-speaker-holds-it');
    return;
  }
  // Rule `decline-after-own-probe`.
  if (mayBeOwnDoing(segment.ownLooks, atMs)) {
    dismiss(guard, 'decline-after-own-probe');
    return;
  }
  // Rule `decline-too-early`.
  if (Math.abs(atMs - guard.startedMs) < TOO_EARLY_MS) {
    dismiss(guard, 'decline-too-early');
    return;
  }
  const here = strangersAt(guard.open, address);
  const occupant =
    here.find(({ now }) => now.kind !== 'imminent' && now.stranger !== client) ?? here.find(({ now }) => now.stranger === null);
  // The name in a DECLINE is that of who gave way, not of the occupant.
  const { hostname: _, ...seen } = sighting;
  record(guard, pool, seen, occupant ?? null, null, kindOfUse(guard, address, atMs), nowMs, changes);
}

/** Whoever has been silent since the refusal has given up. */
export function closeWithdrawn(guard: Guard, nowMs: number, changes: Changes): void {
  for (const conflict of guard.open.withdrawn) {
    const { withdrawnMs } = conflict;
    if (withdrawnMs === null) {
      // Something was heard of the stranger since.
      guard.open.withdrawn.delete(conflict);
    } else if (withdrawnMs > nowMs) {
      // The clock was set back.
      conflict.withdrawnMs = nowMs;
    } else if (nowMs - withdrawnMs >= WITHDRAWN_MS) {
      close(guard.open, conflict, 'withdrawn', { nowMs, causedMs: nowMs }, changes);
    }
  }
}
