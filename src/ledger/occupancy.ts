/**
 * Table `occupancy`: intervals of use and of intent. A sighting extends the interval that it touches, joins two that it
 * bridges, or begins a new one; the intervals of one address, MAC and intent never overlap. No row per probe or sweep.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { DAY_MS, HOUR_MS, macFromNumber, macToNumber, wholeMs } from './encoding.ts';
import { NewestRows, type OccupancyRow } from './newest-rows.ts';
import type { FoldedSighting, Occupancy, SegmentId } from './types.ts';

/** Sightings no further apart than this belong to one interval. */
export const OCCUPANCY_GAP_MS = HOUR_MS;
/** MACs with intervals that begin at one address on one UTC day; any more are kept together as "others" (MAC null). */
export const MAX_MACS_PER_ADDRESS_AND_DAY = 32;
/** Intervals of one segment; beyond that only "others" are added, and the oldest are pruned. */
export const MAX_ROWS = 1_000_000;
/** What a full segment is brought down to. */
const ROWS_AFTER_THINNING = 900_000;
const MAX_HOSTNAME = 255;
/** How far back a history looks, in intervals, newest beginning first. */
const MAX_HISTORY_ROWS = 5_000;
const PRUNE_CHUNK = 5_000;

type Row = [id: number, mac: number | null, intent: 0 | 1, first: number, last: number, sources: number, hostname: string | null];
type Key = [segment: SegmentId, address: Ipv4, mac: number | null, intent: 0 | 1];

const COLUMNS = 'id, mac, intent, first_seen, last_seen, sources, hostname';

export class OccupancyTable {
  readonly #newest = new NewestRows((segment, address) => this.#rowsOf(segment, address));
  readonly #counts = new Map<SegmentId, number>();
  /** Rows whose only change is a later last sighting, by id: nearly all, written with one statement. */
  #later = new Map<number, number>();
  /** Segments that were full, and up to which last sighting their rows go. */
  readonly #thinning = new Map<SegmentId, number>();
  #cursor = 0;
  readonly #sql;

  constructor(database: Database.Database) {
    this.#sql = {
      ofAddress: database
        .prepare<[SegmentId, Ipv4, number], Row>(
          `SELECT ${COLUMNS} FROM occupancy WHERE segment = ? AND address = ? ORDER BY first_seen DESC LIMIT ?`,
        )
        .raw(),
      touching: database
        .prepare<[...Key, number, number], Row>(
          `SELECT ${COLUMNS} FROM occupancy WHERE segment = ? AND address = ? AND mac IS ? AND intent = ?
           AND first_seen <= ? AND last_seen >= ? ORDER BY first_seen`,
        )
        .raw(),
      macsOfDay: database
        .prepare<[SegmentId, Ipv4, number, number, number], number>(
          `SELECT count(DISTINCT mac) FROM occupancy WHERE segment = ? AND address = ? AND first_seen >= ? AND first_seen < ? AND mac <> ?`,
        )
        .pluck(),
      add: database.prepare<[...Key, number, number, number, string | null]>(
        'INSERT INTO occupancy (segment, address, mac, intent, first_seen, last_seen, sources, hostname) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ),
      set: database.prepare<[number, number, number, string | null, number]>(
        'UPDATE occupancy SET first_seen = ?, last_seen = ?, sources = ?, hostname = ? WHERE id = ?',
      ),
      later: database.prepare<[string]>(
        'UPDATE occupancy SET last_seen = later.value FROM json_each(?) AS later WHERE occupancy.id = later.key',
      ),
      drop: database.prepare<[number]>('DELETE FROM occupancy WHERE id = ?'),
      count: database.prepare<[SegmentId], number>('SELECT count(*) FROM occupancy WHERE segment = ?').pluck(),
      chunkEnd: database
        .prepare<[number, number], number | null>(
          'SELECT max(id) FROM (SELECT id FROM occupancy WHERE id > ? ORDER BY id LIMIT ?)',
        )
        .pluck(),
      prune: database.prepare<[number, number, number]>('DELETE FROM occupancy WHERE id > ? AND id <= ? AND last_seen < ?'),
      oldest: database
        .prepare<[SegmentId, number], number>(
          'SELECT last_seen FROM occupancy WHERE segment = ? ORDER BY last_seen LIMIT 1 OFFSET ?',
        )
        .pluck(),
      thin: database.prepare<[number, number, SegmentId, number]>(
        'DELETE FROM occupancy WHERE id > ? AND id <= ? AND segment = ? AND last_seen <= ?',
      ),
    };
  }

