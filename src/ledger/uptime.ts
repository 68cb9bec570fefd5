/**
 * Table `uptime`: when the daemon was running. The row of this run is advanced every ten seconds, so a killed daemon's
 * downtime is told at most that much too long, never too short.
 */
import type Database from 'better-sqlite3';
import { wholeMs } from './encoding.ts';

const ADVANCE_EVERY_MS = 10_000;
/** A daemon that starts and dies in a loop adds a row each time. */
const MAX_ROWS = 10_000;

export interface UptimeSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

export class Uptime {
  readonly #id: number;
  readonly #advance: Database.Statement<[number, number]>;
  readonly #touch: Database.Statement<[number]>;
  readonly #since: Database.Statement<[number], [number, number, number]>;
  readonly #prune: Database.Statement<[number, number, number]>;
  readonly #newest: Database.Statement<[], number | null>;
  readonly #setBack: Database.Statement<[number, number, number]>;
  /** Null: to be read. */
  #latestMs: number | null = null;
  #storedMs: number;
  #aliveMs: number;

  constructor(database: Database.Database, nowMs: number) {
    const now = wholeMs(nowMs);
    this.#id = Number(database.prepare('INSERT INTO uptime (started, alive) VALUES (?, ?)').run(now, now).lastInsertRowid);
    database.prepare('DELETE FROM uptime WHERE id <= ?').run(this.#id - MAX_ROWS);
    this.#advance = database.prepare('UPDATE uptime SET alive = max(alive, ?) WHERE id = ?');
    this.#touch = database.prepare('UPDATE uptime SET alive = alive WHERE id = ?');
    this.#since = database
      .prepare<[number], [number, number, number]>('SELECT id, started, alive FROM uptime WHERE alive >= ? ORDER BY started')
      .raw();
    this.#prune = database.prepare('DELETE FROM uptime WHERE alive < ? AND id <> ? LIMIT ?');
    this.#newest = database.prepare<[], number | null>('SELECT max(alive) FROM uptime').pluck();
    this.#setBack = database.prepare<[number, number, number]>(
      'UPDATE uptime SET started = min(started, ?), alive = ? WHERE alive > ?',
    );
    this.#storedMs = now;
    this.#aliveMs = now;
  }

  /** The latest time that this daemon, or one before it, took for now; ten seconds may be missing of one that was killed. */
  get latestMs(): number {
    this.#latestMs ??= this.#newest.get() ?? 0;
    return Math.max(this.#latestMs, this.#aliveMs);
  }

  /** The clock was set back to `nowMs`: no daemon ran later than that. Inside a transaction. */
  setBack(nowMs: number): void {
    const now = wholeMs(nowMs);
    this.#setBack.run(now, now, now);
    this.#latestMs = now;
    this.#aliveMs = now;
    this.#storedMs = now;
  }

  /** Notes that the daemon is alive; @returns whether it is time to store that. */
  alive(atMs: number): boolean {
    this.#aliveMs = Math.max(this.#aliveMs, wholeMs(atMs));
    return this.#aliveMs - this.#storedMs >= ADVANCE_EVERY_MS;
  }

  store(): void {
    this.#advance.run(this.#aliveMs, this.#id);
    this.#storedMs = this.#aliveMs;
  }

  /** After a transaction that did not happen. */
  forget(): void {
    this.#storedMs = 0;
    this.#latestMs = null;
  }

  /** Changes nothing, but writes: fails where nothing can be written. */
  touch(): void {
    this.#touch.run(this.#id);
  }

  since(sinceMs: number): readonly UptimeSpan[] {
    return this.#since
      .all(Math.min(wholeMs(sinceMs), this.#storedMs))
      .map(([id, fromMs, alive]) => ({ fromMs, untilMs: id === this.#id ? Math.max(alive, this.#aliveMs) : alive }))
      .filter(({ untilMs }) => untilMs >= sinceMs);
  }

  prune(cutoffMs: number, limit: number): number {
    return this.#prune.run(wholeMs(cutoffMs), this.#id, limit).changes;
  }
}
