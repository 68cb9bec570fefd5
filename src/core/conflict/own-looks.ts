/**
 * When we ourselves probed. A client that probes an address before it takes it, and hears our probe for it meanwhile, believes that
 * somebody else is about to take it (RFC 5227 section 2.1.1), and declines: its DHCPDECLINE says nothing then. Only remembers.
 */

/** From the start of a look: by then its probes are out, where it is a short one. */
const LOOK_MS = 10_000;
/** After the last probe of a look: a client declines at once. */
const AFTER_MS = 3_000;
/** A sweep that does not say that it ended is over by then. */
const LONGEST_MS = 3_600_000;

export interface OwnLooks {
  /** Epoch ms: start of the sweep that runs; null for none. */
  sweepingSinceMs: number | null;
  /** Epoch ms: up to here a DECLINE may be our own doing. */
  untilMs: number;
}

export const createOwnLooks = (): OwnLooks => ({ sweepingSinceMs: null, untilMs: Number.NEGATIVE_INFINITY });

/** @param endsMs when its last probe will be out; null for a sweep, which says itself when it has ended */
export function noteStart(own: OwnLooks, startedMs: number, endsMs: number | null): void {
  if (endsMs === null) own.sweepingSinceMs = startedMs;
  extend(own, Math.max(startedMs + LOOK_MS, (endsMs ?? startedMs) + AFTER_MS));
}

export function noteEnd(own: OwnLooks, endedMs: number): void {
  own.sweepingSinceMs = null;
  extend(own, endedMs + AFTER_MS);
}

/** Where the clock was set back, the old end is nothing to go by. */
function extend(own: OwnLooks, untilMs: number): void {
  own.untilMs = own.untilMs - untilMs > LONGEST_MS ? untilMs : Math.max(own.untilMs, untilMs);
}

export function mayBeOwnDoing({ sweepingSinceMs, untilMs }: OwnLooks, atMs: number): boolean {
  if (sweepingSinceMs !== null && Math.abs(atMs - sweepingSinceMs) <= LONGEST_MS) return true;
  return atMs <= untilMs && untilMs - atMs <= LONGEST_MS;
}
