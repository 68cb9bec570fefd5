/**
 * For each MAC the last few distinct addresses it had to do with, and when: how scanners and stand-ins are told. Fixed size; what is
 * forgotten only ever makes a rule apply later, so a flood can raise noise and never hide anyone.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { claimSlot, createMacTable, findSlot, type MacTable } from './mac-table.ts';

/** MACs remembered. */
export const MAX_MACS = 4_096;

const NEVER = Number.NEGATIVE_INFINITY;

export interface RecentAddresses {
  readonly table: MacTable;
  /** Distinct addresses kept for each MAC. */
  readonly width: number;
  readonly addresses: Uint32Array;
  /** -Infinity: the place is empty. */
  readonly times: Float64Array;
  /** One moment for each MAC that the owner of this memory sets: since when a rule holds, say. -Infinity: never. */
  readonly marks: Float64Array;
}

export const createRecentAddresses = (width: number): RecentAddresses => ({
  table: createMacTable(MAX_MACS),
  width,
  addresses: new Uint32Array(MAX_MACS * width),
  times: new Float64Array(MAX_MACS * width).fill(NEVER),
  marks: new Float64Array(MAX_MACS).fill(NEVER),
});

/** @returns the MAC's slot, for the functions below */
export function noteAddress(recent: RecentAddresses, segment: number, mac: Mac, address: Ipv4, atMs: number): number {
  const { table, width, addresses, times, marks } = recent;
  const claimed = claimSlot(table, segment, mac, atMs);
  const slot = claimed < 0 ? ~claimed : claimed;
  const start = slot * width;
  if (claimed < 0) {
    times.fill(NEVER, start, start + width);
    marks[slot] = NEVER;
  }
  // The farthest in time, not the oldest: stamps of a clock that was ahead must not stay for ever.
  let place = start;
  let farthest = -1;
  for (let at = start; at < start + width; at++) {
    const distance = Math.abs(atMs - (times[at] ?? NEVER));
    if (distance !== Number.POSITIVE_INFINITY && addresses[at] === address) {
      place = at;
      break;
    }
    if (distance > farthest) {
      place = at;
      farthest = distance;
    }
  }
  addresses[place] = address;
  times[place] = atMs;
  return slot;
}

/** How many distinct addresses were noted within `windowMs` of `atMs`, before or after. */
export function countWithin({ width, times }: RecentAddresses, slot: number, atMs: number, windowMs: number): number {
  let count = 0;
  for (let at = slot * width; at < (slot + 1) * width; at++) if (Math.abs(atMs - (times[at] ?? NEVER)) <= windowMs) count++;
  return count;
}

/** The addresses themselves. */
export function* addressesWithin({ width, addresses, times }: RecentAddresses, slot: number, atMs: number, windowMs: number) {
  for (let at = slot * width; at < (slot + 1) * width; at++) {
    if (Math.abs(atMs - (times[at] ?? NEVER)) <= windowMs) yield (addresses[at] ?? 0) as Ipv4;
  }
}

/** The MAC has nothing to do with the address any more. */
export function forgetAddress(recent: RecentAddresses, segment: number, mac: Mac, address: Ipv4): void {
  const slot = findSlot(recent.table, segment, mac);
  if (slot < 0) return;
  const { width, addresses, times } = recent;
  for (let at = slot * width; at < (slot + 1) * width; at++) if (addresses[at] === address) times[at] = NEVER;
}

export const markOf = (recent: RecentAddresses, slot: number): number => recent.marks[slot] ?? NEVER;

export const slotOf = (recent: RecentAddresses, segment: number, mac: Mac): number => findSlot(recent.table, segment, mac);
