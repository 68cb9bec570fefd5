/**
 * The guard: who uses, or is about to use, an address of a pool and should not. A pure state machine that is told what was heard
 * (`hear`), what is known (`setView` and the other setters) and what time it is, and says what changed. Every moment is passed in, in
 * epoch ms; nothing is ever sent, stored or told from here. Here are the ways in; what they decide is in the files beside.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { type Ipv4Range, sizeOf } from '../address/range.ts';
import { intersectSets, setSize } from '../address/range-set.ts';
import type { DhcpServer } from '../dhcp/types.ts';
import type { InfrastructureAddress } from '../evidence/facts.ts';
import { isIntent } from '../evidence/sighting.ts';
import { printable } from '../text.ts';
import { createAddressOwners } from './address-owners.ts';
import { closeOutsidePools, closeQuiet } from './closing.ts';
import type { ClusterView, Pool } from './cluster-view.ts';
import { dismiss, type Guard, type GuardSettings, type SegmentState, segmentOf, TAKEN_MS } from './guard-state.ts';
import { takeDue } from './holds.ts';
import { createListening, noteLook } from './listening.ts';
import { noteNodeIntent, noteNodeUse } from './node-intents.ts';
import { allOpen, type Changes, close, snapshot, tellUntold } from './open-conflicts.ts';
import { createOwnLooks, noteEnd, noteStart } from './own-looks.ts';
import { indexPools, poolAt } from './pool-index.ts';
import { MOSTLY_POOL, remember } from './rules.ts';
import { noteSpeaker } from './speakers.ts';
import { compareInfrastructure, compareScopes } from './static-faults.ts';
import { noteHeld, noteStranger, takeBack, takeBackFromSpeakers } from './strangers.ts';
import type { Sweep } from './sweep.ts';
import type { Conflict, ConflictChange } from './types.ts';
import { closeReleased, heldFrom, noteSilence } from './unannounced.ts';
import { forgetOthers } from './uses.ts';
import type { WireEvent, WireSighting } from './wire-event.ts';
import { closeWithdrawn, noteDecline, noteRefusal } from './withdrawals.ts';

export { createGuard, type Guard, type GuardOptions, type GuardSettings } from './guard-state.ts';
export type { Sweep } from './sweep.ts';

const NO_CHANGES: readonly ConflictChange[] = [];
/** Of an acknowledgement. */
const MAX_BY = 64;
const MAX_NOTE = 500;

/** Pools, speakers and assignments as they are from now on. */
export function setView(guard: Guard, view: ClusterView, nowMs: number): readonly ConflictChange[] {
  const changes: Changes = [];
  guard.view = view;
  guard.hasView = true;
  guard.pools = indexPools(view.pools);
  guard.speakers = new Map(view.speakers.map((speaker) => [speaker.mac, speaker]));
  forgetOthers(guard.uses, guard.speakers);
  const before = guard.held;
  guard.held = heldFrom(view.assignments, before, nowMs);
  for (const segment of guard.segments.values()) segment.mostlyPool = isMostlyPool(guard, segment.range);
  closeOutsidePools(guard, nowMs, changes);
  takeBackFromSpeakers(guard, nowMs, changes);
  closeReleased(guard, nowMs, changes);
  for (const address of guard.held?.keys() ?? []) noteHeld(guard, address, { nowMs, causedMs: nowMs }, changes);
  compareInfrastructure(guard, nowMs, changes);
  compareScopes(guard, nowMs, changes);
  return changes;
}

export interface GuardedSegment {
  readonly name: string;
  /** Every address that is watched. */
  readonly range: Ipv4Range;
  readonly infrastructure: readonly InfrastructureAddress[];
}

/** The segments as they stand. Of one that is not named, because its link is down, say, everything stays as it was. */
export function setSegments(guard: Guard, segments: readonly GuardedSegment[], nowMs: number): readonly ConflictChange[] {
  for (const { name, range, infrastructure } of segments) {
    const segment = segmentOf(guard, name);
    if (segment === null) continue;
    if (segment.range?.first !== range.first || segment.range.last !== range.last) {
      segment.owners = createAddressOwners(range);
      segment.swept = false;
      // Sweeps of the range that it had say nothing of how whole those to come are.
      Object.assign(segment.listening, createListening());
    }
    segment.range = range;
    segment.infrastructure = infrastructure;
    segment.mostlyPool = isMostlyPool(guard, range);
  }
  const changes: Changes = [];
  compareInfrastructure(guard, nowMs, changes);
  return changes;
}

