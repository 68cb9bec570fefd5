/**
 * Table `conflict`: each conflict as it is now. What is over is kept for the history, and bounded. Decides nothing: it stores
 * what the guard says, as long as that is not older than what is stored.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { CloseReason, Conflict, ConflictDetail, ConflictKind } from '../core/conflict/types.ts';
import { macFromNumber, macToNumber, wholeMs } from './encoding.ts';
import type { ConflictsFilter } from './guard-types.ts';
import { RowCap } from './row-cap.ts';

/** Closed ones; beyond that those that were closed the longest ago are forgotten. */
export const MAX_CLOSED = 20_000;

/** Longest names that Kubernetes allows, and what DHCP can carry; the rest as the contract says. */
const MAX_NAME = 253;
const MAX_SERVICE = 320;
const MAX_HOSTNAME = 255;
const MAX_BY = 64;
const MAX_NOTE = 500;
const MAX_MACS = 16;
const MAX_NODES = 64;

type Row = [
  id: number,
  kind: ConflictKind,
  segment: string,
  pool: string,
  address: Ipv4,
  stranger: number | null,
  macs: string,
  hostname: string | null,
  service: string | null,
  firstSeenMs: number,
  lastSeenMs: number,
  openedMs: number,
  closedMs: number | null,
  closeReason: CloseReason | null,
  sightings: number,
  sources: number,
  detail: string,
  acknowledgedMs: number | null,
  acknowledgedBy: string | null,
  acknowledgedNote: string | null,
  seq: number,
];
type Filter = { segment: string | null; kind: ConflictKind | null; address: Ipv4 | null; before: number; limit: number };

const COLUMNS = [
  'id',
  'kind',
  'segment',
  'pool',
  'address',
  'stranger',
  'macs',
  'hostname',
  'service',
  'first_seen',
  'last_seen',
  'opened',
  'closed',
  'close_reason',
  'sightings',
  'sources',
  'detail',
  'acknowledged',
  'ack_by',
  'ack_note',
  'seq',
];

export class Conflicts {
  readonly #sql;
  readonly #closed: RowCap;

  constructor(database: Database.Database) {
    const select = `SELECT ${COLUMNS.join(', ')} FROM conflict WHERE`;
    // Newest first through at most some twenty thousand rows: no index that every alert would have to write to.
    const list = (state: string) =>
      database
        .prepare<[Filter], Row>(
          `${select} ${state} AND id < @before AND (@segment IS NULL OR segment = @segment) AND (@kind IS NULL OR kind = @kind)
           AND (@address IS NULL OR address = @address) ORDER BY id DESC LIMIT @limit`,
        )
        .raw();
    this.#sql = {
      put: database.prepare<Row>(
        `INSERT INTO conflict (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
         ON CONFLICT DO UPDATE SET ${COLUMNS.slice(1)
           .map((name) => `${name} = excluded.${name}`)
           .join(', ')}
         WHERE excluded.seq >= seq`,
      ),
      one: database.prepare<[number], Row>(`${select} id = ?`).raw(),
      unclosed: database.prepare<[], Row>(`${select} closed IS NULL ORDER BY id`).raw(),
      list: { open: list('closed IS NULL'), closed: list('closed IS NOT NULL'), all: list('TRUE') },
      largestId: database.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'conflict'").pluck(),
      countClosed: database.prepare<[], number>('SELECT count(*) FROM conflict WHERE closed IS NOT NULL').pluck(),
      dropClosed: database.prepare<[number]>('DELETE FROM conflict WHERE closed IS NOT NULL ORDER BY closed, id LIMIT ?'),
      prune: database.prepare<[number, number]>('DELETE FROM conflict WHERE closed < ? LIMIT ?'),
    };
    this.#closed = new RowCap(MAX_CLOSED, {
      count: () => this.#sql.countClosed.get() ?? 0,
      dropOldest: (rows) => this.#sql.dropClosed.run(rows).changes,
    });
  }

  /** Makes or overwrites each, in order. Inside a transaction; after one that failed, call `forget`. */
  put(conflicts: readonly Conflict[]): void {
    for (const conflict of conflicts) this.#sql.put.run(...rowOf(conflict));
    this.#closed.enforce(conflicts.filter(({ closedMs }) => closedMs !== null).length);
  }

  /** Ascending by id. */
  open(): Conflict[] {
    return this.#sql.unclosed.all().map(conflictOf);
  }

  find(id: number): Conflict | null {
    const row = this.#sql.one.get(id);
    return row === undefined ? null : conflictOf(row);
  }

  /** Newest id first. */
  list({ state, segment, kind, address, before, limit }: ConflictsFilter): Conflict[] {
    return this.#sql.list[state]
      .all({
        segment: segment ?? null,
        kind: kind ?? null,
        address: address ?? null,
        before: before ?? Number.MAX_SAFE_INTEGER,
        limit,
      })
      .map(conflictOf);
  }

  /** Of all that ever were, forgotten ones included. */
  largestId(): number {
    return this.#sql.largestId.get() ?? 0;
  }

  forget(): void {
    this.#closed.forget();
  }

  /** Closed ones only. */
  prune(cutoffMs: number, limit: number): number {
    return this.#sql.prune.run(wholeMs(cutoffMs), limit).changes;
  }
}

