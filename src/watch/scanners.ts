/**
 * Tells a scanner's ARP probes from those of a device that is about to use an address: a device probes for one address or two
 * (RFC 5227), a scanner, another Freehold included, for dozens. Its probes announce nobody, and would keep every address from
 * ever being quiet. Holds each probe until what came within a second before and after it is known; remembers no MAC for longer.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { Sighting } from '../core/evidence/sighting.ts';
import type { SegmentId } from '../ledger/types.ts';

/** ARP probes by one MAC for this many addresses within a second of each other: RFC 5227 MAX_CONFLICTS is 10 a minute. */
export const SCANNER_ADDRESSES = 12;
/** How far before and after a probe its MAC's other probes count, in ms of the frames' own stamps. */
export const SCANNER_WINDOW_MS = 1000;
/** Probes held in all. */
export const MAX_HELD = 20_000;

/** A decided probe still counts for those that came up to this long after it; longer than the window, for frames read late. */
const COUNTS_FOR_MS = 2 * SCANNER_WINDOW_MS;
/** How many of a MAC's held probes are looked at when there is no room to hold another. */
const GLANCE = 256;

interface Held {
  readonly sighting: Sighting;
  readonly heardMs: number;
  decided: boolean;
}

interface Prober {
  readonly segment: SegmentId;
  readonly mac: Mac;
  readonly probes: Held[];
}

export interface DecidedProbes {
  readonly intents: readonly { readonly segment: SegmentId; readonly sighting: Sighting }[];
  /** How many of a MAC's probes were a scanner's. */
  readonly scanners: readonly { readonly segment: SegmentId; readonly mac: Mac; readonly probes: number }[];
}

export class Scanners {
  readonly #probers = new Map<string, Prober>();
  #held = 0;

  /**
   * Takes a probe to be decided later.
   * @param heardMs monotonic: the stamps may jump with the clock, the wait must not
   * @returns `held`; where there is no room, at once what it is as far as can be told: a scanner's, or an intent
   */
  hold(segment: SegmentId, mac: Mac, sighting: Sighting, heardMs: number): 'held' | 'scanner' | 'intent' {
    const key = `${segment}/${mac}`;
    const prober = this.#probers.get(key);
    if (this.#held >= MAX_HELD) return prober !== undefined && scansAt(prober, sighting) ? 'scanner' : 'intent';
    this.#held++;
    const held = { sighting, heardMs, decided: false };
    if (prober === undefined) this.#probers.set(key, { segment, mac, probes: [held] });
    else prober.probes.push(held);
    return 'held';
  }

  /** Probes of a segment that are held, and are no scanner's as far as can be told by now. Decides nothing. */
  undecided(segment: SegmentId): Sighting[] {
    const found: Sighting[] = [];
    for (const prober of this.#probers.values()) {
      if (prober.segment !== segment) continue;
      for (const { held, isScan } of inWindows(prober.probes)) if (!held.decided && !isScan) found.push(held.sighting);
    }
    return found;
  }

  /** The probes whose second has passed. @param nowMs monotonic; Infinity: all of them, from what is known by now */
  decide(nowMs: number): DecidedProbes {
    const intents: { segment: SegmentId; sighting: Sighting }[] = [];
    const scanners: { segment: SegmentId; mac: Mac; probes: number }[] = [];
    for (const [key, { segment, mac, probes }] of this.#probers) {
      let scanned = 0;
      for (const { held, isScan } of inWindows(probes)) {
        if (held.decided || nowMs - held.heardMs < SCANNER_WINDOW_MS) continue;
        held.decided = true;
        if (isScan) scanned++;
        else intents.push({ segment, sighting: held.sighting });
      }
      if (scanned > 0) scanners.push({ segment, mac, probes: scanned });
      const kept = probes.filter(({ decided, heardMs }) => !decided || nowMs - heardMs < SCANNER_WINDOW_MS + COUNTS_FOR_MS);
      this.#held -= probes.length - kept.length;
      if (kept.length === 0) this.#probers.delete(key);
      else this.#probers.set(key, { segment, mac, probes: kept });
    }
    return { intents, scanners };
  }
}

/** Each probe of one MAC, and whether enough addresses were probed around it. One pass with two pointers over the stamps. */
function* inWindows(probes: readonly Held[]): Generator<{ readonly held: Held; readonly isScan: boolean }> {
  const byTime = [...probes].sort((a, b) => a.sighting.atMs - b.sighting.atMs);
  const counts = new Map<Ipv4, number>();
  let first = 0;
  let next = 0;
  for (const held of byTime) {
    const { atMs } = held.sighting;
    for (let entering = byTime[next]; entering !== undefined && entering.sighting.atMs <= atMs + SCANNER_WINDOW_MS; ) {
      counts.set(entering.sighting.address, (counts.get(entering.sighting.address) ?? 0) + 1);
      entering = byTime[++next];
    }
    for (let leaving = byTime[first]; leaving !== undefined && leaving.sighting.atMs < atMs - SCANNER_WINDOW_MS; ) {
      const left = (counts.get(leaving.sighting.address) ?? 0) - 1;
      if (left > 0) counts.set(leaving.sighting.address, left);
      else counts.delete(leaving.sighting.address);
      leaving = byTime[++first];
    }
    yield { held, isScan: counts.size >= SCANNER_ADDRESSES };
  }
}

/** Whether the newest of what is held of the MAC makes this probe a scanner's. */
function scansAt({ probes }: Prober, { address, atMs }: Sighting): boolean {
  const addresses = new Set<Ipv4>([address]);
  const end = Math.max(0, probes.length - GLANCE);
  for (let at = probes.length - 1; at >= end && addresses.size < SCANNER_ADDRESSES; at--) {
    const one = probes[at]?.sighting;
    if (one !== undefined && Math.abs(one.atMs - atMs) <= SCANNER_WINDOW_MS) addresses.add(one.address);
  }
  return addresses.size >= SCANNER_ADDRESSES;
}
