/**
 * Makes the plan of the next sweep of a segment from what is known of it: whom to ask, who earns retries, who is the
 * positive control. Pure.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Ipv4Range } from '../core/address/range.ts';
import {
  addressesOf,
  type RangeSet,
  rangeSet,
  rangeSetOfAddresses,
  setContains,
  setSize,
  subtract,
  union,
} from '../core/address/range-set.ts';
import type { SightingColumns } from '../core/evidence/facts.ts';
import { chooseControls, MAX_TARGETS } from '../core/probe/plan.ts';
import type { Rate, SweepPlan } from '../core/probe/types.ts';
import type { SegmentConfig } from '../system/config-types.ts';
import type { SegmentPlace } from './segment-place.ts';

/**
 * How long each try at an address that was seen lately is waited for: one probe and two retries. Wi-Fi and sleepers answer
 * after 300 ms to 2 s; what comes after the sweep is heard all the same.
 */
export const RETRY_PATIENCE_MS: readonly number[] = [300, 600, 800];
/** Wait after the last frame of a sweep. */
export const SETTLE_MS = 700;
/** Routed segments: an echo request costs every router on the way. */
export const ICMP_MAX_RATE = 100;
export const ICMP_SETTLE_MS = 1500;
/** A check of the controls alone: a handful of frames, and their answers. */
const CONTROL_RATE = 500;
const CONTROL_SETTLE_MS = 100;
/** "Seen lately", for retries. */
const RECENT_MS = 24 * 3_600_000;
/** The most recently seen ones get the retries: two each must stay a small part of the sweep. */
const MAX_RECENT = 1024;

interface Seen {
  readonly address: Ipv4;
  readonly lastSeenMs: number;
}

/** @param answeredMs when each address last answered a question of ours, epoch ms */
export function planSweep(
  config: SegmentConfig,
  place: SegmentPlace,
  sightings: SightingColumns,
  nowMs: number,
  answeredMs: ReadonlyMap<Ipv4, number> = new Map(),
): SweepPlan {
  const seen = seenLately(sightings, nowMs);
  const hostRange = subtract(rangeSet([place.range]), askNever(config, place));
  const askable = seen.filter(({ address }) => setContains(hostRange, address));
  const routed = place.method === 'icmp';
  // A router's far side may be all silence, as a BGP pool is: a control from outside the range may be named there.
  const named = routed ? config.controls : config.controls.filter((address) => setContains(hostRange, address));
  const controls = chooseControls({
    gateways: place.gateways.filter((address) => setContains(hostRange, address)),
    configured: named,
    seenLately: askable,
    answeredMs,
    nowMs,
  });
  return {
    method: place.method,
    targets: routed ? withControls(hostRange, rangeSetOfAddresses(named)) : hostRange,
    recent: new Set(askable.slice(0, MAX_RECENT).map(({ address }) => address)),
    controls,
    rate: routed ? gentle(config.rate) : config.rate,
    retryPatienceMs: RETRY_PATIENCE_MS,
    askSilent: !routed && place.ownAddress !== null,
    settleMs: routed ? ICMP_SETTLE_MS : SETTLE_MS,
  };
}

/** Addresses of the segment that are never probed: its network and broadcast addresses, our own, and those that the admin excluded. */
export function askNever(config: SegmentConfig, place: SegmentPlace): RangeSet {
  const edges = place.infrastructure
    .filter(({ role }) => role === 'network' || role === 'broadcast')
    .map(({ address }) => address);
  return union(rangeSetOfAddresses([...edges, ...place.own]), config.exclude);
}

/** Only the controls, in a moment: whether the wire carries questions there and answers back. */
export const planControls = (controls: ReadonlySet<Ipv4>): SweepPlan => ({
  method: 'arp',
  targets: rangeSetOfAddresses([...controls]),
  recent: controls,
  controls,
  rate: CONTROL_RATE,
  retryPatienceMs: RETRY_PATIENCE_MS,
  askSilent: false,
  settleMs: CONTROL_SETTLE_MS,
});

/** These, and nobody else: each again where it is silent, and by an ordinary request where we have an address. Nobody must answer. */
export const planAsk = (targets: RangeSet, ownAddress: Ipv4 | null): SweepPlan => ({
  method: 'arp',
  targets,
  recent: new Set(addressesOf(targets)),
  controls: new Set(),
  rate: CONTROL_RATE,
  retryPatienceMs: RETRY_PATIENCE_MS,
  askSilent: ownAddress !== null,
  settleMs: CONTROL_SETTLE_MS,
});

/** A full /16 has no room for controls from outside it: then its last addresses are not looked at, and so never free. */
function withControls(hosts: RangeSet, controls: RangeSet): RangeSet {
  const room = MAX_TARGETS - setSize(controls);
  const kept: Ipv4Range[] = [];
  let count = 0;
  for (const range of hosts) {
    const last = Math.min(range.last, range.first + room - count - 1) as Ipv4;
    if (last < range.first) break;
    kept.push({ first: range.first, last });
    count += last - range.first + 1;
  }
  return union(rangeSet(kept), controls);
}

const gentle = (rate: Rate): Rate => (rate === 'max' ? ICMP_MAX_RATE : Math.min(rate, ICMP_MAX_RATE));

/** Addresses in use within the last day, the most recently seen first. */
function seenLately(sightings: SightingColumns, nowMs: number): Seen[] {
  const seen: Seen[] = [];
  for (let i = 0; i < sightings.length; i++) {
    const lastSeenMs = sightings.lastUseMs[i] ?? 0;
    if (lastSeenMs > 0 && nowMs - lastSeenMs < RECENT_MS) seen.push({ address: (sightings.first + i) as Ipv4, lastSeenMs });
  }
  return seen.sort((a, b) => b.lastSeenMs - a.lastSeenMs);
}
