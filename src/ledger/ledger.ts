/**
 * The ledger: the one way to what Freehold remembers. One transaction a batch; what memory mirrors changes only with the disk.
 * Owns the database and its lock; knows no clock, so every time is passed in. All errors of the disk are FreeholdErrors.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { contains, type Ipv4Range, sizeOf } from '../core/address/range.ts';
import { intersectSets, rangeSet } from '../core/address/range-set.ts';
import { FreeholdError } from '../core/error.ts';
import { CLOCK_TOLERANCE_MS } from '../core/evidence/believable-run.ts';
import type { Lease, Outage, SightingColumns, StandIn } from '../core/evidence/facts.ts';
import type { FirstLook, LookRun } from '../core/evidence/look.ts';
import { AddressState } from './address-state.ts';
import type { ClaimStore } from './claim-types.ts';
import { ClaimTable } from './claims.ts';
import { ClusterViewTable } from './cluster-view.ts';
import { ledgerError } from './errors.ts';
import { GuardTables } from './guard-store.ts';
import type { GuardStore } from './guard-types.ts';
import { Leases } from './leases.ts';
import { Looks } from './looks.ts';
import { readMigrations } from './migrate.ts';
import { OccupancyTable } from './occupancy.ts';
import { type OpenDatabase, openDatabase } from './open.ts';
import { pruneStep } from './prune.ts';
import { Segments } from './segments.ts';
import { StandIns } from './stand-ins.ts';
import { SweepFaults } from './sweep-faults.ts';
import { Sweeps, type SweepsFilter } from './sweeps.ts';
import type {
  FoldedSighting,
  LedgerBatch,
  Occupancy,
  SegmentId,
  SegmentRow,
  SegmentSetting,
  SweepRecord,
  SweepRow,
} from './types.ts';
import { Uptime, type UptimeSpan } from './uptime.ts';

export const MAX_SEGMENT_SIZE = 65_536;

export interface OpenLedgerOptions {
  readonly path: string;
  /** Epoch ms. */
  readonly nowMs: number;
  /** The folder of the numbered SQL files; the installation's own unless given. */
  readonly migrations?: string;
  /** Looks that a clock which was ahead had dated later than now were dropped. */
  readonly onClockSetBack?: () => void;
}

/**
 * Opens the ledger at `path`, or makes it. Whoever holds it owns the file until `close`; a file that is refused is left as it is.
 * @throws FreeholdError `ledger-directory-missing`, `ledger-not-writable`, `ledger-locked`, `ledger-damaged`, `ledger-foreign`,
 * `ledger-newer`, `ledger-migration-rewritten`, `ledger-migration-failed`, `ledger-migrations-missing`, `ledger-full`, `ledger-io`
 */
export function openLedger({ path, nowMs, migrations, onClockSetBack }: OpenLedgerOptions): Ledger {
  const open = openDatabase(path, nowMs, readMigrations(migrations));
  try {
    return new Ledger(open, nowMs, onClockSetBack);
  } catch (error) {
    open.database.close();
    open.lock.release();
    throw ledgerError(open.path, error);
  }
}

export class Ledger {
  readonly path: string;
  readonly #database: Database.Database;
  readonly #lock: OpenDatabase['lock'];
  readonly #segments = new Map<SegmentId, SegmentRow>();
  readonly #tables;
  #revision = 0;
  readonly #apply: Database.Transaction<(batch: LedgerBatch, advance: boolean) => void>;
  readonly #ensure: Database.Transaction<(setting: SegmentSetting) => SegmentRow>;
  readonly #onClockSetBack: (() => void) | undefined;
  #pruned = 0;
  /** By the batch under way. */
  #droppedLooks = 0;

