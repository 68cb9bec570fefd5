/**
 * Whom a sweep asks, in which order, and who is its positive control. Pure; it never decides when a probe leaves (pacing.ts).
 */
import { type Cidr, hasBroadcast, rangeOfCidr } from '../address/cidr.ts';
import type { Ipv4 } from '../address/ipv4.ts';
import type { Ipv4Range } from '../address/range.ts';
import { addressesOf, type RangeSet, rangeSet, rangeSetOfAddresses, setSize, subtract, union } from '../address/range-set.ts';

/** A /16: the most that one sweep may ask. */
export const MAX_TARGETS = 65_536;
export const MAX_CONTROLS = 16;
/**
 * A host counts as known to be alive for this long after it was last seen. When everyone really left, the controls age out
 * with it, instead of making every sweep invalid for ever.
 */
export const CONTROL_MEMORY_MS = 15 * 60_000;

export interface TargetRequest {
  readonly range: Ipv4Range;
  /** The network that the range lies in, for its network and broadcast address; null where it is not known. */
  readonly cidr: Cidr | null;
  /** Our own addresses: nobody else answers for them. */
  readonly own: readonly Ipv4[];
  readonly exclude: RangeSet;
}

/** The range without network, broadcast, own and excluded addresses. A /31 or /32 has no broadcast address (RFC 3021). */
export function planTargets({ range, cidr, own, exclude }: TargetRequest): RangeSet {
  const never = cidr !== null && hasBroadcast(cidr) ? [rangeOfCidr(cidr).first, rangeOfCidr(cidr).last] : [];
  return subtract(rangeSet([range]), union(rangeSetOfAddresses([...never, ...own]), exclude));
}

/** Shuffles in place (Fisher-Yates). @param random in [0, 1) */
export function shuffle(values: Uint32Array, random: () => number): Uint32Array {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = kept;
  }
  return values;
}

/** Every target once, in an order that spreads over the range, so that no switch port or host behind it sees a burst. */
export function probeOrder(targets: RangeSet, random: () => number): Uint32Array {
  const addresses = new Uint32Array(setSize(targets));
  let i = 0;
  for (const address of addressesOf(targets)) addresses[i++] = address;
  return shuffle(addresses, random);
}

export interface ControlCandidates {
  /** Next hops; a control only once they were seen: some gateways never answer a probe. */
  readonly gateways: readonly Ipv4[];
  /** Named by the admin: always a control, seen or not. */
  readonly configured: readonly Ipv4[];
  readonly seenLately: readonly { readonly address: Ipv4; readonly lastSeenMs: number }[];
  /** When each address last answered a question of ours, epoch ms. Where any did lately, those that never do are no controls. */
  readonly answeredMs?: ReadonlyMap<Ipv4, number>;
  readonly nowMs: number;
}

/**
 * Up to 16 addresses known to be alive: those configured, the gateways, then the most recently seen. What only speaks may be
 * invented, and would make every sweep fail for as long as it is remembered: who answers us comes first.
 * Of equals the lowest address, so that the choice is stable.
 */
export function chooseControls({ gateways, configured, seenLately, answeredMs, nowMs }: ControlCandidates): ReadonlySet<Ipv4> {
  const isFresh = (ms: number): boolean => nowMs - ms <= CONTROL_MEMORY_MS;
  const seen = seenLately.filter(({ lastSeenMs }) => isFresh(lastSeenMs));
  const answering = seen.filter(({ address }) => isFresh(answeredMs?.get(address) ?? Number.NEGATIVE_INFINITY));
  const alive = answering.length > 0 ? answering : seen;
  const aliveAddresses = new Set(alive.map(({ address }) => address));
  const steadiest = [...alive].sort((a, b) => b.lastSeenMs - a.lastSeenMs || a.address - b.address);
  const wanted = [
    ...configured,
    ...gateways.filter((address) => aliveAddresses.has(address)),
    ...steadiest.map(({ address }) => address),
  ];
  const controls = new Set<Ipv4>();
  for (const address of wanted) {
    if (controls.size >= MAX_CONTROLS) break;
    controls.add(address);
  }
  return controls;
}
