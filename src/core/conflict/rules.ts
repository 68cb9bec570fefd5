/**
 * The rules by which a sighting of a pool address raises nothing, each by its name, and what they must remember of every frame.
 * They are about answers and probes only: an announcement or a request from a pool address, or a DHCP message that names one, is
 * a conflict whoever sends it. Where a memory is full a rule applies later: more is raised then, never less.
 *
 * Not here: `own-frame` (frames of ours and echoes of them), which are refused where frames become sightings.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { isOthers, noteOwner } from './address-owners.ts';
import { type Guard, isTaken, type RuleName, type SegmentState } from './guard-state.ts';
import { poolAt } from './pool-index.ts';
import {
  addressesWithin,
  countWithin,
  forgetAddress,
  markOf,
  noteAddress,
  type RecentAddresses,
  slotOf,
} from './recent-addresses.ts';
import { isVirtualRouterMac } from './virtual-mac.ts';
import type { WireSighting } from './wire-event.ts';

/** `scanner`: probes for this many addresses within a second; a device that tries one after another takes 4 s for each … */
const SCANNER_BURST = 4;
const SCANNER_BURST_MS = 1_000;
/** … or for this many in a minute, which RFC 5227 (MAX_CONFLICTS, 10) lets no device do. As many as `probed` is wide. */
const SCANNER_SLOW = 12;
const SCANNER_SLOW_MS = 60_000;
/** How long after its last probe a scanner is still one. */
const SCANNER_REMEMBERED_MS = 600_000;

/** `proxy-arp`: answers to us for this many addresses within `STAND_IN_MS`, as many as `answered` is wide … */
const STAND_IN_ADDRESSES = 8;
const STAND_IN_MS = 2_000;
/** … of which so many are in no pool: a foreign node with eight addresses of the pool is no router. */
const STAND_IN_OUTSIDE = 4;
/** A segment with fewer addresses outside the pools than this is mostly pool. */
export const MOSTLY_POOL = 16;
/** How long after that its answers still are a stand-in's, unless a sweep says so for longer. */
const STAND_IN_REMEMBERED_MS = 10_000;
/** Whoever answers for an address that is taken must answer for so many outside the pools: as many as `answeredOutside` is wide. */
const STAND_IN_FOR_TAKEN = 8;
/** How long an answer outside the pools, or one in them, tells what the MAC does. */
const ANSWERS_MS = 24 * 3_600_000;

/** `stands-in-for-sleepers`: answered for this many addresses of others, as many as `answeredForOthers` is wide. */
const SLEEPERS = 3;
const SLEEPERS_MS = 24 * 3_600_000;

/** `virtual-router`: answered for so many pool addresses, as many as `answeredInPool` is wide: one could be its own. */
const ROUTER_IN_POOL = 2;
/** How long an address outside the pools makes it a router. */
const ROUTER_MS = 24 * 3_600_000;
/** Virtual router MACs remembered for each segment; VRRP and HSRP know 4,608 in all. */
export const MAX_VIRTUAL_ROUTERS = 1_024;

/**
 * What every frame tells of its sender, whatever address it is about. Called for each frame of a flood: allocates nothing.
 * @returns the rule that applies to the MAC from now on, where it did not before
 */
export function remember(guard: Guard, segment: SegmentState, sighting: WireSighting, inPool: boolean): RuleName | null {
  const { mac, source } = sighting;
  if (mac === null) return null;
  switch (source) {
    case 'arp-probe':
      return rememberProbe(guard, segment, mac, sighting);
    case 'arp-reply':
      return rememberReply(guard, segment, mac, sighting, inPool);
    case 'arp-request':
    case 'arp-announcement':
      rememberOwner(guard, segment, mac, sighting, inPool);
      return null;
    case 'dhcp-request':
    case 'dhcp-ack':
    case 'dhcp-offer':
    case 'dhcp-decline':
    case 'lease-file':
    case 'icmp-reply':
    case 'neighbour':
      return null;
  }
}

