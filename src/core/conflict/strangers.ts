/**
 * What a sighting of a pool address by somebody else than a speaker makes of it: `imminent`, `squatter`, `contested`, or nothing by
 * a rule of rules.ts. Also takes back what a rule finds out too late. What DHCP takes back is in withdrawals.ts.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { isIntent, sourceBit } from '../evidence/sighting.ts';
import type { Pool } from './cluster-view.ts';
import { dismiss, type Guard, isHeld, type RuleName, type SegmentState, serviceAt } from './guard-state.ts';
import { hold, PROBE_HOLD_MS, REPLY_HOLD_MS } from './holds.ts';
import {
  type Changes,
  close,
  countSharing,
  escalate,
  foldIn,
  MAX_STRANGERS_PER_ADDRESS,
  nameMac,
  type OpenConflict,
  ofStranger,
  openConflict,
  strangersAt,
  touch,
} from './open-conflicts.ts';
import { makeRoom } from './room.ts';
import { isScanner, ruleForReply } from './rules.ts';
import type { ConflictKind } from './types.ts';
import type { WireSighting } from './wire-event.ts';

const REPLIES_ONLY = sourceBit('arp-reply');
const PROBES_ONLY = sourceBit('arp-probe');

/** A frame by a MAC that is no speaker's. @param held it waited already: judge it now */
export function noteStranger(
  guard: Guard,
  segment: SegmentState,
  pool: Pool,
  sighting: WireSighting & { readonly mac: Mac },
  held: boolean,
  nowMs: number,
  changes: Changes,
): void {
  const { mac, address, source, atMs } = sighting;
  const known = findStranger(guard, address, mac);
  if (source === 'arp-reply' && (known === null || known.now.sources === REPLIES_ONLY)) {
    const rule = ruleForReply(guard, segment, mac, address, atMs);
    if (rule !== null) {
      dismiss(guard, rule);
      if (known?.now.stranger === mac) close(guard.open, known, 'dismissed', { nowMs, causedMs: atMs }, changes, { rule });
      return;
    }
    if (known === null && sighting.solicited && !held && hold(guard.holds, sighting, REPLY_HOLD_MS, nowMs)) return;
  }
  if (source === 'arp-probe') {
    if (isScanner(guard, segment, mac, atMs)) {
      dismiss(guard, 'scanner');
      return;
    }
    if (known === null && !held && hold(guard.holds, sighting, PROBE_HOLD_MS, nowMs)) return;
  }
  const kind = isIntent(source) ? 'imminent' : kindOfUse(guard, address, atMs);
  record(guard, pool, sighting, known, mac, kind, nowMs, changes);
}

export const kindOfUse = (guard: Guard, address: Ipv4, atMs: number): ConflictKind =>
  isHeld(guard, address, atMs) ? 'contested' : 'squatter';

/** The conflict of this MAC at the address, or the one that it shares with others for whom there was no room. */
function findStranger({ open }: Guard, address: Ipv4, mac: Mac): OpenConflict | null {
  const here = strangersAt(open, address);
  const own = here.find(({ now }) => now.stranger === mac);
  if (own !== undefined) return own;
  const shared = here.find(({ now }) => now.stranger === null);
  return shared !== undefined && (shared.now.macs.includes(mac) || isCrowded(here)) ? shared : null;
}

const isCrowded = (here: readonly OpenConflict[]): boolean =>
  here.filter(({ now }) => now.stranger !== null).length >= MAX_STRANGERS_PER_ADDRESS;

const RANK: Readonly<Partial<Record<ConflictKind, number>>> = { imminent: 0, squatter: 1, contested: 2 };
const isWorse = (kind: ConflictKind, than: ConflictKind): boolean => (RANK[kind] ?? 0) > (RANK[than] ?? 0);

