/**
 * Table `sweep`: the newest sweeps in detail, about a day of them at one every 30 s. What older ones proved is in the looks,
 * what they could not is in the faults.
 */
import type Database from 'better-sqlite3';
import { setSize } from '../core/address/range-set.ts';
import { CLOCK_TOLERANCE_MS } from '../core/evidence/believable-run.ts';
import type { LookMethod } from '../core/evidence/look.ts';
import type { InvalidReason } from '../core/probe/types.ts';
import { wholeMs } from './encoding.ts';
import type { SegmentId, SweepRecord, SweepRow } from './types.ts';

/** Of each segment; the oldest go some at a time. */
export const MAX_SWEEPS = 3_000;
const DROPPED_AT_ONCE = 100;

export interface SweepsFilter {
  readonly segment?: SegmentId | undefined;
  readonly limit: number;
  /** Only sweeps with a smaller id. */
  readonly before?: number | undefined;
}

type Row = [
  id: number,
  segment: SegmentId,
  segmentName: string,
  trigger: SweepRecord['trigger'],
  method: LookMethod,
  startedMs: number,
  endedMs: number,
  probesPlanned: number,
  probesSent: number,
  sendFailures: number,
  repliesReceived: number,
  answered: number,
  kernelDrops: number,
  controlsAsked: number,
  controlsAnswered: number,
  valid: 0 | 1,
  invalidReason: InvalidReason | null,
  lookedAddresses: number,
];

const COLUMNS = `cause, method, started, ended, probes_planned, probes_sent, send_failures, replies_received, answered,
  kernel_drops, controls_asked, controls_answered, valid, invalid_reason, looked_addresses`;

export class Sweeps {
  readonly #counts = new Map<SegmentId, number>();
  readonly #lastValid = new Map<SegmentId, number | null>();
  readonly #epochOf: (segment: SegmentId) => number;
  readonly #sql;

  /** @param epochOf since when a segment is on its present wire: what is older was valid of another one */
  constructor(database: Database.Database, epochOf: (segment: SegmentId) => number) {
    this.#epochOf = epochOf;
    const list = (where: string) =>
      database
        .prepare<number[], Row>(
          `SELECT sweep.id, segment, name, ${COLUMNS} FROM sweep JOIN segment ON segment.id = sweep.segment WHERE ${where} ORDER BY sweep.id DESC LIMIT ?`,
        )
        .raw();
    this.#sql = {
      all: list('sweep.id < ?'),
      bySegment: list('segment = ? AND sweep.id < ?'),
      add: database.prepare<(string | number | null)[]>(
        `INSERT INTO sweep (segment, ${COLUMNS}) VALUES (${Array(16).fill('?').join(', ')})`,
      ),
      count: database.prepare<[SegmentId], number>('SELECT count(*) FROM sweep WHERE segment = ?').pluck(),
      dropOldest: database.prepare<[SegmentId, number]>('DELETE FROM sweep WHERE segment = ? ORDER BY id LIMIT ?'),
      lastValid: database
        .prepare<[SegmentId, number, number], number | null>(
          `SELECT max(ended) FROM sweep WHERE segment = ? AND started >= ? AND ended <= ? AND valid = 1 AND cause <> 'verify'`,
        )
        .pluck(),
    };
  }

  record(sweep: SweepRecord): void {
    const { segment } = sweep;
    const endedMs = wholeMs(sweep.endedMs);
    this.#sql.add.run(
      segment,
      sweep.trigger,
      sweep.method,
      wholeMs(sweep.startedMs),
      endedMs,
      sweep.probesPlanned,
      sweep.probesSent,
      sweep.sendFailures,
      sweep.repliesReceived,
      sweep.answered,
      sweep.kernelDrops,
      sweep.controlsAsked,
      sweep.controlsAnswered,
      sweep.valid ? 1 : 0,
      sweep.invalidReason,
      sweep.valid ? setSize(sweep.looked) : 0,
    );
    const known = this.#counts.get(segment);
    const count = known === undefined ? (this.#sql.count.get(segment) ?? 0) : known + 1;
    const dropped = count > MAX_SWEEPS ? this.#sql.dropOldest.run(segment, DROPPED_AT_ONCE).changes : 0;
    this.#counts.set(segment, count - dropped);
    if (sweep.valid && sweep.trigger !== 'verify' && wholeMs(sweep.startedMs) >= this.#epochOf(segment)) {
      this.#lastValid.set(segment, Math.max(this.lastValidMs(segment, Number.MAX_SAFE_INTEGER) ?? endedMs, endedMs));
    }
  }

  /** Newest first. */
  list({ segment, limit, before }: SweepsFilter): SweepRow[] {
    const below = before ?? Number.MAX_SAFE_INTEGER;
    return (segment === undefined ? this.#sql.all.all(below, limit) : this.#sql.bySegment.all(segment, below, limit)).map(
      sweepRow,
    );
  }

  /** When the newest valid sweep that is still kept ended; a `verify` is none, it looks at a part only. */
  lastValidMs(segment: SegmentId, nowMs: number): number | null {
    const latestMs = Math.min(Number.MAX_SAFE_INTEGER, wholeMs(nowMs) + CLOCK_TOLERANCE_MS);
    const known = this.#lastValid.get(segment);
    if (known !== undefined && (known === null || known <= latestMs)) return known;
    const newest = (untilMs: number) => this.#sql.lastValid.get(segment, this.#epochOf(segment), untilMs) ?? null;
    if (known === undefined) this.#lastValid.set(segment, newest(Number.MAX_SAFE_INTEGER));
    return newest(latestMs);
  }

  /** Forgets what memory holds; the next question reads it again. */
  forget(): void {
    this.#counts.clear();
    this.#lastValid.clear();
  }
}

const sweepRow = (row: Row): SweepRow => ({
  id: row[0],
  segment: row[1],
  segmentName: row[2],
  trigger: row[3],
  method: row[4],
  startedMs: row[5],
  endedMs: row[6],
  probesPlanned: row[7],
  probesSent: row[8],
  sendFailures: row[9],
  repliesReceived: row[10],
  answered: row[11],
  kernelDrops: row[12],
  controlsAsked: row[13],
  controlsAnswered: row[14],
  valid: row[15] === 1,
  invalidReason: row[16],
  lookedAddresses: row[17],
});
