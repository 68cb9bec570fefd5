/**
 * Faults that stand in the configuration of the network rather than on the wire: an address with a part of its own inside a pool, and a
 * DHCP server that handed out addresses of one. Compared anew with what is known whenever that changes.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { contains, type Ipv4Range } from '../address/range.ts';
import { setContains } from '../address/range-set.ts';
import { handedOutIn } from '../dhcp/handed-out.ts';
import type { DhcpServer } from '../dhcp/types.ts';
import { sourceBit } from '../evidence/sighting.ts';
import type { Pool } from './cluster-view.ts';
import { dismiss, faultKey, type Guard, type SegmentState, serviceAt } from './guard-state.ts';
import {
  allOpen,
  type Changes,
  close,
  isFull,
  MAX_MACS_PER_CONFLICT,
  type OpenConflict,
  openConflict,
  touch,
} from './open-conflicts.ts';
import { poolAt } from './pool-index.ts';
import type { ConflictDetail } from './types.ts';

interface Fault {
  readonly kind: 'infrastructure' | 'scope-overlap';
  readonly segment: string;
  readonly pool: string;
  readonly address: Ipv4;
  readonly stranger: Mac | null;
  readonly detail: ConflictDetail;
  /** Epoch ms of the newest evidence. */
  readonly atMs: number;
  readonly sources: number;
}

/** An InfrastructureAddress of a segment, or a node's address, that lies in a pool: one fault for each address. */
export function compareInfrastructure(guard: Guard, nowMs: number, changes: Changes): void {
  if (!guard.hasView) return;
  const faults = new Map<string, Fault>();
  const add = (address: Ipv4, segment: string, role: NonNullable<ConflictDetail['role']>): void => {
    const pool = poolAt(guard.pools, address);
    if (pool === null) return;
    const fault: Fault = {
      kind: 'infrastructure',
      segment,
      pool: pool.name,
      address,
      stranger: null,
      detail: { role },
      atMs: nowMs,
      sources: 0,
    };
    if (!faults.has(faultKey(fault))) faults.set(faultKey(fault), fault);
  };
  for (const { name, infrastructure } of guard.segments.values()) {
    for (const { address, role } of infrastructure) add(address, name, role);
  }
  // The segment of a node's address is empty where none that is watched holds it.
  for (const { address } of guard.view.nodeAddresses) add(address, segmentHolding(guard, address)?.name ?? '', 'node');
  // Of a segment that was not placed since the start nothing is known: what was found there stands.
  const isKnown = ({ now }: OpenConflict): boolean =>
    now.detail.role === 'node' || (guard.segments.get(now.segment)?.range ?? null) !== null;
  compare(guard, 'infrastructure', faults, isKnown, nowMs, changes);
}

const segmentHolding = ({ segments }: Guard, address: Ipv4): SegmentState | undefined =>
  [...segments.values()].find(({ range }) => range !== null && contains(range, address));

/** A server that handed out addresses of a pool: one fault for each pair. */
export function compareScopes(guard: Guard, nowMs: number, changes: Changes): void {
  if (!guard.hasView || guard.servers === null) return;
  const faults = new Map<string, Fault>();
  for (const server of guard.servers) {
    for (const pool of guard.view.pools) {
      const overlap = overlapOf(server, pool);
      if (overlap === null) continue;
      const fault: Fault = {
        kind: 'scope-overlap',
        segment: server.segment,
        pool: pool.name,
        address: overlap.first,
        stranger: server.mac,
        detail: { server: server.server, overlap },
        atMs: server.lastHeardMs,
        sources: server.server === 'lease-file' ? sourceBit('lease-file') : 0,
      };
      faults.set(faultKey(fault), fault);
    }
  }
  compare(guard, 'scope-overlap', faults, () => true, nowMs, changes);
}

/**
 * From the first to the last address of the pool that was handed out. A span that only reaches over the pool is no fault: one
 * reservation above it, and a scope below, would make one. Where it is not known which were handed out, the ends of the span were.
 */
function overlapOf({ span, handedOut }: DhcpServer, { addresses }: Pool): Ipv4Range | null {
  if (span === null) return null;
  if (handedOut !== undefined) return handedOutIn(handedOut, addresses);
  const ends = [span.first, span.last].filter((address) => setContains(addresses, address));
  const [first] = ends;
  const last = ends.at(-1);
  return first === undefined || last === undefined ? null : { first, last };
}

function compare(
  guard: Guard,
  kind: Fault['kind'],
  faults: ReadonlyMap<string, Fault>,
  isKnown: (conflict: OpenConflict) => boolean,
  nowMs: number,
  changes: Changes,
): void {
  const moment = { nowMs, causedMs: nowMs };
  for (const conflict of allOpen(guard.open)) {
    if (conflict.now.kind !== kind || conflict.key === null || faults.has(conflict.key) || !isKnown(conflict)) continue;
    close(guard.open, conflict, 'mended', moment, changes);
  }
  for (const [key, fault] of faults) {
    const known = guard.open.faults.get(key);
    if (known !== undefined) {
      follow(guard, known, fault, nowMs, changes);
      continue;
    }
    if (isFull(guard.open)) {
      dismiss(guard, 'too-many-conflicts');
      continue;
    }
    const { atMs, ...found } = fault;
    const macs = fault.stranger === null ? [] : [fault.stranger];
    const more = { macs, service: serviceAt(guard, fault.address), firstSeenMs: atMs, lastSeenMs: atMs };
    openConflict(guard.open, { ...found, ...more }, key, moment, changes);
  }
}

function follow(guard: Guard, conflict: OpenConflict, fault: Fault, nowMs: number, changes: Changes): void {
  const { now } = conflict;
  now.lastSeenMs = Math.max(now.lastSeenMs, fault.atMs);
  const same =
    now.address === fault.address &&
    now.stranger === fault.stranger &&
    now.pool === fault.pool &&
    now.detail.role === fault.detail.role &&
    now.detail.overlap?.first === fault.detail.overlap?.first &&
    now.detail.overlap?.last === fault.detail.overlap?.last;
  if (same) return;
  now.address = fault.address;
  now.stranger = fault.stranger;
  now.pool = fault.pool;
  now.detail = fault.detail;
  const macs = new Set(fault.stranger === null ? now.macs : [fault.stranger, ...now.macs]);
  now.macs = [...macs].slice(0, MAX_MACS_PER_CONFLICT);
  touch(guard.open, conflict, nowMs, nowMs, changes);
}
