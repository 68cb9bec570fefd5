/**
 * The book of open conflicts: opens, updates, escalates and closes them, and says each time what changed. Decides nothing about
 * who is a stranger, and never holds more than its bounds.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { SourceBits } from '../evidence/sighting.ts';
import { printable } from '../text.ts';
import {
  type CloseReason,
  type Conflict,
  type ConflictChange,
  type ConflictDetail,
  type ConflictKind,
  severityOf,
} from './types.ts';

/** Open at once, of all kinds. */
export const MAX_OPEN_CONFLICTS = 4_096;
/** Of these intents alone (`imminent`, and nodes that ask for an address): uses must find room. */
export const MAX_OPEN_INTENTS = MAX_OPEN_CONFLICTS / 2;
/** Strangers kept apart at one address; whoever comes beside them shares one conflict without a stranger. */
export const MAX_STRANGERS_PER_ADDRESS = 8;
/** Strangers counted in such a conflict; beyond, `detail.strangers` says that there are at least so many. */
export const MAX_SHARING = 128;
/** At each of these a conflict of many strangers is told anew. */
const CROWDS: readonly number[] = [16, 32, 64, 128];
/** MACs named in one conflict. */
export const MAX_MACS_PER_CONFLICT = 16;
/** New evidence is told at most this often for each conflict. */
export const UPDATE_INTERVAL_MS = 5_000;
/** DNS allows 253; option 12 holds 255 bytes. */
const MAX_HOSTNAME = 255;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A conflict as it is now. Changed in place; what leaves the guard are copies. */
export interface OpenConflict {
  readonly now: Mutable<Conflict>;
  /** Key of a fault; null: it is about strangers, or a node that takes the address for itself, and kept by address. */
  readonly key: string | null;
  /** When a change was last told. */
  toldMs: number;
  /** Who shares a conflict without a stranger; at most MAX_SHARING are told apart. */
  readonly sharing: Set<Mac>;
  /** Epoch ms of the refusal that took it back; null: none, or something was heard of its stranger since. */
  withdrawnMs: number | null;
  /** Epoch ms of the last DHCPACK in it; -Infinity for none. */
  ackMs: number;
}

export interface OpenConflicts {
  readonly byId: Map<number, OpenConflict>;
  /** Those about strangers (`imminent`, `squatter`, `contested`). */
  readonly strangersAt: Map<Ipv4, OpenConflict[]>;
  /** Nodes that take an address for themselves (`infrastructure` with a stranger). */
  readonly nodesAt: Map<Ipv4, OpenConflict>;
  /** Of both, by the MAC. */
  readonly ofStranger: Map<Mac, OpenConflict[]>;
  /** All others, by a key of their kind. */
  readonly faults: Map<string, OpenConflict>;
  /** With evidence that was not told yet. */
  readonly untold: Set<OpenConflict>;
  /** What is `imminent`, or in `nodesAt`; the oldest first. */
  readonly intents: Set<OpenConflict>;
  /** With `withdrawnMs`; those of which something was heard since may be among them. */
  readonly withdrawn: Set<OpenConflict>;
  nextId: number;
}

/** What a caller gathers the changes of one event in. */
export type Changes = ConflictChange[];

export const createOpenConflicts = (nextId: number): OpenConflicts => ({
  byId: new Map(),
  strangersAt: new Map(),
  nodesAt: new Map(),
  ofStranger: new Map(),
  faults: new Map(),
  untold: new Set(),
  intents: new Set(),
  withdrawn: new Set(),
  nextId,
});

/** All but what follows from `now`. */
const FRESH = { withdrawnMs: null, ackMs: Number.NEGATIVE_INFINITY };

/** Takes over a conflict that is open already: from the ledger, after a restart. */
export function adopt(open: OpenConflicts, conflict: Conflict, key: string | null, nowMs: number): void {
  enter(open, { now: { ...conflict }, key, toldMs: nowMs, sharing: new Set(), ...FRESH });
  open.nextId = Math.max(open.nextId, conflict.id + 1);
}