  /** Use `openLedger`. */
  constructor({ database, lock, path }: OpenDatabase, nowMs: number, onClockSetBack?: () => void) {
    this.path = path;
    this.#onClockSetBack = onClockSetBack;
    this.#database = database;
    this.#lock = lock;
    const segments = new Segments(database);
    const epochOf = (segment: SegmentId) => segments.epochMs(segment);
    this.#tables = {
      segments,
      occupancy: new OccupancyTable(database),
      state: new AddressState(database),
      standIns: new StandIns(database),
      looks: new Looks(database, epochOf),
      sweeps: new Sweeps(database, epochOf),
      faults: new SweepFaults(database),
      leases: new Leases(database),
      uptime: new Uptime(database, nowMs),
      guard: new GuardTables(database, (work) => this.#disk(work)),
      clusterView: new ClusterViewTable(database, (work) => this.#disk(work)),
      claims: new ClaimTable(database, (work) => this.#disk(work)),
    };
    this.#apply = database.transaction((batch, advance) => this.#write(batch, advance));
    this.#ensure = database.transaction((setting) => this.#ensureRow(setting));
  }

  /**
   * The segment of this name, made where there is none. A changed range keeps the history of every address; the columns are
   * then new ones. On another wire than before a new epoch begins: who was seen stays known, but the looks until now are no
   * longer told. @throws FreeholdError `segment-too-large` above 65,536 addresses
   */
  ensureSegment(setting: SegmentSetting): SegmentRow {
    const { name, range } = setting;
    if (sizeOf(range) > MAX_SEGMENT_SIZE) {
      throw new FreeholdError(
        'segment-too-large',
        `segment ${name} has ${sizeOf(range)} addresses; the most is ${MAX_SEGMENT_SIZE}`,
        {
          hint: 'Configure several segments of at most a /16 each.',
        },
      );
    }
    return this.#disk(() => {
      const row = this.#ensure.immediate(setting);
      const before = this.#segments.get(row.id)?.range;
      if (before?.first !== range.first || before.last !== range.last) this.#tables.state.load(row);
      this.#segments.set(row.id, row);
      return row;
    });
  }

  /**
   * Stores a batch, all of it or nothing. Sightings and leases outside of the segment's range are left out: nobody asks for
   * them, and a stranger could make them grow.
   */
  write(batch: LedgerBatch): void {
    const advance = this.#tables.uptime.alive(batch.atMs);
    this.#disk(() => {
      const isEmpty = batch.sightings.length === 0 && batch.sweeps.length === 0 && batch.leases.length === 0;
      if (isEmpty && !advance && this.#aheadMs(batch.atMs) === 0) return;
      try {
        this.#apply.immediate(batch, advance);
      } catch (error) {
        for (const table of Object.values(this.#tables)) if ('forget' in table) table.forget();
        throw error;
      }
      this.#tables.state.committed();
      this.#revision++;
      if (this.#droppedLooks > 0) this.#onClockSetBack?.();
    });
  }

  /** Grows with every batch that changed something: what was read at one revision is still so at the same one. */
  get revision(): number {
    return this.#revision;
  }

  /** Conflicts, their alerts and DHCP servers. What is written there changes no `revision`. */
  get guard(): GuardStore {
    return this.#tables.guard;
  }

  /** What was last known of the cluster. What is written there changes no `revision`. */
  get clusterView(): ClusterViewTable {
    return this.#tables.clusterView;
  }

  /** What `freehold apply` pushed. What is written there changes no `revision`. */
  get claims(): ClaimStore {
    return this.#tables.claims;
  }

  /** A live view, without a query: it changes with every batch that is written. */
  sightingColumns(segment: SegmentId): SightingColumns {
    const columns = this.#tables.state.columns(segment);
    if (columns === undefined) throw new Error(`segment ${segment} was not ensured`);
    return columns;
  }

  /** Runs of looks on the segment's present wire that reach to or over `sinceMs`, in no order. */
  lookRuns(segment: SegmentId, sinceMs: number): LookRun[] {
    return this.#disk(() => this.#tables.looks.runs(segment, sinceMs));
  }

  /** When the first look on the present wire at each set of addresses had been waited out. */
  firstLooks(segment: SegmentId): FirstLook[] {
    return this.#disk(() => this.#tables.looks.firsts(segment));
  }

  /** Stretches of invalid sweeps that reach to or over `sinceMs`, oldest first. */
  invalidSweeps(segment: SegmentId, sinceMs: number): Outage[] {
    return this.#disk(() => this.#tables.faults.since(segment, sinceMs));
  }

  /** When a daemon was running, oldest first; the last one is this one. */
  uptimes(sinceMs: number): readonly UptimeSpan[] {
    return this.#disk(() => this.#tables.uptime.since(sinceMs));
  }

  /** All that is kept of one address, newest last sighting first. */
  history(segment: SegmentId, address: Ipv4, limit: number): Occupancy[] {
    return this.#disk(() => this.#tables.occupancy.history(segment, address, limit));
  }

  /**
   * The newest interval of each address and MAC (uses and intents apart) seen at `sinceMs` or later, ascending by address.
   * @param range only of these addresses; default: of all of the segment
   */
  occupants(
    segment: SegmentId,
    { sinceMs, range }: { readonly sinceMs: number; readonly range?: Ipv4Range | undefined },
  ): Occupancy[] {
    const { first, length, lastUseMs, lastIntentMs, lastStandInMs } = this.sightingColumns(segment);
    const from = range === undefined ? 0 : Math.max(0, range.first - first);
    const until = range === undefined ? length : Math.min(length, range.last - first + 1);
    return this.#disk(() => {
      const found: Occupancy[] = [];
      for (let row = from; row < until; row++) {
        const newest = Math.max(lastUseMs[row] ?? 0, lastIntentMs[row] ?? 0, lastStandInMs[row] ?? 0);
        if (newest === 0 || newest < sinceMs) continue;
        found.push(...this.#tables.occupancy.current(segment, (first + row) as Ipv4, sinceMs));
      }
      return found;
    });
  }

  /** The newest sweeps, newest first; at most 3,000 of a segment are kept. */
  sweeps(filter: SweepsFilter): SweepRow[] {
    return this.#disk(() => this.#tables.sweeps.list(filter));
  }

  /** Leases that run at `nowMs`, ascending by address; where several sources know one for an address, the longest first. */
  leases(segment: SegmentId, nowMs: number): Lease[] {
    return this.#disk(() => this.#tables.leases.running(segment, nowMs));
  }

  /** Ends the leases that `source` once told of, at all addresses but those `present`. */
  endLeasesMissing(segment: SegmentId, source: Lease['source'], present: ReadonlySet<Ipv4>, nowMs: number): void {
    this.#disk(() => {
      if (this.#tables.leases.endMissing(segment, source, present, nowMs) > 0) this.#revision++;
    });
  }

