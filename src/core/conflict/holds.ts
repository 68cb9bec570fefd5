/**
 * Sightings whose judgement waits a moment, because the first frame of a router or a scanner looks like that of a stranger who
 * takes an address. Only keeps them: what they mean is judged when they come out.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { WireSighting } from './wire-event.ts';

/** An answer to our own question: by then a stand-in has answered for others too. */
export const REPLY_HOLD_MS = 1_000;
/** An ARP probe: by then a scanner has probed for others too. Shorter than a client's own probing (RFC 5227: 4 s; some 200 ms). */
export const PROBE_HOLD_MS = 100;
/** Held in all, and for one address. Further ones are judged at once: too loud rather than too late. */
export const MAX_HOLDS = 4_096;
export const MAX_HOLDS_PER_ADDRESS = 16;

export interface Hold {
  readonly sighting: WireSighting;
  readonly heldMs: number;
  readonly dueMs: number;
}

export interface Holds {
  waiting: Hold[];
  readonly byAddress: Map<Ipv4, Hold[]>;
  /** When the first of them is due; Infinity for none. */
  dueMs: number;
}

export const createHolds = (): Holds => ({ waiting: [], byAddress: new Map(), dueMs: Number.POSITIVE_INFINITY });

/** @returns false where there is no room. One like it that waits already stands for both. */
export function hold(holds: Holds, sighting: WireSighting, forMs: number, nowMs: number): boolean {
  const here = holds.byAddress.get(sighting.address) ?? [];
  if (here.some((other) => other.sighting.mac === sighting.mac && other.sighting.source === sighting.source)) return true;
  if (holds.waiting.length >= MAX_HOLDS || here.length >= MAX_HOLDS_PER_ADDRESS) return false;
  const held = { sighting, heldMs: nowMs, dueMs: nowMs + forMs };
  here.push(held);
  holds.byAddress.set(sighting.address, here);
  holds.waiting.push(held);
  holds.dueMs = Math.min(holds.dueMs, held.dueMs);
  return true;
}

/** Takes out what is due, and what waits for a moment that a clock set back has put far away. */
export function takeDue(holds: Holds, nowMs: number): readonly WireSighting[] {
  if (holds.waiting.length === 0) return [];
  const isDue = ({ dueMs, heldMs }: Hold): boolean => dueMs <= nowMs || heldMs > nowMs;
  const due = holds.waiting.filter(isDue);
  if (due.length > 0) keep(holds, (held) => !isDue(held));
  return due.map(({ sighting }) => sighting);
}

/** The client took its intent back. */
export function dropHolds(holds: Holds, address: Ipv4, mac: Mac): void {
  if (holds.byAddress.get(address)?.some(({ sighting }) => sighting.mac === mac) !== true) return;
  keep(holds, ({ sighting }) => sighting.address !== address || sighting.mac !== mac);
}

function keep(holds: Holds, isKept: (held: Hold) => boolean): void {
  holds.waiting = holds.waiting.filter(isKept);
  holds.byAddress.clear();
  holds.dueMs = Number.POSITIVE_INFINITY;
  for (const held of holds.waiting) {
    const here = holds.byAddress.get(held.sighting.address);
    if (here === undefined) holds.byAddress.set(held.sighting.address, [held]);
    else here.push(held);
    holds.dueMs = Math.min(holds.dueMs, held.dueMs);
  }
}
