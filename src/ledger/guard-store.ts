/**
 * `ledger.guard`: conflicts, their alerts and DHCP servers, as the guard and the dispatcher ask for them. A conflict and its
 * alerts are written together or not at all. Decides nothing, sends nothing.
 */
import type Database from 'better-sqlite3';
import type { Delivery } from '../core/conflict/alert-message.ts';
import type { Conflict } from '../core/conflict/types.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';
import { Conflicts } from './conflicts.ts';
import { DhcpServers } from './dhcp-servers.ts';
import type { ConflictEntry, ConflictsFilter, GuardStore } from './guard-types.ts';
import { AlertOutbox, KEEP_SETTLED_MS } from './outbox.ts';
import { WalSync } from './wal-sync.ts';

export class GuardTables implements GuardStore {
  readonly #sync: WalSync;
  readonly #disk: <T>(work: () => T) => T;
  readonly #conflicts: Conflicts;
  readonly #outbox: AlertOutbox;
  readonly #servers: DhcpServers;
  readonly #write: Database.Transaction<(entries: readonly ConflictEntry[]) => void>;

  /** @param disk runs a piece of work, and says in words for people what the disk had against it */
  constructor(database: Database.Database, disk: <T>(work: () => T) => T) {
    this.#sync = new WalSync(database.name);
    this.#disk = disk;
    this.#conflicts = new Conflicts(database);
    this.#outbox = new AlertOutbox(database);
    this.#servers = new DhcpServers(database);
    this.#write = database.transaction((entries) => {
      this.#conflicts.put(entries.map(({ change }) => change.conflict));
      this.#outbox.add(entries);
    });
  }

  record(entries: readonly ConflictEntry[]): void {
    if (entries.length === 0) return;
    this.#disk(() => {
      try {
        this.#write.immediate(entries);
      } catch (error) {
        this.forget();
        throw error;
      }
      this.#outbox.committed();
      // A power cut must not lose an alert either. But the alert does not wait for the disk, which may be busy for 200 ms: by the
      // time it has taken this, the alert has been sent. What else is lost in a power cut is only sent again, or heard again.
      if (entries.some(({ message }) => message !== null)) this.#sync.request();
    });
  }

  openConflicts(): Conflict[] {
    return this.#disk(() => this.#conflicts.open());
  }

  conflict(id: number): Conflict | null {
    return this.#disk(() => this.#conflicts.find(id));
  }

  conflicts(filter: ConflictsFilter): Conflict[] {
    return this.#disk(() => this.#conflicts.list(filter));
  }

  largestConflictId(): number {
    return this.#disk(() => this.#conflicts.largestId());
  }

  pending(channel: string, limit: number, afterAlertId = 0): Delivery[] {
    return this.#disk(() => this.#outbox.pending(channel, limit, afterAlertId));
  }

  settle(alertId: number, channel: string, outcome: 'delivered' | 'rejected', atMs: number): void {
    this.#disk(() => this.#outbox.settle(alertId, channel, outcome, atMs));
  }

  postpone(alertId: number, channel: string, attempts: number, nextTryMs: number, reason: string): void {
    this.#disk(() => this.#outbox.postpone(alertId, channel, attempts, nextTryMs, reason));
  }

  depth(): ReadonlyMap<string, number> {
    return this.#disk(() => this.#outbox.depth());
  }

  keepChannels(channels: readonly string[]): number {
    return this.#disk(() => this.#outbox.keepChannels(channels));
  }

  dropped(): number {
    return this.#outbox.dropped;
  }

  dhcpServers(segment: string): DhcpServer[] {
    return this.#disk(() => this.#servers.of(segment));
  }

  recordDhcpServers(servers: readonly DhcpServer[]): void {
    this.#disk(() => this.#servers.record(servers));
  }

  /** Forgets what memory holds; it is read again when needed. */
  forget(): void {
    this.#conflicts.forget();
    this.#outbox.forget();
  }

  /** Closed conflicts older than `keepMs`, and alerts that are done with. Inside a transaction; at most `limit` of each. */
  prune(nowMs: number, keepMs: number, limit: number): { readonly dropped: number; readonly more: boolean } {
    const conflicts = this.#conflicts.prune(nowMs - keepMs, limit);
    const alerts = this.#outbox.prune(nowMs - Math.min(keepMs, KEEP_SETTLED_MS), limit);
    return { dropped: conflicts + alerts, more: Math.max(conflicts, alerts) >= limit };
  }
}
