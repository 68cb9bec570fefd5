/**
 * Tables `look_target` and `look_run`: which sets of addresses were looked at, and when. All of it is kept in memory too,
 * decoded (a year of steady sweeps is 8,760 runs), so a question about any window costs no query.
 */
import type Database from 'better-sqlite3';
import { sizeOf } from '../core/address/range.ts';
import { type RangeSet, rangeSet } from '../core/address/range-set.ts';
import type { FirstLook, LookMethod, LookRun } from '../core/evidence/look.ts';
import { decodeRanges, encodeRanges, wholeMs } from './encoding.ts';
import { type FoldedLooks, foldLook, oneLook } from './look-fold.ts';
import type { SegmentId, SweepRecord } from './types.ts';

/** Of a set with more ranges the largest are kept: to forget a look is safe, to invent one is not. */
export const MAX_RANGES = 256;
/** Distinct sets of one segment; beyond that the one that was looked at longest ago is forgotten. */
export const MAX_TARGETS = 1_000;
/** Runs of one segment; beyond that the oldest are forgotten. */
export const MAX_RUNS = 50_000;
const RUNS_DROPPED_AT_ONCE = 1_000;
const PRUNED_AT_ONCE = 1_000;

interface Run extends FoldedLooks {
  readonly id: number;
}

interface Target {
  readonly id: number;
  readonly key: string;
  readonly set: RangeSet;
  firstLookMs: number;
  lastLookMs: number;
  /** By start, oldest first. */
  readonly runs: Record<LookMethod, Run[]>;
}

interface SegmentLooks {
  readonly byKey: Map<string, Target>;
  runs: number;
}

type TargetRow = [id: number, ranges: Buffer, firstLook: number];
type RunRow = [id: number, target: number, method: LookMethod, since: number, until: number, looks: number, longestGap: number];

export class Looks {
  readonly #memory = new Map<SegmentId, SegmentLooks>();
  readonly #epochOf: (segment: SegmentId) => number;
  readonly #sql;
  /** Null: to be read. */
  #newestMs: number | null = null;