function rememberProbe({ probed }: Guard, segment: SegmentState, mac: Mac, { address, atMs }: WireSighting): RuleName | null {
  const slot = noteAddress(probed, segment.number, mac, address, atMs);
  const was = isWithin(markOf(probed, slot), atMs, SCANNER_REMEMBERED_MS);
  const is =
    was ||
    countWithin(probed, slot, atMs, SCANNER_BURST_MS) >= SCANNER_BURST ||
    countWithin(probed, slot, atMs, SCANNER_SLOW_MS) >= SCANNER_SLOW;
  if (is) probed.marks[slot] = atMs;
  return is && !was ? 'scanner' : null;
}

function rememberReply(
  guard: Guard,
  segment: SegmentState,
  mac: Mac,
  { address, atMs, solicited }: WireSighting,
  inPool: boolean,
): RuleName | null {
  let turned: RuleName | null = null;
  if (solicited) {
    const { answered } = guard;
    noteAddress(inPool ? guard.answeredInPool : guard.answeredOutside, segment.number, mac, address, atMs);
    const slot = noteAddress(answered, segment.number, mac, address, atMs);
    const caughtMs = markOf(answered, slot);
    if (answersForMany(guard, segment, slot, atMs)) {
      answered.marks[slot] = atMs;
      if (!isWithin(caughtMs, atMs, STAND_IN_REMEMBERED_MS)) turned = 'proxy-arp';
    }
  }
  if (inPool) return turned;
  if (segment.owners !== null && isOthers(segment.owners, address, mac, atMs, SLEEPERS_MS)) {
    const others = guard.answeredForOthers;
    const before = slotOf(others, segment.number, mac);
    const knew = before >= 0 && countWithin(others, before, atMs, SLEEPERS_MS) >= SLEEPERS;
    const slot = noteAddress(others, segment.number, mac, address, atMs);
    if (!knew && countWithin(others, slot, atMs, SLEEPERS_MS) >= SLEEPERS) turned = 'stands-in-for-sleepers';
  }
  if (isVirtualRouterMac(mac) && isGateway(segment, address)) rememberVirtualRouter(segment, mac, address, atMs);
  return turned;
}

/**
 * In a segment of which nearly everything is pool, eight answers alone have to do, but only until the first valid sweep: then the
 * sweeps, which compare with all other hosts, have the word.
 */
function answersForMany(guard: Guard, segment: SegmentState, slot: number, atMs: number): boolean {
  if (countWithin(guard.answered, slot, atMs, STAND_IN_MS) < STAND_IN_ADDRESSES) return false;
  if (segment.mostlyPool) return !segment.swept;
  let outside = 0;
  for (const address of addressesWithin(guard.answered, slot, atMs, STAND_IN_MS)) {
    if (poolAt(guard.pools, address) === null) outside++;
  }
  return outside >= STAND_IN_OUTSIDE;
}

function rememberOwner(guard: Guard, segment: SegmentState, mac: Mac, { address, atMs }: WireSighting, inPool: boolean): void {
  if (segment.owners !== null) noteOwner(segment.owners, address, mac, atMs);
  if (inPool) return;
  forgetAddress(guard.answeredForOthers, segment.number, mac, address);
  if (isVirtualRouterMac(mac)) rememberVirtualRouter(segment, mac, address, atMs);
}

const isGateway = ({ infrastructure }: SegmentState, address: Ipv4): boolean =>
  infrastructure.some((known) => known.role === 'gateway' && known.address === address);

function rememberVirtualRouter(segment: SegmentState, mac: Mac, address: Ipv4, atMs: number): void {
  const { virtualRouters } = segment;
  const gatewayMs = isGateway(segment, address) ? atMs : (virtualRouters.get(mac)?.gatewayMs ?? Number.NEGATIVE_INFINITY);
  virtualRouters.delete(mac);
  virtualRouters.set(mac, { ownMs: atMs, gatewayMs });
  if (virtualRouters.size <= MAX_VIRTUAL_ROUTERS) return;
  for (const oldest of virtualRouters.keys()) {
    virtualRouters.delete(oldest);
    break;
  }
}

const isWithin = (markMs: number, atMs: number, windowMs: number): boolean => Math.abs(atMs - markMs) <= windowMs;

