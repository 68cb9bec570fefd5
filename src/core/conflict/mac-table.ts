/**
 * A table of MACs of fixed size, in typed arrays: each MAC of a segment has a slot, and where there is no room the one that was
 * used longest ago loses its slot. Looking up and taking a slot allocates nothing, so a flood of random senders costs no memory.
 */
import type { Mac } from '../address/mac.ts';

/** Slots that a MAC can have; the oldest among them is given away. */
const WAYS = 8;

export interface MacTable {
  /** Segment and the first 16 bits of the MAC; 0: the slot is free. */
  readonly high: Uint32Array;
  /** The other 32 bits. */
  readonly low: Uint32Array;
  readonly usedMs: Float64Array;
}

/** @param capacity a power of two, at least 8 */
export const createMacTable = (capacity: number): MacTable => ({
  high: new Uint32Array(capacity),
  low: new Uint32Array(capacity),
  usedMs: new Float64Array(capacity),
});

const digit = (mac: Mac, index: number): number => {
  const code = mac.charCodeAt(index);
  return (code & 0x0f) + (code > 0x39 ? 9 : 0);
};

const byte = (mac: Mac, index: number): number => digit(mac, index * 3) * 16 + digit(mac, index * 3 + 1);

/** The first 16 bits of a MAC. */
export const macHigh = (mac: Mac): number => (byte(mac, 0) << 8) | byte(mac, 1);

/** The last 32 bits. */
export const macLow = (mac: Mac): number =>
  ((byte(mac, 2) << 24) | (byte(mac, 3) << 16) | (byte(mac, 4) << 8) | byte(mac, 5)) >>> 0;

const firstSlot = (table: MacTable, high: number, low: number): number => {
  const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return (((mixed ^ (mixed >>> 15)) >>> 0) % (table.high.length / WAYS)) * WAYS;
};

/** @param segment 1 .. 65,535 @returns the slot, or -1 */
export function findSlot(table: MacTable, segment: number, mac: Mac): number {
  const high = segment * 0x10000 + macHigh(mac);
  const low = macLow(mac);
  const first = firstSlot(table, high, low);
  for (let slot = first; slot < first + WAYS; slot++) {
    if (table.high[slot] === high && table.low[slot] === low) return slot;
  }
  return -1;
}

/**
 * The MAC's slot, which it takes where it has none.
 * @param atMs when it was seen: who was seen longest ago loses its slot first
 * @returns the slot; its complement (`~slot`, negative) where it was taken just now, and still holds what its last owner left
 */
export function claimSlot(table: MacTable, segment: number, mac: Mac, atMs: number): number {
  const high = segment * 0x10000 + macHigh(mac);
  const low = macLow(mac);
  const first = firstSlot(table, high, low);
  let oldest = first;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (let slot = first; slot < first + WAYS; slot++) {
    if (table.high[slot] === high && table.low[slot] === low) {
      table.usedMs[slot] = atMs;
      return slot;
    }
    const usedMs = table.high[slot] === 0 ? Number.NEGATIVE_INFINITY : (table.usedMs[slot] ?? 0);
    if (usedMs < oldestMs) {
      oldest = slot;
      oldestMs = usedMs;
    }
  }
  table.high[oldest] = high;
  table.low[oldest] = low;
  table.usedMs[oldest] = atMs;
  return ~oldest;
}