  standIns(segment: SegmentId, sinceMs: number): StandIn[] {
    return this.#disk(() => this.#tables.standIns.since(segment, sinceMs));
  }

  /**
   * When the newest valid sweep of the whole segment ended, or its newest look was, where its details are gone; on the present wire.
   * @param nowMs what a clock that was ahead dated later than this does not count
   */
  lastValidSweepMs(segment: SegmentId, nowMs: number): number | null {
    return this.#disk(() => this.#tables.sweeps.lastValidMs(segment, nowMs) ?? this.#tables.looks.newestMs(segment));
  }

  /** Writes, and changes nothing. @throws FreeholdError `ledger-full`, `ledger-not-writable` and their like */
  checkWritable(): void {
    this.#disk(() => this.#tables.uptime.touch());
  }

  /**
   * Drops a little of what is older than `keepMs`, in a few milliseconds. @returns whether there is more to do: call it again
   * when the loop had a turn, until it says no; then again in an hour.
   */
  prune(nowMs: number, keepMs: number): boolean {
    return this.#disk(() => {
      const step = pruneStep(this.#database, this.#tables, this.#segments.keys(), nowMs, keepMs);
      this.#pruned += step.dropped;
      if (step.more) return true;
      if (this.#pruned > 0) this.#database.pragma('wal_checkpoint(TRUNCATE)');
      this.#pruned = 0;
      return false;
    });
  }