/**
 * The rule by which an ARP reply of this MAC for a pool address proves no use; null for none. For an address that a Service holds, or
 * that a node answers for right now, a stand-in is in the way: only who answers for everything, this one among others, is spared.
 */
export function ruleForReply(guard: Guard, segment: SegmentState, mac: Mac, address: Ipv4, atMs: number): RuleName | null {
  const taken = isTaken(guard, address, atMs);
  if (isProxyArp(guard, segment, mac, taken, atMs)) return 'proxy-arp';
  if (taken) return null;
  if (standsInForSleepers(guard, segment, mac, atMs)) return 'stands-in-for-sleepers';
  if (isVirtualRouterElsewhere(guard, segment, mac, atMs)) return 'virtual-router';
  return null;
}

/**
 * `proxy-arp`: the MAC answers for everything, so that its answer says nothing about one address. Caught by the sweeps, or just now
 * answering us for eight addresses within 2 s, at least four of them outside the pools. Where an address is taken, the second holds
 * until the first valid sweep only, and both need eight answers outside the pools.
 */
function isProxyArp(guard: Guard, segment: SegmentState, mac: Mac, taken: boolean, atMs: number): boolean {
  const outside = distinct(guard.answeredOutside, segment, mac, atMs, ANSWERS_MS);
  if (segment.standIns.has(mac) && outside >= neededOutside(segment, taken)) return true;
  const slot = slotOf(guard.answered, segment.number, mac);
  if (slot < 0 || !isWithin(markOf(guard.answered, slot), atMs, STAND_IN_REMEMBERED_MS)) return false;
  return !taken || (!segment.swept && outside >= STAND_IN_FOR_TAKEN);
}

/**
 * Answers outside the pools without which a MAC that the sweeps caught could be a foreign node that has most of a small segment, or of
 * the pools. Before the first valid sweep it may have had no occasion.
 */
function neededOutside({ mostlyPool, swept }: SegmentState, taken: boolean): number {
  if (taken) return STAND_IN_FOR_TAKEN;
  if (mostlyPool) return STAND_IN_OUTSIDE;
  return swept ? 1 : 0;
}

function distinct(recent: RecentAddresses, segment: SegmentState, mac: Mac, atMs: number, windowMs: number): number {
  const slot = slotOf(recent, segment.number, mac);
  return slot < 0 ? 0 : countWithin(recent, slot, atMs, windowMs);
}

/**
 * `stands-in-for-sleepers`: an access point or a sleep proxy that answers for hosts it knows: it answered for three addresses that
 * another MAC itself spoke from. Counted outside the pools only, where the others are no Services that it may have taken. The MAC
 * that counts is that of the ARP packet, never that of a bridge which passed it on.
 */
const standsInForSleepers = ({ answeredForOthers }: Guard, segment: SegmentState, mac: Mac, atMs: number): boolean =>
  distinct(answeredForOthers, segment, mac, atMs, SLEEPERS_MS) >= SLEEPERS;

/**
 * `virtual-router`: a VRRP, HSRP or GLBP MAC that has the gateway's address, or an address of its own outside the pools and answers us
 * for several in them, is a router standing in. One that answers for a single pool address has its virtual address there, and that is
 * a conflict.
 */
function isVirtualRouterElsewhere(guard: Guard, segment: SegmentState, mac: Mac, atMs: number): boolean {
  const router = segment.virtualRouters.get(mac);
  if (router === undefined || !isWithin(router.ownMs, atMs, ROUTER_MS)) return false;
  if (isWithin(router.gatewayMs, atMs, ROUTER_MS)) return true;
  return distinct(guard.answeredInPool, segment, mac, atMs, ANSWERS_MS) >= ROUTER_IN_POOL;
}

/** `scanner`: probes for many addresses, so it wants none of them. Its uses, and its DHCP messages, count like anyone's. */
export function isScanner({ probed }: Guard, segment: SegmentState, mac: Mac, atMs: number): boolean {
  const slot = slotOf(probed, segment.number, mac);
  return slot >= 0 && isWithin(markOf(probed, slot), atMs, SCANNER_REMEMBERED_MS);
}
