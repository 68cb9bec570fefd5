/**
 * Keeps what became of conflicts: each change goes into the ledger together with its alerts, in one transaction for all that one
 * reading of the wire brought. While the disk refuses, alerts go out from memory, and the changes wait to be stored. Decides
 * nothing about conflicts.
 */
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { ConflictChange } from '../core/conflict/types.ts';
import type { ConflictEntry, GuardStore } from '../ledger/guard-types.ts';
import type { Logger } from '../system/logger.ts';

/** Kept while the disk refuses; beyond that the oldest are forgotten: they were told from memory, and only their history is lost. */
const MAX_UNSTORED = 20_000;

/** What makes alerts of changes, and tells them. */
export interface AlertDesk {
  /** null for `updated` and `acknowledged`, which are not told. */
  message(change: ConflictChange): AlertMessage | null;
  /** Names of the channels that are to tell it; none for `updated` and `acknowledged`. */
  channelsFor(change: ConflictChange): readonly string[];
  /** These are in the outbox. */
  wake(entries: readonly ConflictEntry[]): void;
  /** These could not be stored: told from memory, once. */
  offerVolatile(entries: readonly ConflictEntry[]): void;
}

export class ChangeBook {
  readonly #store: Pick<GuardStore, 'record'>;
  readonly #desk: AlertDesk;
  readonly #logger: Logger;
  #pending: ConflictEntry[] = [];
  /** What the disk refused, oldest first. */
  #unstored: ConflictEntry[] = [];
  #forgotten = 0;

  constructor(store: Pick<GuardStore, 'record'>, desk: AlertDesk, logger: Logger) {
    this.#store = store;
    this.#desk = desk;
    this.#logger = logger;
  }

  get healthy(): boolean {
    return this.#unstored.length === 0;
  }

  add(changes: readonly ConflictChange[]): void {
    for (const change of changes) {
      this.#pending.push({ change, message: this.#desk.message(change), channels: this.#desk.channelsFor(change) });
    }
  }

  /** Stores what is pending, and what an earlier try could not. Never throws. */
  flush(): void {
    if (this.#pending.length === 0 && this.#unstored.length === 0) return;
    const fresh = this.#pending;
    const all = [...this.#unstored, ...fresh];
    this.#pending = [];
    try {
      this.#store.record(all);
    } catch (error) {
      this.#refused(error, all, fresh);
      return;
    }
    if (this.#unstored.length > 0) this.#logger.warn({ forgotten: this.#forgotten }, 'conflicts can be stored again');
    this.#unstored = [];
    this.#forgotten = 0;
    const told = all.filter(({ channels }) => channels.length > 0);
    if (told.length > 0) this.#desk.wake(told);
  }

  #refused(error: unknown, all: readonly ConflictEntry[], fresh: readonly ConflictEntry[]): void {
    if (this.#unstored.length === 0)
      this.#logger.error({ err: error }, 'conflicts cannot be stored; alerts go out all the same, from memory');
    const kept = newestUpdates(all);
    this.#unstored = kept.slice(-MAX_UNSTORED);
    this.#forgotten += kept.length - this.#unstored.length;
    const told = fresh.filter(({ channels }) => channels.length > 0);
    if (told.length > 0) this.#desk.offerVolatile(told);
  }
}

/** Of several entries that make no alert, for one conflict, the newest says it all. */
function newestUpdates(entries: readonly ConflictEntry[]): ConflictEntry[] {
  const newest = new Map<number, ConflictEntry>();
  for (const entry of entries) if (entry.message === null) newest.set(entry.change.conflict.id, entry);
  return entries.filter((entry) => entry.message !== null || newest.get(entry.change.conflict.id) === entry);
}