/** What a new conflict starts with; the rest follows from the moment. */
export type NewConflict = Pick<
  Conflict,
  'kind' | 'segment' | 'pool' | 'address' | 'stranger' | 'macs' | 'service' | 'firstSeenMs' | 'lastSeenMs' | 'sources' | 'detail'
> & { readonly hostname?: string | undefined; readonly sightings?: number };

/** The caller has looked that there is room (room.ts) and none like it. */
export function openConflict(
  open: OpenConflicts,
  { hostname, sightings = 1, macs, ...given }: NewConflict,
  key: string | null,
  moment: { readonly nowMs: number; readonly causedMs: number },
  changes: Changes,
): OpenConflict {
  const opened: OpenConflict = {
    now: {
      ...given,
      id: open.nextId++,
      macs: [...new Set(macs)].slice(0, MAX_MACS_PER_CONFLICT),
      hostname: hostnameOf(hostname),
      openedMs: moment.nowMs,
      closedMs: null,
      closeReason: null,
      sightings,
      acknowledged: null,
      seq: 1,
    },
    key,
    toldMs: moment.nowMs,
    sharing: new Set(),
    ...FRESH,
  };
  enter(open, opened);
  changes.push({ event: 'opened', conflict: snapshot(opened), from: null, causedMs: moment.causedMs });
  return opened;
}

export const isFull = (open: OpenConflicts): boolean => open.byId.size >= MAX_OPEN_CONFLICTS;

export const snapshot = ({ now }: OpenConflict): Conflict => ({ ...now });

/** One more piece of evidence; telling it is the caller's. */
export function foldIn(
  conflict: OpenConflict,
  evidence: { readonly atMs: number; readonly sources: SourceBits; readonly hostname?: string | undefined },
): void {
  const { now } = conflict;
  conflict.withdrawnMs = null;
  now.sightings++;
  now.sources |= evidence.sources;
  now.firstSeenMs = Math.min(now.firstSeenMs, evidence.atMs);
  now.lastSeenMs = Math.max(now.lastSeenMs, evidence.atMs);
  now.hostname = hostnameOf(evidence.hostname) ?? now.hostname;
}

/** Something about it changed: told at once or, soon after another change, by `tellUntold`. */
export function touch(open: OpenConflicts, conflict: OpenConflict, nowMs: number, causedMs: number, changes: Changes): void {
  if (!mayTell(conflict, nowMs)) {
    open.untold.add(conflict);
    return;
  }
  conflict.toldMs = nowMs;
  open.untold.delete(conflict);
  changes.push({ event: 'updated', conflict: snapshot(conflict), from: null, causedMs });
}

/** Tells what had to wait. */
export function tellUntold(open: OpenConflicts, nowMs: number, changes: Changes): void {
  for (const conflict of open.untold) {
    if (mayTell(conflict, nowMs)) touch(open, conflict, nowMs, conflict.now.lastSeenMs, changes);
  }
}

/** A clock set back must not silence it. */
const mayTell = ({ toldMs }: OpenConflict, nowMs: number): boolean => nowMs - toldMs >= UPDATE_INTERVAL_MS || nowMs < toldMs;

/**
 * One more stranger for whom there was no room, or one of them again.
 * @param beside strangers who have conflicts of their own, and count as well
 * @returns whether there are so many by now that it is to be told anew
 */
export function countSharing(conflict: OpenConflict, mac: Mac, beside: number): boolean {
  const { now, sharing } = conflict;
  if (sharing.size < MAX_SHARING) sharing.add(mac);
  const before = now.detail.strangers ?? 0;
  const strangers = Math.max(before, beside + sharing.size);
  now.detail = { ...now.detail, strangers };
  nameMac(conflict, mac);
  return CROWDS.some((crowd) => before < crowd && strangers >= crowd);
}

/** Its intent was taken back: over, unless something more is heard of it. */
export function withdraw(open: OpenConflicts, conflict: OpenConflict, nowMs: number): void {
  conflict.withdrawnMs ??= nowMs;
  open.withdrawn.add(conflict);
}