  /** Inside a transaction that ends with `write`; after one that failed, call `forget`. */
  record(sighting: FoldedSighting): void {
    const { segment, address, intent } = sighting;
    const firstMs = wholeMs(sighting.firstMs);
    const seen = {
      firstMs,
      lastMs: Math.max(firstMs, wholeMs(sighting.lastMs)),
      sources: sighting.sources,
      hostname: nameOf(sighting),
    };
    const row = this.#newest.find(segment, address, sighting.mac, intent);
    // An address that was never seen has nothing to ask the disk about: most of what a flood brings.
    if (this.#newest.of(segment, address).length === 0) this.#begin(sighting, seen);
    else if (row === undefined || firstMs < row.firstMs) this.#join(sighting, seen);
    else if (firstMs <= row.lastMs + OCCUPANCY_GAP_MS) this.#extend(row, seen);
    else this.#begin(sighting, seen);
  }

  /** Writes what was put off for one statement. */
  write(): void {
    if (this.#later.size === 0) return;
    this.#sql.later.run(JSON.stringify(Object.fromEntries(this.#later)));
    this.#later = new Map();
  }

  /** Newest last sighting first. */
  history(segment: SegmentId, address: Ipv4, limit: number): Occupancy[] {
    return this.#rowsOf(segment, address)
      .sort((a, b) => b.lastMs - a.lastMs)
      .slice(0, limit)
      .map((row) => occupancy(address, row));
  }

  /** The newest interval of each MAC at `address` (uses and intents apart) that reaches to or over `sinceMs`, newest first. */
  current(segment: SegmentId, address: Ipv4, sinceMs: number): Occupancy[] {
    return this.#newest
      .of(segment, address)
      .filter((row) => row.lastMs >= sinceMs)
      .sort((a, b) => b.lastMs - a.lastMs)
      .map((row) => occupancy(address, row));
  }

  /** Forgets what memory holds; it is read again when needed. */
  forget(): void {
    this.#newest.clear();
    this.#counts.clear();
    this.#later = new Map();
  }

  /** Looks through the next few thousand rows. @returns what was dropped, and whether there are rows left to look at. */
  prune(cutoffMs: number, segments: Iterable<SegmentId>): { readonly dropped: number; readonly more: boolean } {
    for (const segment of segments) this.#startThinning(segment);
    const end = this.#sql.chunkEnd.get(this.#cursor, PRUNE_CHUNK) ?? null;
    let dropped = end === null ? 0 : this.#sql.prune.run(this.#cursor, end, wholeMs(cutoffMs)).changes;
    for (const [segment, lastMs] of this.#thinning) {
      if (end === null) this.#thinning.delete(segment);
      else dropped += this.#sql.thin.run(this.#cursor, end, segment, lastMs).changes;
    }
    this.#cursor = end ?? 0;
    const more = end !== null;
    if (dropped > 0) this.forget();
    return { dropped, more };
  }

  /** A segment that is full loses those that were last seen the longest ago, whenever they came: a flood goes before a server. */
  #startThinning(segment: SegmentId): void {
    const count = this.#count(segment);
    if (count <= MAX_ROWS || this.#thinning.has(segment)) return;
    const lastMs = this.#sql.oldest.get(segment, count - ROWS_AFTER_THINNING - 1);
    if (lastMs !== undefined) this.#thinning.set(segment, lastMs);
    this.#cursor = 0;
  }

  #extend(row: OccupancyRow, seen: Seen): void {
    const lastMs = Math.max(row.lastMs, seen.lastMs);
    const sources = row.sources | seen.sources;
    const hostname = seen.hostname ?? row.hostname;
    const onlyLater = sources === row.sources && hostname === row.hostname;
    if (onlyLater && lastMs === row.lastMs) return;
    Object.assign(row, { lastMs, sources, hostname });
    if (onlyLater) {
      this.#later.set(row.id, lastMs);
      return;
    }
    this.#later.delete(row.id);
    this.#sql.set.run(row.firstMs, lastMs, sources, hostname, row.id);
  }

