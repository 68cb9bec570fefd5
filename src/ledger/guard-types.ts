/**
 * What the guard asks of the ledger: conflicts and their alerts, written together, and what was learned of DHCP. Implemented by
 * GuardStore (`ledger.guard`). All methods are synchronous, and throw FreeholdError `ledger-...` where the disk refuses.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { AlertMessage, Outbox } from '../core/conflict/alert-message.ts';
import type { Conflict, ConflictChange, ConflictKind } from '../core/conflict/types.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';

/** A change, and the alert that it makes: null for `updated` and `acknowledged`. */
export interface ConflictEntry {
  readonly change: ConflictChange;
  readonly message: AlertMessage | null;
  /** Names of the channels that are to tell it: those whose filters let it through. */
  readonly channels: readonly string[];
}

export interface ConflictsFilter {
  readonly state: 'open' | 'closed' | 'all';
  readonly segment?: string;
  readonly kind?: ConflictKind;
  readonly address?: Ipv4;
  /** Only conflicts with a smaller id (paging, newest first). */
  readonly before?: number;
  readonly limit: number;
}

export interface GuardStore extends Outbox {
  /**
   * One transaction: each conflict as it is now (by id: made, or overwritten where the stored `seq` is not newer), and for each
   * message one row in the outbox with one delivery for each of its channels. What was written before is not written twice: an
   * entry whose conflict id and seq are in the outbox already adds no row there.
   */
  record(entries: readonly ConflictEntry[]): void;
  /** Open ones, ascending by id. */
  openConflicts(): Conflict[];
  conflict(id: number): Conflict | null;
  /** Newest id first. */
  conflicts(filter: ConflictsFilter): Conflict[];
  /** The largest id that was ever used; 0 for none. */
  largestConflictId(): number;
  /** Drops deliveries to channels that are not among these any more. @returns how many */
  keepChannels(channels: readonly string[]): number;
  /** Deliveries that were dropped because too many of their channel waited, since the ledger was opened: for metrics. */
  dropped(): number;
  /** Servers of a segment, by server. At most 64 are kept for each segment; the one heard longest ago is forgotten first. */
  dhcpServers(segment: string): DhcpServer[];
  /** By segment and server: made, or overwritten. */
  recordDhcpServers(servers: readonly DhcpServer[]): void;
}