/** Half of a character, as cutting a text can leave it, is no text to SQLite. */
export const clip = (text: string, maxLength: number): string => text.slice(0, maxLength).toWellFormed();

/** STRICT columns refuse what is no time, and one such stamp would make every alert after it fail too. */
export const stamp = (ms: number): number => (Number.isFinite(ms) ? wholeMs(ms) : 0);

const maybe = <T, U>(value: T | null, convert: (value: T) => U): U | null => (value === null ? null : convert(value));

function rowOf(conflict: Conflict): Row {
  const { acknowledged } = conflict;
  return [
    conflict.id,
    conflict.kind,
    clip(conflict.segment, MAX_NAME),
    clip(conflict.pool, MAX_NAME),
    conflict.address,
    macToNumber(conflict.stranger),
    JSON.stringify(conflict.macs.slice(0, MAX_MACS)),
    maybe(conflict.hostname, (name) => clip(name, MAX_HOSTNAME)),
    maybe(conflict.service, (name) => clip(name, MAX_SERVICE)),
    stamp(conflict.firstSeenMs),
    stamp(conflict.lastSeenMs),
    stamp(conflict.openedMs),
    maybe(conflict.closedMs, stamp),
    conflict.closeReason,
    conflict.sightings,
    conflict.sources,
    JSON.stringify(clipDetail(conflict.detail)),
    maybe(acknowledged, ({ atMs }) => stamp(atMs)),
    maybe(acknowledged, ({ by }) => clip(by, MAX_BY)),
    maybe(acknowledged, ({ note }) => clip(note, MAX_NOTE)),
    conflict.seq,
  ];
}

function clipDetail({ nodes, rule, ...rest }: ConflictDetail): ConflictDetail {
  return {
    ...rest,
    ...(nodes === undefined ? {} : { nodes: nodes.slice(0, MAX_NODES).map((name) => clip(name, MAX_NAME)) }),
    ...(rule === undefined ? {} : { rule: clip(rule, MAX_NAME) }),
  };
}

const conflictOf = (row: Row): Conflict => ({
  id: row[0],
  kind: row[1],
  segment: row[2],
  pool: row[3],
  address: row[4],
  stranger: macFromNumber(row[5]),
  macs: JSON.parse(row[6]) as Mac[],
  hostname: row[7],
  service: row[8],
  firstSeenMs: row[9],
  lastSeenMs: row[10],
  openedMs: row[11],
  closedMs: row[12],
  closeReason: row[13],
  sightings: row[14],
  sources: row[15],
  detail: JSON.parse(row[16]) as ConflictDetail,
  acknowledged: row[17] === null ? null : { atMs: row[17], by: row[18] ?? '', note: row[19] ?? '' },
  seq: row[20],
});
