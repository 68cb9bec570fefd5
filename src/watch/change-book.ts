/**
 * Keeps what became of conflicts: each change goes into the ledger together with its alerts, in one transaction for all that one
 * reading of the wire brought. While the disk refuses, alerts go out from memory, and the changes wait to be stored. Decides
 * nothing about conflicts.
 */
import type { ConflictChange } from '../core/conflict/types.ts';
import type { ConflictEntry, GuardStore } from '../ledger/guard-types.ts';
import { type Clock, systemClock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import { Backlog } from './change-backlog.ts';

/** The backlog is tried with each tick, once a second; never for each of the changes in between. */
const BACKLOG_MS = 900;

/** What makes alerts of changes, and tells them. */
export interface AlertDesk {
  /** null for `updated` and `acknowledged`, which are not told. */
  message(change: ConflictChange): ConflictEntry['message'];
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
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #backlog: Backlog;
  #pending: ConflictEntry[] = [];
  /** Monotonic ms: for what comes in, the backlog is not tried before. */
  #backlogDueMs = Number.NEGATIVE_INFINITY;

  /** @param clock for tests */
  constructor(
    store: Pick<GuardStore, 'record'>,
    desk: AlertDesk,
    logger: Logger,
    clock: Pick<Clock, 'monotonicMs'> = systemClock,
  ) {
    this.#store = store;
    this.#desk = desk;
    this.#logger = logger;
    this.#clock = clock;
    this.#backlog = new Backlog(store, logger);
  }

  get healthy(): boolean {
    return this.#backlog.size === 0;
  }

  add(changes: readonly ConflictChange[]): void {
    for (const change of changes) this.#pending.push(this.#entryOf(change));
  }

  /**
   * Stores what is pending. While there is a backlog, what is pending is told from memory at once and waits behind it. The backlog
   * itself is tried where nothing is pending (the guard's tick, and its end), and else once a second at most. Never throws.
   */
  flush(): void {
    const fresh = this.#pending;
    this.#pending = [];
    if (this.healthy) {
      this.#storeNow(fresh);
      return;
    }
    if (fresh.length > 0) {
      this.#backlog.put(fresh);
      this.#tellFromMemory(fresh);
      if (this.#clock.monotonicMs() < this.#backlogDueMs) return;
    }
    const stored = this.#backlog.store();
    this.#backlogDueMs = this.#clock.monotonicMs() + BACKLOG_MS;
    const told = stored.filter(isTold);
    if (told.length > 0) this.#desk.wake(told);
    if (this.healthy) this.#logger.warn({ forgotten: this.#backlog.takeForgotten() }, 'conflicts can be stored again');
  }

  #storeNow(fresh: readonly ConflictEntry[]): void {
    if (fresh.length === 0) return;
    try {
      this.#store.record(fresh);
    } catch (error) {
      this.#logger.error({ err: error }, 'conflicts cannot be stored; alerts go out all the same, from memory');
      this.#backlog.put(fresh);
      this.#backlogDueMs = this.#clock.monotonicMs() + BACKLOG_MS;
      this.#tellFromMemory(fresh);
      return;
    }
    const told = fresh.filter(isTold);
    if (told.length > 0) this.#desk.wake(told);
  }

  #tellFromMemory(fresh: readonly ConflictEntry[]): void {
    const told = fresh.filter(isTold);
    if (told.length > 0) this.#desk.offerVolatile(told);
  }

  /** What became of the conflict must be kept, even where no alert can be made of it. */
  #entryOf(change: ConflictChange): ConflictEntry {
    try {
      return { change, message: this.#desk.message(change), channels: this.#desk.channelsFor(change) };
    } catch (error) {
      const { id, seq } = change.conflict;
      this.#logger.error({ err: error, conflict: id, seq }, 'no alert could be made of a conflict: it is stored, and not told');
      return { change, message: null, channels: [] };
    }
  }
}

const isTold = ({ channels }: ConflictEntry): boolean => channels.length > 0;
