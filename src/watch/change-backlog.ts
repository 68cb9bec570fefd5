/**
 * Changes of conflicts that the ledger refused, oldest first: stored in slices as soon as it takes them again. Tells apart a disk that
 * takes nothing from a change that is never taken: that one is given up, so that it does not keep all others from the disk.
 */
import { FreeholdError } from '../core/error.ts';
import type { ConflictEntry, GuardStore } from '../ledger/guard-types.ts';
import type { Logger } from '../system/logger.ts';

/** Beyond that the oldest are forgotten: they were told from memory, and only their history is lost. */
export const MAX_UNSTORED = 20_000;
/** In one transaction; halved with each refusal. */
export const LARGEST_SLICE = 500;
/** Transactions at a time: some 4000 changes, then the wire is looked at again. */
const MAX_SLICES = 16;
/** How many more there may be before superseded ones are looked for. */
const ROOM = 500;

export class Backlog {
  readonly #store: Pick<GuardStore, 'record'>;
  readonly #logger: Logger;
  #entries: ConflictEntry[] = [];
  #slice = LARGEST_SLICE;
  #compactAt = ROOM;
  /** Which of the others is tried beside one that is refused alone. */
  #other = 0;
  #forgotten = 0;

  constructor(store: Pick<GuardStore, 'record'>, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  get size(): number {
    return this.#entries.length;
  }

  put(entries: readonly ConflictEntry[]): void {
    this.#entries.push(...entries);
    if (this.#entries.length < this.#compactAt) return;
    const kept = newestUpdates(this.#entries);
    this.#entries = kept.slice(-MAX_UNSTORED);
    this.#forgotten += kept.length - this.#entries.length;
    this.#compactAt = Math.min(2 * this.#entries.length, MAX_UNSTORED) + ROOM;
  }

  /** How many were forgotten since this was asked last. */
  takeForgotten(): number {
    const forgotten = this.#forgotten;
    this.#forgotten = 0;
    return forgotten;
  }

  /** Stores what it can, and ends with the first refusal. Never throws. @returns what was stored */
  store(): ConflictEntry[] {
    const stored: ConflictEntry[] = [];
    for (let count = 0; count < MAX_SLICES && this.#entries.length > 0; count++) {
      const slice = this.#entries.slice(0, this.#slice);
      if (this.#record(slice) === null) {
        this.#entries.splice(0, slice.length);
        stored.push(...slice);
        this.#slice = Math.min(LARGEST_SLICE, 2 * this.#slice);
        continue;
      }
      const whole = slice.length;
      this.#slice = Math.max(1, Math.floor(whole / 2));
      if (whole > 1) break;
      const taken = this.#tryAnother();
      if (taken === null) break;
      stored.push(taken);
    }
    if (this.#entries.length === 0) {
      this.#slice = LARGEST_SLICE;
      this.#compactAt = ROOM;
    }
    return stored;
  }

  /** The oldest was refused alone: tries another, and where that is taken, the oldest a last time. @returns what was taken */
  #tryAnother(): ConflictEntry | null {
    if (this.#entries.length < 2) return null;
    this.#other = (this.#other % (this.#entries.length - 1)) + 1;
    const other = this.#entries[this.#other];
    // A newer change of the same conflict would be overwritten by the older one that waits.
    if (other === undefined || other.change.conflict.id === this.#entries[0]?.change.conflict.id) return null;
    if (this.#record([other]) !== null) return null;
    this.#entries.splice(this.#other, 1);
    const [oldest] = this.#entries;
    if (oldest === undefined) return other;
    const error = this.#record([oldest]);
    // The disk's own words (full, locked, ...): a small change can still fit where a large one does not. It waits for room.
    if (error instanceof FreeholdError) return other;
    if (error !== null) {
      const { id, seq } = oldest.change.conflict;
      this.#logger.error(
        { err: error, conflict: id, seq },
        'a change of a conflict is never taken by the ledger: it is not stored, only told',
      );
    }
    this.#entries.shift();
    return other;
  }

  /** @returns null where it was taken */
  #record(entries: readonly ConflictEntry[]): unknown {
    try {
      this.#store.record(entries);
      return null;
    } catch (error) {
      return error ?? new Error('refused');
    }
  }
}

/** Of several entries that make no alert, for one conflict, the newest says it all. */
function newestUpdates(entries: readonly ConflictEntry[]): ConflictEntry[] {
  const newest = new Map<number, ConflictEntry>();
  for (const entry of entries) if (entry.message === null) newest.set(entry.change.conflict.id, entry);
  return entries.filter((entry) => entry.message !== null || newest.get(entry.change.conflict.id) === entry);
}
