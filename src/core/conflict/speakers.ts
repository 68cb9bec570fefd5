/**
 * What the use of a pool address by a speaker means: the address is held, somebody answers for it, and perhaps several nodes do.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Pool, Speaker } from './cluster-view.ts';
import { type Guard, isHeld } from './guard-state.ts';
import { type Changes, close } from './open-conflicts.ts';
import { compareNodes, nodeOf } from './split-brain.ts';
import { noteHeld } from './strangers.ts';
import { noteUse, useOf } from './uses.ts';
import type { WireSighting } from './wire-event.ts';

export function noteSpeaker(
  guard: Guard,
  pool: Pool,
  speaker: Speaker,
  sighting: WireSighting,
  nowMs: number,
  changes: Changes,
): void {
  const { address, source, atMs } = sighting;
  const use = useOf(guard.uses, address, speaker.mac, nodeOf(speaker), atMs);
  compareNodes(guard, pool, speaker, sighting, use, nowMs, changes);
  noteUse(use, speaker.mac, nodeOf(speaker), { isReply: source === 'arp-reply', solicited: sighting.solicited, atMs });
  const moment = { nowMs, causedMs: atMs };
  if (isHeld(guard, address, atMs)) noteHeld(guard, address, moment, changes);
  const unannounced = guard.open.faults.get(unannouncedKey(address));
  if (unannounced !== undefined) close(guard.open, unannounced, 'mended', moment, changes);
}

export const unannouncedKey = (address: Ipv4): string => `unannounced ${address}`;