  /** Told late, or of a MAC that is not in memory: the disk knows what it touches. */
  #join(sighting: FoldedSighting, seen: Seen): void {
    const { segment, address, mac, intent } = sighting;
    this.write();
    const touching = this.#sql.touching
      .all(segment, address, macToNumber(mac), intent ? 1 : 0, seen.lastMs + OCCUPANCY_GAP_MS, seen.firstMs - OCCUPANCY_GAP_MS)
      .map(occupancyRow);
    const [oldest, ...others] = touching;
    if (oldest === undefined) {
      this.#begin(sighting, seen);
      return;
    }
    this.#newest.drop(segment, address);
    const merged = [...others, seen].reduce<Seen>(merge, oldest);
    this.#sql.set.run(merged.firstMs, merged.lastMs, merged.sources, merged.hostname, oldest.id);
    for (const { id } of others) this.#sql.drop.run(id);
    this.#counts.set(segment, this.#count(segment) - others.length);
  }

  /** An interval that touches no other. */
  #begin(sighting: FoldedSighting, seen: Seen): void {
    const { segment, address, mac, intent } = sighting;
    const number = macToNumber(mac);
    if (number !== null && this.#tooMany(segment, address, number, seen.firstMs)) {
      this.record({ ...sighting, mac: null });
      return;
    }
    const count = this.#count(segment);
    const { firstMs, lastMs, sources, hostname } = seen;
    const id = Number(
      this.#sql.add.run(segment, address, number, intent ? 1 : 0, firstMs, lastMs, sources, hostname).lastInsertRowid,
    );
    this.#counts.set(segment, count + 1);
    this.#newest.put(segment, address, { id, mac, intent, firstMs, lastMs, sources, hostname });
  }

  #tooMany(segment: SegmentId, address: Ipv4, mac: number, atMs: number): boolean {
    if (this.#count(segment) >= MAX_ROWS) return true;
    if (this.#newest.of(segment, address).length === 0) return false;
    const day = Math.floor(atMs / DAY_MS) * DAY_MS;
    return (this.#sql.macsOfDay.get(segment, address, day, day + DAY_MS, mac) ?? 0) >= MAX_MACS_PER_ADDRESS_AND_DAY;
  }

  #count(segment: SegmentId): number {
    const known = this.#counts.get(segment);
    if (known !== undefined) return known;
    const count = this.#sql.count.get(segment) ?? 0;
    this.#counts.set(segment, count);
    return count;
  }

  #rowsOf(segment: SegmentId, address: Ipv4): OccupancyRow[] {
    return this.#sql.ofAddress.all(segment, address, MAX_HISTORY_ROWS).map(occupancyRow);
  }
}

interface Seen {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly sources: number;
  readonly hostname: string | null;
}

/** The later of two names wins. */
const merge = (a: Seen, b: Seen): Seen => ({
  firstMs: Math.min(a.firstMs, b.firstMs),
  lastMs: Math.max(a.lastMs, b.lastMs),
  sources: a.sources | b.sources,
  hostname: b.lastMs >= a.lastMs ? (b.hostname ?? a.hostname) : (a.hostname ?? b.hostname),
});

const nameOf = ({ hostname }: FoldedSighting): string | null => hostname?.slice(0, MAX_HOSTNAME) ?? null;

const occupancyRow = ([id, mac, intent, firstMs, lastMs, sources, hostname]: Row): OccupancyRow => ({
  id,
  mac: macFromNumber(mac),
  intent: intent === 1,
  firstMs,
  lastMs,
  sources,
  hostname,
});

const occupancy = (address: Ipv4, { mac, firstMs, lastMs, sources, intent, hostname }: OccupancyRow): Occupancy => ({
  address,
  mac,
  firstSeenMs: firstMs,
  lastSeenMs: lastMs,
  sources,
  intent,
  hostname,
});
