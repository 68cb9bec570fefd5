/**
 * All that the guard knows at one moment, and how it starts. Transient and mutable: owned by one daemon. What outlives a restart
 * are the open conflicts, which the ledger keeps; everything else is heard anew.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { Ipv4Range } from '../address/range.ts';
import type { DhcpServer } from '../dhcp/types.ts';
import type { InfrastructureAddress } from '../evidence/facts.ts';
import type { AddressOwners } from './address-owners.ts';
import { type Assignment, type ClusterView, EMPTY_VIEW, type Speaker } from './cluster-view.ts';
import { createHolds, type Holds } from './holds.ts';
import { createListening, type Listening } from './listening.ts';
import { adopt, createOpenConflicts, type OpenConflicts } from './open-conflicts.ts';
import { createOwnLooks, type OwnLooks } from './own-looks.ts';
import { indexPools, type PoolIndex } from './pool-index.ts';
import { createRecentAddresses, type RecentAddresses } from './recent-addresses.ts';
import type { Conflict } from './types.ts';
import type { Uses } from './uses.ts';

/** Segments come from the configuration; never more than a table of them can tell apart. */
export const MAX_SEGMENTS = 1_024;
/** How long the last use by a speaker says that an address is held, where assignments are not known. */
export const HELD_MS = 24 * 3_600_000;
/** How long after a use by a speaker it counts as answering for the address right now. */
export const TAKEN_MS = 10 * 60_000;

export interface GuardSettings {
  /** How long a stranger must be silent, while valid sweeps look, before its conflict is closed. ms */
  readonly closeAfterMs: number;
  /** How long two nodes may answer for one address, as they do in a failover. ms */
  readonly splitBrainGraceMs: number;
}

/** By which rule of rules.ts a sighting raised nothing. */
export type RuleName =
  | 'speaker'
  | 'proxy-arp'
  | 'stands-in-for-sleepers'
  | 'virtual-router'
  | 'scanner'
  | 'neighbour-table'
  | 'decline-speaker-holds-it'
  | 'decline-after-own-probe'
  | 'decline-too-early'
  | 'too-many-conflicts';

export interface SegmentState {
  readonly name: string;
  /** 1, 2, 3 …: its part of the keys of typed tables. */
  readonly number: number;
  /** null: not placed yet. */
  range: Ipv4Range | null;
  infrastructure: readonly InfrastructureAddress[];
  owners: AddressOwners | null;
  /** As the sweeps caught them. */
  standIns: ReadonlySet<Mac>;
  /** A valid sweep has ended: from now on the sweeps know who stands in. */
  swept: boolean;
  /** Too few of its addresses lie outside the pools for telling a stand-in by its answers for others. */
  mostlyPool: boolean;
  /** Virtual router MACs with an address outside the pools; bounded. */
  readonly virtualRouters: Map<Mac, VirtualRouter>;
  readonly ownLooks: OwnLooks;
  readonly listening: Listening;
}

/** Epoch ms at which it was last heard to have an address of its own outside the pools, and the gateway's; -Infinity: never. */
export interface VirtualRouter {
  readonly ownMs: number;
  readonly gatewayMs: number;
}

/** A pool address that a Service holds, and for how long nobody answered for it. */
export interface Held {
  readonly assignment: Assignment;
  readonly sinceMs: number;
  /** Start of the first of the sweeps that heard nobody. */
  silentFromMs: number;
  silentSweeps: number;
}

export interface Guard {
  /** Epoch ms. */
  readonly startedMs: number;
  settings: GuardSettings;
  view: ClusterView;
  /** False until the first `setView`: until then nothing is known to be in no pool. */
  hasView: boolean;
  pools: PoolIndex;
  speakers: ReadonlyMap<Mac, Speaker>;
  /** null: not known. */
  held: Map<Ipv4, Held> | null;
  readonly segments: Map<string, SegmentState>;
  /** null until the first `noteServers`. */
  servers: readonly DhcpServer[] | null;
  readonly open: OpenConflicts;
  readonly uses: Uses;
  readonly holds: Holds;
  /** Addresses that a MAC probed for; mark: its last probe as a scanner. */
  readonly probed: RecentAddresses;
  /** Addresses that a MAC answered us for; mark: when it was last seen to stand in. */
  readonly answered: RecentAddresses;
  /** Of these those in a pool, and those in none: each of them kept for itself, as a stand-in answers for many of both. */
  readonly answeredInPool: RecentAddresses;
  readonly answeredOutside: RecentAddresses;
  /** Addresses that another MAC itself uses, and this one answered for. */
  readonly answeredForOthers: RecentAddresses;
  /** Segments whose stand-ins changed since the last tick. */
  readonly newStandIns: Set<SegmentState>;
  readonly dismissed: Record<RuleName, number>;
}