/** One more piece of evidence: for the conflict that is known, or for a new one. @param mac null: whoever it is */
export function record(
  guard: Guard,
  pool: Pool,
  { segment, address, source, atMs, hostname }: WireSighting,
  known: OpenConflict | null,
  mac: Mac | null,
  kind: ConflictKind,
  nowMs: number,
  changes: Changes,
): void {
  const { open } = guard;
  const moment = { nowMs, causedMs: atMs };
  if (known !== null) {
    foldIn(known, { atMs, sources: sourceBit(source), hostname });
    if (source === 'dhcp-ack') known.ackMs = atMs;
    const crowd = mac !== null && known.now.stranger === null && countSharing(known, mac, MAX_STRANGERS_PER_ADDRESS);
    if (isWorse(kind, known.now.kind)) raise(guard, known, kind, moment, changes);
    else if (crowd) escalate(open, known, known.now.kind, moment, changes);
    else touch(open, known, nowMs, atMs, changes);
    return;
  }
  const newcomer = { segment, pool: pool.name, address, mac, atMs, sources: sourceBit(source) };
  if (!makeRoom(guard, newcomer, kind === 'imminent', nowMs, changes)) return;
  const crowded = isCrowded(strangersAt(open, address));
  const speaker = guard.uses.get(address)?.lastMac;
  const opened = openConflict(
    open,
    {
      kind,
      segment,
      pool: pool.name,
      address,
      stranger: crowded ? null : mac,
      macs: [...(mac === null ? [] : [mac]), ...(kind === 'contested' && speaker !== undefined ? [speaker] : [])],
      hostname,
      service: serviceAt(guard, address),
      firstSeenMs: atMs,
      lastSeenMs: atMs,
      sources: sourceBit(source),
      detail: mac !== null && crowded ? { strangers: MAX_STRANGERS_PER_ADDRESS + 1 } : {},
    },
    null,
    moment,
    changes,
  );
  if (mac !== null && crowded) opened.sharing.add(mac);
  if (source === 'dhcp-ack') opened.ackMs = atMs;
}

function raise(
  guard: Guard,
  conflict: OpenConflict,
  kind: ConflictKind,
  moment: { readonly nowMs: number; readonly causedMs: number },
  changes: Changes,
): void {
  const { now } = conflict;
  now.service = serviceAt(guard, now.address) ?? now.service;
  const speaker = guard.uses.get(now.address)?.lastMac;
  if (kind === 'contested' && speaker !== undefined) nameMac(conflict, speaker);
  escalate(guard.open, conflict, kind, moment, changes);
}

/** The address is held now, and was not before: a squatter there is in the way of a Service. */
export function noteHeld(
  guard: Guard,
  address: Ipv4,
  moment: { readonly nowMs: number; readonly causedMs: number },
  changes: Changes,
): void {
  for (const conflict of strangersAt(guard.open, address)) {
    if (conflict.now.kind === 'squatter') raise(guard, conflict, 'contested', moment, changes);
  }
}

/** A MAC has turned out to be a scanner, or to stand in: what was raised on its probes, or its answers, alone was nothing. */
export function takeBack(
  guard: Guard,
  segment: SegmentState,
  mac: Mac,
  rule: RuleName,
  moment: { readonly nowMs: number; readonly causedMs: number },
  changes: Changes,
): void {
  const onlyBy = rule === 'scanner' ? PROBES_ONLY : REPLIES_ONLY;
  for (const conflict of ofStranger(guard.open, mac)) {
    const { now } = conflict;
    if (now.segment !== segment.name || now.sources !== onlyBy) continue;
    // No rule about answers holds for every address.
    const its = rule === 'scanner' ? rule : ruleForReply(guard, segment, mac, now.address, moment.causedMs);
    if (its !== null) close(guard.open, conflict, 'dismissed', moment, changes, { rule: its });
  }
}

/** Strangers who are speakers by now: a node was added. What a node takes for itself it takes as a speaker, too. */
export function takeBackFromSpeakers(guard: Guard, nowMs: number, changes: Changes): void {
  for (const mac of guard.speakers.keys()) {
    for (const conflict of ofStranger(guard.open, mac)) {
      if (conflict.now.kind === 'infrastructure') continue;
      close(guard.open, conflict, 'dismissed', { nowMs, causedMs: nowMs }, changes, { rule: 'speaker' });
    }
  }
}
