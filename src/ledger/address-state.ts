/**
 * Table `address_state`: when each address was last used, meant or answered for by a stand-in. Mirrored in memory as columns,
 * which change only after the transaction that changed the table: memory never says more than the disk.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { sizeOf } from '../core/address/range.ts';
import type { SightingColumns } from '../core/evidence/facts.ts';
import { HOUR_MS, macToNumber, wholeMs } from './encoding.ts';
import { ONLY_REPLIES, STAND_IN_MEMORY_MS } from './stand-ins.ts';
import type { SegmentId, SegmentRow } from './types.ts';

export type SightingKind = 'use' | 'intent' | 'stand-in';

/** How long before it was caught a new stand-in's replies are taken for what they are. */
const RECLASSIFY_MS = 2 * HOUR_MS;

type Row = [address: Ipv4, lastUse: number, lastIntent: number, lastStandIn: number];
/** Newest time by address, as not yet written. */
type Staged = Record<SightingKind, Map<Ipv4, number>>;

const TABLE_COLUMN: Readonly<Record<SightingKind, string>> = {
  use: 'last_use',
  intent: 'last_intent',
  'stand-in': 'last_stand_in',
};
const KINDS = ['use', 'intent', 'stand-in'] as const;

export class AddressState {
  readonly #columns = new Map<SegmentId, SightingColumns>();
  readonly #staged = new Map<SegmentId, Staged>();
  #corrections: { readonly segment: SegmentId; readonly rows: readonly Row[] }[] = [];
  readonly #sql;

  constructor(database: Database.Database) {
    const raise = (kind: SightingKind) => {
      const column = TABLE_COLUMN[kind];
      const value = (of: SightingKind) => (of === kind ? 'seen.value' : '0');
      return database.prepare<[SegmentId, string]>(
        `INSERT INTO address_state (segment, address, last_use, last_intent, last_stand_in)
         SELECT ?, CAST(seen.key AS INTEGER), ${KINDS.map(value).join(', ')} FROM json_each(?) AS seen WHERE true
         ON CONFLICT DO UPDATE SET ${column} = max(${column}, excluded.${column})`,
      );
    };
    this.#sql = {
      load: database
        .prepare<[SegmentId, number, number], Row>(
          'SELECT address, last_use, last_intent, last_stand_in FROM address_state WHERE segment = ? AND address BETWEEN ? AND ?',
        )
        .raw(),
      raise: { use: raise('use'), intent: raise('intent'), 'stand-in': raise('stand-in') },
      // What the others at the address were last seen doing, and no more, is its use.
      reclassify: database
        .prepare<[object], Row>(
          `UPDATE address_state AS state SET
             last_stand_in = max(last_stand_in, mine.seen),
             last_use = (
               SELECT coalesce(max(other.last_seen), 0) FROM occupancy AS other
               WHERE other.segment = state.segment AND other.address = state.address AND other.intent = 0
                 AND NOT (other.sources = :onlyReplies AND EXISTS (
                   SELECT 1 FROM stand_in WHERE segment = other.segment AND mac = other.mac AND last_seen >= :known)))
           FROM (
             SELECT address, max(last_seen) AS seen FROM occupancy
             WHERE segment = :segment AND mac = :mac AND intent = 0 AND sources = :onlyReplies AND last_seen >= :since
             GROUP BY address) AS mine
           WHERE state.segment = :segment AND state.address = mine.address
           RETURNING address, last_use, last_intent, last_stand_in`,
        )
        .raw(),
    };
  }

  /** Makes the columns of a segment anew, for its range as it is now. */
  load({ id, range }: SegmentRow): void {
    const length = sizeOf(range);
    const columns = {
      first: range.first,
      length,
      lastUseMs: new Float64Array(length),
      lastIntentMs: new Float64Array(length),
      lastStandInMs: new Float64Array(length),
    };
    setRows(columns, this.#sql.load.all(id, range.first, range.last));
    this.#columns.set(id, columns);
  }

  /** A live view: it changes with every batch that is written. */
  columns(segment: SegmentId): SightingColumns | undefined {
    return this.#columns.get(segment);
  }

  stage(segment: SegmentId, address: Ipv4, kind: SightingKind, seenMs: number): void {
    let staged = this.#staged.get(segment);
    if (staged === undefined) {
      staged = { use: new Map(), intent: new Map(), 'stand-in': new Map() };
      this.#staged.set(segment, staged);
    }
    const atMs = wholeMs(seenMs);
    if (atMs > (staged[kind].get(address) ?? 0)) staged[kind].set(address, atMs);
  }

  /**
   * Takes back what a stand-in's replies were taken for before it was caught. Inside the transaction, before the sightings of
   * the same batch are staged.
   */
  reclassify(segment: SegmentId, mac: Mac, caughtMs: number): void {
    const atMs = wholeMs(caughtMs);
    const rows = this.#sql.reclassify.all({
      segment,
      mac: macToNumber(mac),
      onlyReplies: ONLY_REPLIES,
      since: atMs - RECLASSIFY_MS,
      known: atMs - STAND_IN_MEMORY_MS,
    });
    this.#corrections.push({ segment, rows });
  }

  /** Writes what is staged; inside the transaction. */
  write(): void {
    for (const [segment, staged] of this.#staged) {
      for (const kind of KINDS) {
        if (staged[kind].size > 0) this.#sql.raise[kind].run(segment, JSON.stringify(Object.fromEntries(staged[kind])));
      }
    }
  }

  /** Shows what was written in the columns; after the transaction. */
  committed(): void {
    for (const { segment, rows } of this.#corrections) {
      const columns = this.#columns.get(segment);
      if (columns !== undefined) setRows(columns, rows);
    }
    for (const [segment, staged] of this.#staged) {
      const columns = this.#columns.get(segment);
      if (columns === undefined) continue;
      raiseColumn(columns, columns.lastUseMs, staged.use);
      raiseColumn(columns, columns.lastIntentMs, staged.intent);
      raiseColumn(columns, columns.lastStandInMs, staged['stand-in']);
    }
    this.forget();
  }

  /** After a transaction that did not happen. */
  forget(): void {
    this.#staged.clear();
    this.#corrections = [];
  }
}

function setRows(columns: SightingColumns, rows: readonly Row[]): void {
  for (const [address, lastUse, lastIntent, lastStandIn] of rows) {
    // An address that is outside of the range now writes outside of the arrays, which does nothing.
    const row = address - columns.first;
    columns.lastUseMs[row] = lastUse;
    columns.lastIntentMs[row] = lastIntent;
    columns.lastStandInMs[row] = lastStandIn;
  }
}

function raiseColumn(columns: SightingColumns, column: Float64Array, newest: ReadonlyMap<Ipv4, number>): void {
  for (const [address, atMs] of newest) {
    const row = address - columns.first;
    if (atMs > (column[row] ?? Number.POSITIVE_INFINITY)) column[row] = atMs;
  }
}