export interface GuardOptions {
  readonly settings: GuardSettings;
  /** Still open, from the ledger. */
  readonly open: readonly Conflict[];
  /** Larger than any id that was ever used. */
  readonly nextId: number;
  /** Epoch ms. */
  readonly nowMs: number;
}

export function createGuard({ settings, open, nextId, nowMs }: GuardOptions): Guard {
  const guard: Guard = {
    startedMs: nowMs,
    settings,
    view: EMPTY_VIEW,
    hasView: false,
    pools: indexPools([]),
    speakers: new Map(),
    held: null,
    segments: new Map(),
    servers: null,
    open: createOpenConflicts(nextId),
    uses: new Map(),
    holds: createHolds(),
    probed: createRecentAddresses(12),
    answered: createRecentAddresses(8),
    answeredInPool: createRecentAddresses(2),
    answeredOutside: createRecentAddresses(8),
    answeredForOthers: createRecentAddresses(3),
    newStandIns: new Set(),
    dismissed: {
      speaker: 0,
      'proxy-arp': 0,
      'stands-in-for-sleepers': 0,
      'virtual-router': 0,
      scanner: 0,
      'neighbour-table': 0,
      'decline-speaker-holds-it': 0,
      'decline-after-own-probe': 0,
      'decline-too-early': 0,
      'too-many-conflicts': 0,
    },
  };
  for (const conflict of open) if (conflict.closedMs === null) adopt(guard.open, conflict, keyOf(conflict), nowMs);
  return guard;
}

/** One of a kind for each address; of `scope-overlap` one for each server and pool, whatever the address it begins at. */
export const faultKey = ({
  kind,
  segment,
  pool,
  address,
  detail,
}: Pick<Conflict, 'kind' | 'segment' | 'pool' | 'address' | 'detail'>): string =>
  kind === 'scope-overlap' ? `${kind} ${segment} ${detail.server ?? ''} ${pool}` : `${kind} ${address}`;

/** Of the conflict that stands for all strangers of a segment for whom there was no room. */
export const crowdKey = (segment: string): string => `crowd ${segment}`;

/** Of a conflict from the ledger; null for one that is kept by its address. */
function keyOf(conflict: Conflict): string | null {
  switch (conflict.kind) {
    case 'imminent':
    case 'contested':
      return null;
    case 'squatter':
      return conflict.detail.rule === 'too-many-conflicts' ? crowdKey(conflict.segment) : null;
    case 'infrastructure':
      // With a stranger it is a node that was heard, without one it stands in the configuration.
      return conflict.stranger === null ? faultKey(conflict) : null;
    case 'split-brain':
    case 'scope-overlap':
    case 'unannounced':
      return faultKey(conflict);
  }
}

/** Made where it is not known; null beyond the bound. */
export function segmentOf(guard: Guard, name: string): SegmentState | null {
  const known = guard.segments.get(name);
  if (known !== undefined) return known;
  if (guard.segments.size >= MAX_SEGMENTS) return null;
  const made: SegmentState = {
    name,
    number: guard.segments.size + 1,
    range: null,
    infrastructure: [],
    owners: null,
    standIns: new Set(),
    swept: false,
    mostlyPool: false,
    virtualRouters: new Map(),
    ownLooks: createOwnLooks(),
    listening: createListening(),
  };
  guard.segments.set(name, made);
  return made;
}

export const dismiss = (guard: Guard, rule: RuleName): void => {
  guard.dismissed[rule]++;
};

/** Whether a Service holds the address: as the cluster says or, where it cannot, because a speaker used it lately. */
export function isHeld(guard: Guard, address: Ipv4, atMs: number): boolean {
  if (guard.held !== null) return guard.held.has(address);
  return wasUsedBySpeaker(guard, address, atMs);
}

export function wasUsedBySpeaker(guard: Guard, address: Ipv4, atMs: number): boolean {
  const use = guard.uses.get(address);
  return use !== undefined && atMs - use.lastMs <= HELD_MS;
}

/** Whether somebody has the right to answer for the address just now, and does: who else answers for it is in the way. */
export function isTaken({ held, uses }: Guard, address: Ipv4, atMs: number): boolean {
  if (held?.has(address) === true) return true;
  const use = uses.get(address);
  return use !== undefined && Math.abs(atMs - use.lastMs) <= TAKEN_MS;
}

export const serviceAt = (guard: Guard, address: Ipv4): string | null => guard.held?.get(address)?.assignment.service ?? null;
