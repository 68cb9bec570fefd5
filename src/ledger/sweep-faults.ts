/**
 * Table `sweep_fault`: the invalid sweeps, counted by hour and reason, for the report of outages.
 */
import type Database from 'better-sqlite3';
import type { Outage } from '../core/evidence/facts.ts';
import { HOUR_MS, wholeMs } from './encoding.ts';
import type { SegmentId, SweepRecord } from './types.ts';

/** Faults this close to each other are one outage, however seldom they come. */
const CLOSE_MS = 60_000;
const TOLERANCE = 2.5;

type Row = [reason: string, sweeps: number, firstAt: number, lastAt: number];

export class SweepFaults {
  readonly #add: Database.Statement<[SegmentId, number, string, number, number]>;
  readonly #since: Database.Statement<[SegmentId, number, number], Row>;
  readonly #prune: Database.Statement<[number, number]>;

  constructor(database: Database.Database) {
    this.#add = database.prepare(
      `INSERT INTO sweep_fault (segment, hour, reason, sweeps, first_at, last_at) VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET
       sweeps = sweeps + 1, first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`,
    );
    this.#since = database
      .prepare<[SegmentId, number, number], Row>(
        'SELECT reason, sweeps, first_at, last_at FROM sweep_fault WHERE segment = ? AND hour >= ? AND last_at >= ? ORDER BY reason, first_at',
      )
      .raw();
    this.#prune = database.prepare('DELETE FROM sweep_fault WHERE last_at < ? LIMIT ?');
  }

  record(sweep: SweepRecord): void {
    const startedMs = wholeMs(sweep.startedMs);
    const hour = Math.floor(startedMs / HOUR_MS);
    this.#add.run(sweep.segment, hour, sweep.invalidReason ?? 'aborted', startedMs, Math.max(startedMs, wholeMs(sweep.endedMs)));
  }

  /** Outages that reach to or over `sinceMs`, oldest first. Steady faults over several hours are one. */
  since(segment: SegmentId, sinceMs: number): Outage[] {
    const outages: Outage[] = [];
    // A sweep is counted in the hour in which it started, and may end in the next.
    const hour = Math.floor(wholeMs(sinceMs) / HOUR_MS) - 1;
    for (const [reason, sweeps, fromMs, untilMs] of this.#since.all(segment, hour, wholeMs(sinceMs))) {
      const open = outages.at(-1);
      if (open !== undefined && open.reason === reason && fromMs - open.untilMs <= reach(open)) {
        outages[outages.length - 1] = { ...open, untilMs: Math.max(open.untilMs, untilMs), sweeps: open.sweeps + sweeps };
      } else {
        outages.push({ fromMs, untilMs, reason, sweeps });
      }
    }
    return outages.sort((a, b) => a.fromMs - b.fromMs);
  }

  prune(cutoffMs: number, limit: number): number {
    return this.#prune.run(wholeMs(cutoffMs), limit).changes;
  }
}

const reach = ({ fromMs, untilMs, sweeps }: Outage): number =>
  Math.max(CLOSE_MS, sweeps > 1 ? (TOLERANCE * (untilMs - fromMs)) / (sweeps - 1) : 0);