  /** What is wrong with the file, a line each; empty where it is sound. Reads all of it. */
  integrityCheck(): string[] {
    return this.#disk(() => {
      const lines = this.#database.prepare<[], string>('PRAGMA integrity_check').pluck().all();
      const astray = this.#database.prepare('PRAGMA foreign_key_check').all();
      return [...lines.filter((line) => line !== 'ok'), ...astray.map((row) => `points nowhere: ${JSON.stringify(row)}`)];
    });
  }

  /** Idempotent. What was written stays written even where the last tidying up fails. */
  close(): void {
    if (!this.#database.open) return;
    try {
      this.#tables.uptime.store();
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // A disk that refuses: the write-ahead log holds everything, and the next start reads it.
    }
    this.#database.close();
    this.#lock.release();
  }

  #ensureRow(setting: SegmentSetting): SegmentRow {
    const { row, rewired } = this.#tables.segments.ensure(setting);
    if (rewired) {
      this.#tables.looks.beginEpoch(row.id);
      this.#tables.sweeps.forget();
      this.#revision++;
    }
    return row;
  }

  #write({ atMs, sightings, sweeps, leases }: LedgerBatch, advance: boolean): void {
    this.#droppedLooks = this.#dropAhead(atMs);
    // Stand-ins before sightings: the replies heard in the sweep that caught them are known for what they are at once.
    for (const sweep of sweeps) this.#noteStandIns(sweep);
    for (const sighting of sightings) this.#noteSighting(sighting);
    this.#tables.occupancy.write();
    this.#tables.state.write();
    for (const sweep of sweeps) this.#noteSweep(sweep, atMs);
    for (const lease of leases)
      if (contains(this.#segment(lease.segment).range, lease.address)) this.#tables.leases.record(lease, atMs);
    if (advance) this.#tables.uptime.store();
  }

  /** By how much the clock was ahead until now, in ms; 0 for no more than a correction. */
  #aheadMs(nowMs: number): number {
    const aheadMs = Math.max(this.#tables.uptime.latestMs, this.#tables.looks.latestMs) - nowMs;
    return aheadMs > CLOCK_TOLERANCE_MS ? aheadMs : 0;
  }

  /**
   * Where the clock was ahead, and was set back: looks dated later than now would count, once time has passed them, as looks that
   * nobody made. Since when it was ahead nobody knows, so as much time before now is not believed either. @returns runs dropped
   */
  #dropAhead(nowMs: number): number {
    const aheadMs = this.#aheadMs(nowMs);
    if (aheadMs === 0) return 0;
    this.#tables.uptime.setBack(nowMs);
    return this.#tables.looks.dropAfter(nowMs - aheadMs);
  }

  /** A sweep that proves nothing catches nobody either. */
  #noteStandIns(sweep: SweepRecord): void {
    if (!sweep.valid) return;
    for (const mac of this.#tables.standIns.record(sweep)) this.#tables.state.reclassify(sweep.segment, mac, sweep.startedMs);
  }

  #noteSighting(sighting: FoldedSighting): void {
    const { segment, address, intent, firstMs, lastMs } = sighting;
    if (!contains(this.#segment(segment).range, address)) return;
    // One stamp that is no time would make the whole batch fail, and every one after it.
    if (!Number.isFinite(firstMs) || !Number.isFinite(lastMs)) return;
    this.#tables.occupancy.record(sighting);
    const kind = intent ? 'intent' : this.#tables.standIns.answersFor(sighting) ? 'stand-in' : 'use';
    this.#tables.state.stage(segment, address, kind, lastMs);
  }

  #noteSweep(sweep: SweepRecord, nowMs: number): void {
    const { range } = this.#segment(sweep.segment);
    this.#tables.sweeps.record(sweep);
    // The clock was set back while it ran, or since: when these looks were made is not known.
    if (sweep.valid && sweep.startedMs > nowMs + CLOCK_TOLERANCE_MS) return;
    // What was heard outside of the range was left out, so what was looked at there counts for nothing.
    const looked = intersectSets(sweep.looked, rangeSet([range]));
    if (sweep.valid) this.#tables.looks.record(sweep.segment, sweep.method, looked, sweep);
    else this.#tables.faults.record(sweep);
  }

  #segment(id: SegmentId): SegmentRow {
    const row = this.#segments.get(id);
    if (row === undefined) throw new Error(`segment ${id} was not ensured`);
    return row;
  }

  #disk<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw ledgerError(this.path, error);
    }
  }
}