const isMostlyPool = ({ view }: Guard, range: Ipv4Range | null): boolean =>
  range !== null &&
  sizeOf(range) - view.pools.reduce((sum, { addresses }) => sum + setSize(intersectSets([range], addresses)), 0) < MOSTLY_POOL;

/** Only these segments are configured: what is open in others is over. */
export function keepSegments(guard: Guard, names: readonly string[], nowMs: number): readonly ConflictChange[] {
  const changes: Changes = [];
  const kept = new Set(names);
  for (const conflict of allOpen(guard.open)) {
    // A node's address is in the pool whoever watches it.
    const isStatic = conflict.now.detail.role === 'node' && conflict.key !== null;
    if (isStatic || kept.has(conflict.now.segment)) continue;
    close(guard.open, conflict, 'not-in-pool', { nowMs, causedMs: nowMs }, changes);
  }
  for (const segment of guard.segments.values()) {
    // Its number stays taken; it knows nothing any more.
    if (kept.has(segment.name)) continue;
    segment.range = null;
    segment.owners = null;
    segment.infrastructure = [];
    segment.standIns = new Set();
    segment.swept = false;
    segment.virtualRouters.clear();
    Object.assign(segment.listening, createListening());
    Object.assign(segment.ownLooks, createOwnLooks());
  }
  return changes;
}

export function setSettings(guard: Guard, settings: GuardSettings): void {
  guard.settings = settings;
}

/** Proxy-ARP MACs that the sweeps of a segment caught, all of them. What was raised on their answers ends with the next tick. */
export function setStandIns(guard: Guard, segmentName: string, macs: readonly Mac[]): void {
  const segment = segmentOf(guard, segmentName);
  if (segment === null) return;
  segment.standIns = new Set(macs);
  guard.newStandIns.add(segment);
}

/** Something was heard. Called for every frame: for an address in no pool it allocates nothing and returns the same empty list. */
export function hear(guard: Guard, event: WireEvent, nowMs: number): readonly ConflictChange[] {
  if (event.kind === 'dhcp-nak') {
    noteRefusal(guard, event, nowMs);
    return NO_CHANGES;
  }
  const segment = segmentOf(guard, event.segment);
  if (segment === null) return NO_CHANGES;
  const pool = poolAt(guard.pools, event.address);
  const rule = remember(guard, segment, event, pool !== null);
  if (pool === null && rule === null) return NO_CHANGES;
  const changes: Changes = [];
  if (rule !== null && event.mac !== null) {
    takeBack(guard, segment, event.mac, rule, { nowMs, causedMs: event.atMs }, changes);
  }
  if (pool !== null) judge(guard, segment, pool, event, false, nowMs, changes);
  return changes;
}

function judge(
  guard: Guard,
  segment: SegmentState,
  pool: Pool,
  sighting: WireSighting,
  held: boolean,
  nowMs: number,
  changes: Changes,
): void {
  const { mac, source } = sighting;
  if (source === 'dhcp-decline') {
    noteDecline(guard, segment, pool, sighting, nowMs, changes);
    return;
  }
  // An answer to a ping that came through a router, say: nobody can tell whose it was.
  if (mac === null) return;
  const speaker = guard.speakers.get(mac);
  // Rule `neighbour-table`: our own kernel's memory may be older than what the wire says. It neither accuses nor acquits.
  if (source === 'neighbour') {
    if (speaker === undefined) dismiss(guard, 'neighbour-table');
    return;
  }
  if (speaker === undefined) {
    noteStranger(guard, segment, pool, { ...sighting, mac }, held, nowMs, changes);
    return;
  }
  if (isIntent(source)) {
    noteNodeIntent(guard, segment, pool, { ...sighting, mac }, held, nowMs, changes);
    return;
  }
  // Rule `speaker`: a node may answer for any pool address, announce it, and speak from it.
  dismiss(guard, 'speaker');
  noteNodeUse(guard, { ...sighting, mac }, nowMs, changes);
  noteSpeaker(guard, pool, speaker, sighting, nowMs, changes);
}

