/**
 * Who itself spoke from an address of a segment last: the sender of an ordinary request or an announcement, which nobody sends for
 * another. Typed columns over the segment's range, so that a flood costs nothing.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { contains, type Ipv4Range, sizeOf } from '../address/range.ts';
import { macHigh, macLow } from './mac-table.ts';

/** A segment is a /16 at the largest; beyond, nobody is remembered. */
const MAX_ADDRESSES = 65_536;

export interface AddressOwners {
  readonly range: Ipv4Range;
  readonly high: Uint16Array;
  readonly low: Uint32Array;
  /** Epoch ms; 0: nobody. */
  readonly atMs: Float64Array;
}

export function createAddressOwners(range: Ipv4Range): AddressOwners {
  const length = Math.min(sizeOf(range), MAX_ADDRESSES);
  const kept = { first: range.first, last: (range.first + length - 1) as Ipv4 };
  return { range: kept, high: new Uint16Array(length), low: new Uint32Array(length), atMs: new Float64Array(length) };
}

export function noteOwner(owners: AddressOwners, address: Ipv4, mac: Mac, atMs: number): void {
  if (!contains(owners.range, address)) return;
  const row = address - owners.range.first;
  owners.high[row] = macHigh(mac);
  owners.low[row] = macLow(mac);
  owners.atMs[row] = atMs;
}

/** Whether somebody else spoke from the address within `windowMs` of `atMs`, and `mac` has not since. */
export function isOthers(owners: AddressOwners, address: Ipv4, mac: Mac, atMs: number, windowMs: number): boolean {
  if (!contains(owners.range, address)) return false;
  const row = address - owners.range.first;
  const seenMs = owners.atMs[row] ?? 0;
  if (seenMs === 0 || Math.abs(atMs - seenMs) > windowMs) return false;
  return owners.low[row] !== macLow(mac) || owners.high[row] !== macHigh(mac);
}
