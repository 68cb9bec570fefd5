/**
 * Keeps a table that only grows below a number of rows, without counting them at every write: counts the additions, and looks
 * at the disk when there may be too many. Knows no table.
 */

/** Dropped beyond what is too much, so that the disk is not asked again at the next addition. */
const SPARE = 100;

export interface CappedRows {
  count(): number;
  /** Drops the `rows` oldest. @returns how many */
  dropOldest(rows: number): number;
}

export class RowCap {
  readonly #rows: CappedRows;
  readonly #max: number;
  /** null: not known. Additions that turn out to be none make it too large, never too small. */
  #atMost: number | null = null;

  constructor(max: number, rows: CappedRows) {
    this.#max = max;
    this.#rows = rows;
  }

  /** After up to `added` rows were added. Inside a transaction; after one that failed, call `forget`. */
  enforce(added: number): void {
    if (added === 0) return;
    this.#atMost = this.#atMost === null ? this.#rows.count() : this.#atMost + added;
    if (this.#atMost <= this.#max) return;
    const count = this.#rows.count();
    this.#atMost = count > this.#max ? count - this.#rows.dropOldest(count - this.#max + SPARE) : count;
  }

  forget(): void {
    this.#atMost = null;
  }
}