/** A MAC that has to do with the conflict. Where the list is full, which it is only without a stranger, the oldest gives way. */
export function nameMac({ now }: OpenConflict, mac: Mac): void {
  if (!now.macs.includes(mac)) now.macs = [...now.macs, mac].slice(-MAX_MACS_PER_CONFLICT);
}

/** Worse than it was, or as bad and by many more: never back. */
export function escalate(
  open: OpenConflicts,
  conflict: OpenConflict,
  kind: ConflictKind,
  moment: { readonly nowMs: number; readonly causedMs: number },
  changes: Changes,
): void {
  const from = conflict.now.kind;
  conflict.now.kind = kind;
  // Whoever was content with a warning has not seen what it became.
  if (severityOf(kind) === 'critical' && severityOf(from) !== 'critical') conflict.now.acknowledged = null;
  conflict.now.seq++;
  conflict.toldMs = moment.nowMs;
  open.untold.delete(conflict);
  if (kind !== 'imminent') open.intents.delete(conflict);
  changes.push({ event: 'escalated', conflict: snapshot(conflict), from, causedMs: moment.causedMs });
}

export function close(
  open: OpenConflicts,
  conflict: OpenConflict,
  closeReason: CloseReason,
  moment: { readonly nowMs: number; readonly causedMs: number },
  changes: Changes,
  detail: ConflictDetail = {},
): void {
  leave(open, conflict);
  const { now } = conflict;
  now.closedMs = moment.nowMs;
  now.closeReason = closeReason;
  now.seq++;
  now.detail = { ...now.detail, ...detail };
  changes.push({ event: 'closed', conflict: snapshot(conflict), from: null, causedMs: moment.causedMs });
}

/** About strangers, at this address. Do not close any while walking: take a copy first. */
export const strangersAt = (open: OpenConflicts, address: Ipv4): readonly OpenConflict[] => open.strangersAt.get(address) ?? NONE;

/** Everything in which this MAC is the stranger, or the node, of an address; a copy. */
export const ofStranger = (open: OpenConflicts, mac: Mac): readonly OpenConflict[] => [...(open.ofStranger.get(mac) ?? NONE)];

/** All of them, ascending by id; a copy. */
export const allOpen = (open: OpenConflicts): readonly OpenConflict[] =>
  [...open.byId.values()].sort((a, b) => a.now.id - b.now.id);

const NONE: readonly OpenConflict[] = [];

const hostnameOf = (hostname: string | undefined): string | null =>
  hostname === undefined ? null : printable(hostname, MAX_HOSTNAME) || null;

function enter(open: OpenConflicts, conflict: OpenConflict): void {
  const { id, kind, address, stranger } = conflict.now;
  open.byId.set(id, conflict);
  if (conflict.key !== null) {
    open.faults.set(conflict.key, conflict);
    return;
  }
  if (kind === 'infrastructure') open.nodesAt.set(address, conflict);
  else add(open.strangersAt, address, conflict);
  if (kind === 'imminent' || kind === 'infrastructure') open.intents.add(conflict);
  if (stranger !== null) add(open.ofStranger, stranger, conflict);
}

function leave(open: OpenConflicts, conflict: OpenConflict): void {
  const { id, kind, address, stranger } = conflict.now;
  open.byId.delete(id);
  open.untold.delete(conflict);
  open.intents.delete(conflict);
  open.withdrawn.delete(conflict);
  if (conflict.key !== null) {
    open.faults.delete(conflict.key);
    return;
  }
  if (kind === 'infrastructure') open.nodesAt.delete(address);
  else remove(open.strangersAt, address, conflict);
  if (stranger !== null) remove(open.ofStranger, stranger, conflict);
}

function add<Key>(map: Map<Key, OpenConflict[]>, key: Key, conflict: OpenConflict): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [conflict]);
  else there.push(conflict);
}

function remove<Key>(map: Map<Key, OpenConflict[]>, key: Key, conflict: OpenConflict): void {
  const left = (map.get(key) ?? NONE).filter((other) => other !== conflict);
  if (left.length === 0) map.delete(key);
  else map.set(key, left);
}