  /** @param epochOf looks from before this were made on another wire: kept, but not told */
  constructor(database: Database.Database, epochOf: (segment: SegmentId) => number) {
    this.#epochOf = epochOf;
    this.#sql = {
      targets: database.prepare<[SegmentId], TargetRow>('SELECT id, ranges, first_look FROM look_target WHERE segment = ?').raw(),
      runs: database
        .prepare<[SegmentId], RunRow>(
          `SELECT run.id, target, method, since, until, looks, longest_gap
           FROM look_run AS run JOIN look_target AS target ON target.id = run.target WHERE segment = ? ORDER BY since, run.id`,
        )
        .raw(),
      addTarget: database.prepare<[SegmentId, Buffer, number]>(
        'INSERT INTO look_target (segment, ranges, first_look) VALUES (?, ?, ?)',
      ),
      moveFirst: database.prepare<[number, number]>('UPDATE look_target SET first_look = ? WHERE id = ?'),
      dropLater: database.prepare<[SegmentId, number]>(
        'DELETE FROM look_run WHERE target IN (SELECT id FROM look_target WHERE segment = ?) AND until >= ?',
      ),
      moveLater: database.prepare<[number, SegmentId, number]>(
        'UPDATE look_target SET first_look = ? WHERE segment = ? AND first_look >= ?',
      ),
      newest: database.prepare<[], number | null>('SELECT max(until) FROM look_run').pluck(),
      dropAfter: database.prepare<[number]>('DELETE FROM look_run WHERE until > ?'),
      dropTarget: database.prepare<[number]>('DELETE FROM look_target WHERE id = ?'),
      addRun: database.prepare<[number, LookMethod, number, number, number, number]>(
        'INSERT INTO look_run (target, method, since, until, looks, longest_gap) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      setRun: database.prepare<[number, number, number, number]>(
        'UPDATE look_run SET until = ?, looks = ?, longest_gap = ? WHERE id = ?',
      ),
      dropRuns: database.prepare<[SegmentId, number]>(
        `DELETE FROM look_run WHERE id IN (SELECT run.id FROM look_run AS run JOIN look_target AS target ON target.id = run.target
         WHERE segment = ? ORDER BY until LIMIT ?)`,
      ),
      pruneRuns: database.prepare<[number, number]>('DELETE FROM look_run WHERE until < ? LIMIT ?'),
      pruneTargets: database.prepare<[number]>(
        'DELETE FROM look_target WHERE NOT EXISTS (SELECT 1 FROM look_run WHERE target = look_target.id) LIMIT ?',
      ),
    };
  }

  /** The end of the newest run of any segment, watched now or not; 0 for none. Epoch ms. */
  get latestMs(): number {
    this.#newestMs ??= this.#sql.newest.get() ?? 0;
    return this.#newestMs;
  }

  /** Drops the runs of all segments, watched now or not, that reach over `sinceMs`. Inside a transaction. @returns how many */
  dropAfter(sinceMs: number): number {
    const dropped = this.#sql.dropAfter.run(wholeMs(sinceMs)).changes;
    // A set that has no run left has no first look either: that one may have been made by the same clock.
    while (this.#sql.pruneTargets.run(PRUNED_AT_ONCE).changes === PRUNED_AT_ONCE);
    this.forget();
    return dropped;
  }

  /**
   * One look at each address of `looked`, at the sweep's start: nothing is fresher than that. A first look counts from its end:
   * nothing was known to be quiet before. Inside a transaction; after one that failed, call `forget`.
   */
  record(segment: SegmentId, method: LookMethod, looked: RangeSet, sweep: Pick<SweepRecord, 'startedMs' | 'endedMs'>): void {
    if (looked.length === 0) return;
    const atMs = wholeMs(sweep.startedMs);
    const epochMs = this.#epochOf(segment);
    const present = atMs >= epochMs;
    const firstMs = present ? Math.max(atMs, wholeMs(sweep.endedMs)) : atMs;
    const looks = this.#of(segment);
    const target = this.#target(segment, looks, largestRanges(looked), firstMs);
    if (present && (target.firstLookMs < epochMs || firstMs < target.firstLookMs)) {
      this.#sql.moveFirst.run(firstMs, target.id);
      target.firstLookMs = firstMs;
    }
    target.lastLookMs = Math.max(target.lastLookMs, atMs);
    if (this.#newestMs !== null) this.#newestMs = Math.max(this.#newestMs, atMs);
    const runs = target.runs[method];
    let at = runs.length - 1;
    while (at >= 0 && (runs[at]?.sinceMs ?? 0) > atMs) at--;
    const run = runs[at];
    // No run reaches over the beginning of an epoch.
    const apart = run === undefined || (present && run.sinceMs < epochMs);
    const longer = apart ? null : foldLook(run, runs[at - 1], atMs);
    if (run !== undefined && longer !== null) {
      this.#sql.setRun.run(longer.untilMs, longer.looks, longer.longestGapMs, run.id);
      runs[at] = { ...longer, id: run.id };
      return;
    }
    const id = this.#sql.addRun.run(target.id, method, atMs, atMs, 1, 0).lastInsertRowid;
    runs.splice(at + 1, 0, { ...oneLook(atMs), id: Number(id) });
    looks.runs++;
    if (looks.runs <= MAX_RUNS) return;
    this.#sql.dropRuns.run(segment, RUNS_DROPPED_AT_ONCE);
    this.#memory.delete(segment);
  }

  /**
   * The segment is on another wire from now on. Looks that a wrong clock dated later than that are dropped: by their time they
   * would count for the new wire. After the epoch changed, inside the same transaction.
   */
  beginEpoch(segment: SegmentId): void {
    const epochMs = this.#epochOf(segment);
    this.#sql.dropLater.run(segment, epochMs);
    this.#sql.moveLater.run(epochMs - 1, segment, epochMs);
    this.#memory.delete(segment);
  }

  /** Runs of this epoch that reach to or over `sinceMs`, in no order. */
  runs(segment: SegmentId, sinceMs: number): LookRun[] {
    const found: LookRun[] = [];
    const epochMs = this.#epochOf(segment);
    for (const { set, runs } of this.#of(segment).byKey.values()) {
      for (const method of ['arp', 'icmp'] as const) {
        for (const { sinceMs: since, untilMs, looks, longestGapMs } of runs[method]) {
          if (since >= epochMs && untilMs >= sinceMs)
            found.push({ targets: set, method, sinceMs: since, untilMs, looks, longestGapMs });
        }
      }
    }
    return found;
  }

  firsts(segment: SegmentId): FirstLook[] {
    const epochMs = this.#epochOf(segment);
    return [...this.#of(segment).byKey.values()]
      .filter(({ firstLookMs }) => firstLookMs >= epochMs)
      .map(({ set, firstLookMs }) => ({ targets: set, atMs: firstLookMs }));
  }

  newestMs(segment: SegmentId): number | null {
    let newest: number | null = null;
    const epochMs = this.#epochOf(segment);
    for (const { lastLookMs } of this.#of(segment).byKey.values())
      if (lastLookMs >= epochMs) newest = Math.max(newest ?? lastLookMs, lastLookMs);
    return newest;
  }

  /** Forgets what memory holds; the next question reads it again. */
  forget(): void {
    this.#memory.clear();
    this.#newestMs = null;
  }

  prune(cutoffMs: number, limit: number): number {
    const dropped = this.#sql.pruneRuns.run(wholeMs(cutoffMs), limit).changes + this.#sql.pruneTargets.run(limit).changes;
    if (dropped > 0) this.forget();
    return dropped;
  }

  #target(segment: SegmentId, looks: SegmentLooks, set: RangeSet, atMs: number): Target {
    const ranges = encodeRanges(set);
    const key = ranges.toString('latin1');
    const known = looks.byKey.get(key);
    if (known !== undefined) return known;
    if (looks.byKey.size >= MAX_TARGETS) this.#dropOldestTarget(looks);
    const id = Number(this.#sql.addTarget.run(segment, ranges, atMs).lastInsertRowid);
    const target: Target = { id, key, set, firstLookMs: atMs, lastLookMs: atMs, runs: { arp: [], icmp: [] } };
    looks.byKey.set(key, target);
    return target;
  }

  #dropOldestTarget(looks: SegmentLooks): void {
    let oldest: Target | undefined;
    for (const target of looks.byKey.values()) if (oldest === undefined || target.lastLookMs < oldest.lastLookMs) oldest = target;
    if (oldest === undefined) return;
    this.#sql.dropTarget.run(oldest.id);
    looks.byKey.delete(oldest.key);
    looks.runs -= oldest.runs.arp.length + oldest.runs.icmp.length;
  }

  #of(segment: SegmentId): SegmentLooks {
    const known = this.#memory.get(segment);
    if (known !== undefined) return known;
    const targets = new Map<number, Target>();
    for (const [id, ranges, firstLookMs] of this.#sql.targets.all(segment)) {
      const key = ranges.toString('latin1');
      targets.set(id, { id, key, set: decodeRanges(ranges), firstLookMs, lastLookMs: firstLookMs, runs: { arp: [], icmp: [] } });
    }
    let runs = 0;
    for (const [id, targetId, method, sinceMs, untilMs, looks, longestGapMs] of this.#sql.runs.all(segment)) {
      const target = targets.get(targetId);
      if (target === undefined) continue;
      target.runs[method].push({ id, sinceMs, untilMs, looks, longestGapMs });
      target.lastLookMs = Math.max(target.lastLookMs, untilMs);
      runs++;
    }
    const loaded = { byKey: new Map([...targets.values()].map((target) => [target.key, target])), runs };
    this.#memory.set(segment, loaded);
    return loaded;
  }
}

function largestRanges(set: RangeSet): RangeSet {
  if (set.length <= MAX_RANGES) return set;
  return rangeSet([...set].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, MAX_RANGES));
}