/** All DHCP servers that are known, of all segments. */
export function noteServers(guard: Guard, servers: readonly DhcpServer[], nowMs: number): readonly ConflictChange[] {
  const changes: Changes = [];
  guard.servers = servers;
  compareScopes(guard, nowMs, changes);
  return changes;
}

/**
 * A look of our own begins: its probes can make a client decline the address that it was about to take.
 * @param startedMs epoch ms of the first probe
 * @param endsMs epoch ms of the last probe, of a live run; null for a sweep, which `noteSweep` ends
 */
export function noteOwnLook(guard: Guard, segmentName: string, startedMs: number, endsMs: number | null = null): void {
  const segment = segmentOf(guard, segmentName);
  if (segment !== null) noteStart(segment.ownLooks, startedMs, endsMs);
}

/** A sweep has ended, and all that it heard was told with `hear`. */
export function noteSweep(guard: Guard, sweep: Sweep, nowMs: number): readonly ConflictChange[] {
  const changes: Changes = [];
  takeBackFromStandIns(guard, nowMs, changes);
  const segment = segmentOf(guard, sweep.segment);
  if (segment === null) return changes;
  noteEnd(segment.ownLooks, sweep.endedMs);
  const whole = noteLook(segment.listening, sweep);
  if (!sweep.valid) return changes;
  segment.swept = true;
  closeQuiet(guard, segment, sweep, whole, nowMs, changes);
  noteSilence(guard, sweep, nowMs, changes);
  return changes;
}

/** Time passes: judges what was held, tells what had to wait. At least once a second, and soon after `nextTickMs`. */
export function tick(guard: Guard, nowMs: number): readonly ConflictChange[] {
  const changes: Changes = [];
  takeBackFromStandIns(guard, nowMs, changes);
  for (const sighting of takeDue(guard.holds, nowMs)) {
    const segment = segmentOf(guard, sighting.segment);
    const pool = poolAt(guard.pools, sighting.address);
    if (segment !== null && pool !== null) judge(guard, segment, pool, sighting, true, nowMs, changes);
  }
  closeWithdrawn(guard, nowMs, changes);
  tellUntold(guard.open, nowMs, changes);
  return changes.length === 0 ? NO_CHANGES : changes;
}

function takeBackFromStandIns(guard: Guard, nowMs: number, changes: Changes): void {
  for (const segment of guard.newStandIns) {
    for (const mac of segment.standIns) takeBack(guard, segment, mac, 'proxy-arp', { nowMs, causedMs: nowMs }, changes);
  }
  guard.newStandIns.clear();
}

/** Epoch ms at which the next held sighting is to be judged; null where none waits. */
export const nextTickMs = ({ holds }: Guard): number | null => (holds.waiting.length === 0 ? null : holds.dueMs);

/** null where no conflict of this id is open. Again is allowed: the last one counts. */
export function acknowledge(guard: Guard, id: number, by: string, note: string, nowMs: number): ConflictChange | null {
  const conflict = guard.open.byId.get(id);
  if (conflict === undefined) return null;
  conflict.now.acknowledged = { atMs: nowMs, by: printable(by, MAX_BY), note: printable(note, MAX_NOTE) };
  return { event: 'acknowledged', conflict: snapshot(conflict), from: null, causedMs: nowMs };
}

/** Ascending by id. */
export const openConflicts = (guard: Guard): readonly Conflict[] => allOpen(guard.open).map(snapshot);

/** Sightings of pool addresses that raised nothing, by rule, since the start. */
export const dismissed = (guard: Guard): Readonly<Record<string, number>> => ({ ...guard.dismissed });

export const poolOf = (guard: Guard, address: Ipv4): Pool | null => poolAt(guard.pools, address);

/** The speaker that was last heard using the address, within the time that counts as now; null for none. */
export function lastAnswering(
  guard: Guard,
  address: Ipv4,
  nowMs: number,
): { readonly mac: Mac; readonly node: string | null; readonly atMs: number } | null {
  const use = guard.uses.get(address);
  if (use === undefined || nowMs - use.lastMs > TAKEN_MS) return null;
  return { mac: use.lastMac, node: guard.speakers.get(use.lastMac)?.node ?? null, atMs: use.lastMs };
}

export const isSpeaker = (guard: Guard, mac: Mac): boolean => guard.speakers.has(mac);
