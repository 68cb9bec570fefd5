/**
 * Conflicts as plain values: a pool address and someone who should not have it. guard.ts makes them; ledger and alert keep
 * and tell them. Nothing here decides anything.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { Ipv4Range } from '../address/range.ts';
import type { InfrastructureAddress } from '../evidence/facts.ts';
import type { SourceBits } from '../evidence/sighting.ts';

/**
 * - `imminent`: a stranger is about to use a pool address (DHCPREQUEST, OFFER, ACK or ARP probe).
 * - `squatter`: a stranger uses a pool address that no Service is known to hold.
 * - `contested`: a stranger uses an address that a Service holds.
 * - `split-brain`: several nodes answer for one address.
 * - `scope-overlap`: a DHCP server hands out addresses of the pool.
 * - `infrastructure`: a gateway, network, broadcast, node or own address lies inside the pool, or a node takes one by DHCP.
 * - `unannounced`: a Service holds the address, and nobody answers for it. A notice.
 */
export const CONFLICT_KINDS = [
  'imminent',
  'squatter',
  'contested',
  'split-brain',
  'scope-overlap',
  'infrastructure',
  'unannounced',
] as const;
export type ConflictKind = (typeof CONFLICT_KINDS)[number];

/** How loud: `critical` pages somebody at night, `notice` can wait. */
export type Severity = 'notice' | 'warning' | 'critical';

/** Why a conflict is over. */
export type CloseReason =
  /** The quiet time passed, and valid sweeps looked at the address meanwhile. */
  | 'quiet'
  /** The DHCP server refused the address (NAK), or the client declined it, and the client has been silent since. */
  | 'withdrawn'
  /** Whoever it was turned out to be no stranger (a rule of rules.ts): now in `detail.rule`. */
  | 'dismissed'
  /** The address is in no pool any more, or its segment is not watched any more. */
  | 'not-in-pool'
  /** A static fault (`infrastructure`, `scope-overlap`) was mended. */
  | 'mended';

/** What is only known of some kinds. Absent where it does not apply. */
export interface ConflictDetail {
  /** `scope-overlap`: the server, and the part of the pool that its span covers. */
  readonly server?: Ipv4 | 'lease-file';
  readonly overlap?: Ipv4Range;
  /** `infrastructure`. `node` with a stranger: that node was heard to take the address for itself, by DHCP. */
  readonly role?: InfrastructureAddress['role'] | 'node';
  /** `split-brain`: names of the nodes, and the MACs of those whose node is not known. */
  readonly nodes?: readonly string[];
  /** More strangers than are kept apart were seen at the address, at least so many; `stranger` is null then. */
  readonly strangers?: number;
  /**
   * `dismissed`: by which rule. `too-many-conflicts` in an open `squatter` without a stranger: it stands for all strangers of its
   * segment for whom there was no room; `strangers` counts them, and `address` is that of the first.
   */
  readonly rule?: string;
}

export interface Acknowledgement {
  /** Epoch ms. */
  readonly atMs: number;
  /** In the words of who acknowledged; printable, at most 64 characters. */
  readonly by: string;
  /** Printable, at most 500 characters; empty for none. */
  readonly note: string;
}

/**
 * One conflict at one moment. At most one is open for each kind, address and stranger; of `scope-overlap` one for each server and
 * pool; of those that stand for whoever found no room one for each segment.
 */
export interface Conflict {
  /** 1, 2, 3 …; never used twice, not even where the ledger could not be written. */
  readonly id: number;
  readonly kind: ConflictKind;
  /** Empty for a node's address that no watched segment holds. */
  readonly segment: string;
  readonly pool: string;
  /** For `scope-overlap` the first address of the overlap. */
  readonly address: Ipv4;
  /** Who; null where it is not known, where there are many, and for kinds without a stranger. */
  readonly stranger: Mac | null;
  /** All MACs that have to do with it, the stranger first; at most 16. */
  readonly macs: readonly Mac[];
  /** What the stranger calls itself (DHCP option 12); printable. */
  readonly hostname: string | null;
  /** `namespace/name` of the Service that holds the address, where that is known. */
  readonly service: string | null;
  /** Epoch ms of the first and the last evidence; the kernel's stamp where there is one. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Epoch ms at which it was opened here. */
  readonly openedMs: number;
  /** Epoch ms; null while it is open. */
  readonly closedMs: number | null;
  readonly closeReason: CloseReason | null;
  /** Pieces of evidence so far. */
  readonly sightings: number;
  readonly sources: SourceBits;
  readonly detail: ConflictDetail;
  readonly acknowledged: Acknowledgement | null;
  /** Grows with every `opened`, `escalated` and `closed`: 1 when opened. Orders the alerts of one conflict. */
  readonly seq: number;
}

/**
 * What happened to a conflict. `opened`, `escalated` and `closed` become alerts; `updated` (new evidence, at most one every few
 * seconds for each conflict) and `acknowledged` are only stored and shown.
 */
export interface ConflictChange {
  readonly event: 'opened' | 'escalated' | 'closed' | 'updated' | 'acknowledged';
  /** As it is after the change. */
  readonly conflict: Conflict;
  /** `escalated`: the kind it had before; the one it has, where only the strangers have become many more. */
  readonly from: ConflictKind | null;
  /** Epoch ms of the frame that caused it; of the clock where no frame did. For the latency of alerts. */
  readonly causedMs: number;
}

/** critical: traffic of a Service is, or is about to be, lost. */
export function severityOf(kind: ConflictKind): Severity {
  switch (kind) {
    case 'contested':
    case 'split-brain':
    case 'squatter':
      return 'critical';
    case 'imminent':
    case 'scope-overlap':
    case 'infrastructure':
      return 'warning';
    case 'unannounced':
      return 'notice';
  }
}
