/**
 * Which addresses a DHCP server handed out, each with the day of the last time: two bytes an address, in one run around those that
 * were. Bounded; changed in place. Knows no clock, and not which addresses a server may hand out.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Ipv4Range } from '../address/range.ts';
import type { RangeSet } from '../address/range-set.ts';
import type { HandedOutDays } from './types.ts';

const DAY_MS = 86_400_000;
/** A /16, what a segment can hold; an address further away than this is not noted. */
export const MAX_HANDED_OUT = 65_536;
/** The run begins and ends at a multiple of this: it is not copied for each new address. */
const BLOCK = 64;

/** Whole days since 1970, 1 .. 65,535 (the year 2149). */
export const dayOf = (atMs: number): number => Math.min(Math.max(Math.floor(atMs / DAY_MS), 1), 0xffff);

/** @returns with the address noted; the same value, changed in place, where the address lies in its run */
export function noteAddress(before: HandedOutDays | undefined, address: Ipv4, day: number): HandedOutDays {
  const handedOut = reaching(before, address);
  const at = address - handedOut.first;
  const known = handedOut.days[at];
  if (known !== undefined && day > known) handedOut.days[at] = day;
  return handedOut;
}

/** Whether it was handed out, and is not forgotten. */
export const wasHandedOut = (handedOut: HandedOutDays | undefined, address: Ipv4): boolean =>
  (handedOut?.days[address - handedOut.first] ?? 0) > 0;

/**
 * Forgets what was last handed out before `fromDay`. A day that is still to come, as a clock that was set back leaves it, becomes
 * `today`: it would be kept for ever otherwise.
 * @returns whether something was forgotten
 */
export function forgetOld({ days }: HandedOutDays, fromDay: number, today: number): boolean {
  let forgot = false;
  // Once a day for each server of a /16: no iterator, which takes ten times as long.
  for (let at = 0; at < days.length; at++) {
    const day = days[at] ?? 0;
    if (day > today) days[at] = today;
    else if (day > 0 && day < fromDay) {
      days[at] = 0;
      forgot = true;
    }
  }
  return forgot;
}

/** From the first to the last address that was handed out; null: none. */
export function spanOf({ first, days }: HandedOutDays): Ipv4Range | null {
  const low = days.findIndex((day) => day > 0);
  if (low < 0) return null;
  const high = days.findLastIndex((day) => day > 0);
  return { first: (first + low) as Ipv4, last: (first + high) as Ipv4 };
}

/** From the first to the last address of these that was handed out; null: none was. */
export function handedOutIn({ first, days }: HandedOutDays, addresses: RangeSet): Ipv4Range | null {
  const found = addresses.flatMap((run) => {
    const from = Math.max(run.first - first, 0);
    const span = spanOf({ first: (first + from) as Ipv4, days: days.subarray(from, Math.max(run.last - first + 1, from)) });
    return span === null ? [] : [span];
  });
  const low = found[0];
  const high = found.at(-1);
  return low === undefined || high === undefined ? null : { first: low.first, last: high.last };
}

/** With room for the address, where that keeps it below the bound. */
function reaching(before: HandedOutDays | undefined, address: Ipv4): HandedOutDays {
  if (before !== undefined && address >= before.first && address < before.first + before.days.length) return before;
  const low = address - (address % BLOCK);
  if (before === undefined || before.days.length === 0) return { first: low as Ipv4, days: new Uint16Array(BLOCK) };
  const first = Math.min(low, before.first);
  const end = Math.max(low + BLOCK, before.first + before.days.length);
  if (end - first > MAX_HANDED_OUT) return before;
  const days = new Uint16Array(end - first);
  days.set(before.days, before.first - first);
  return { first: first as Ipv4, days };
}
