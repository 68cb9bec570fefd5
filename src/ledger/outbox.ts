/**
 * Tables `alert` and `delivery`: messages, each written once, and what every channel has still to do with them. Sends nothing,
 * and knows neither order nor patience: those are the dispatcher's.
 */
import type Database from 'better-sqlite3';
import type { AlertMessage, Delivery, Outbox } from '../core/conflict/alert-message.ts';
import type { Severity } from '../core/conflict/types.ts';
import { clip, stamp } from './conflicts.ts';
import { DAY_MS, wholeMs } from './encoding.ts';
import type { ConflictEntry } from './guard-types.ts';
import { RowCap } from './row-cap.ts';

/** Deliveries of one channel that are not done; beyond that those worth least are dropped, the oldest first, and counted. */
export const MAX_WAITING = 50_000;
/** Alerts that every channel is done with; beyond that those that were done first are forgotten. */
export const MAX_SETTLED = 20_000;
/** How long these are kept at most: what a conflict was is told by the conflict. */
export const KEEP_SETTLED_MS = 30 * DAY_MS;
const MAX_REASON = 500;
/** Column `worth`. Nobody needs to hear that something was about to happen, and that it did not. */
const WORTH = { notice: 1, warning: 2, critical: 3 } as const satisfies Record<Severity, number>;
const WORTHLESS = 0;

type Row = [alertId: number, conflictId: number, causedMs: number, attempts: number, nextTryMs: number, message: string];

/** Settled with its newest delivery; one that no channel was to tell, or had to drop, when it was caused. */
const SETTLE = 'settled = coalesce((SELECT max(settled) FROM delivery WHERE delivery.alert = alert.id), caused)';
const DONE = 'NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.alert = alert.id AND outcome IS NULL)';

export class AlertOutbox implements Outbox {
  /** Deliveries that are not done, by channel; null: not known, read when needed. */
  #waiting: Map<string, number> | null = null;
  readonly #settled: RowCap;
  #dropped = 0;
  /** By the transaction under way. */
  #dropping = 0;
  readonly #sql;
  readonly #settle: Database.Transaction<(alertId: number, channel: string, outcome: string, atMs: number) => void>;
  readonly #keep: Database.Transaction<(channels: readonly string[]) => number>;

  constructor(database: Database.Database) {
    this.#sql = {
      addAlert: database.prepare<[number, number, number, number | null, string]>(
        'INSERT INTO alert (conflict, seq, caused, settled, message) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      ),
      addDelivery: database.prepare<[number, string, number]>(
        'INSERT INTO delivery (alert, channel, worth) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      ),
      // Of a conflict that a channel was not told of at all so far: with a message done, the rest of them is owed to it.
      waste: database.prepare<[{ conflict: number; channel: string }]>(
        `UPDATE delivery SET worth = ${WORTHLESS} WHERE channel = @channel AND outcome IS NULL
         AND alert IN (SELECT id FROM alert WHERE conflict = @conflict) AND
         (SELECT count(*) FROM alert JOIN delivery AS other ON other.alert = alert.id AND other.channel = @channel
          WHERE conflict = @conflict AND other.outcome IS NULL) = 2`,
      ),
      rescue: database.prepare<[{ alert: number; channel: string }]>(
        `UPDATE delivery SET worth = ${WORTH.warning} WHERE channel = @channel AND outcome IS NULL AND worth = ${WORTHLESS}
         AND alert IN (SELECT id FROM alert WHERE conflict = (SELECT conflict FROM alert WHERE id = @alert))`,
      ),
      pending: database
        .prepare<[string, number, number], Row>(
          `SELECT alert.id, conflict, caused, attempts, next_try, message FROM delivery JOIN alert ON alert.id = delivery.alert
           WHERE channel = ? AND outcome IS NULL AND delivery.alert > ? ORDER BY delivery.alert LIMIT ?`,
        )
        .raw(),
      leastWorth: database
        .prepare<[string], [alertId: number, worth: number]>(
          'SELECT alert, worth FROM delivery WHERE channel = ? AND outcome IS NULL ORDER BY worth, alert LIMIT 1',
        )
        .raw(),
      worthlessWith: database
        .prepare<[{ alert: number; channel: string }], number>(
          `SELECT alert.id FROM alert JOIN delivery ON delivery.alert = alert.id AND channel = @channel
           WHERE conflict = (SELECT conflict FROM alert WHERE id = @alert) AND outcome IS NULL AND worth = ${WORTHLESS}`,
        )
        .pluck(),
      drop: database.prepare<[number, string]>('DELETE FROM delivery WHERE alert = ? AND channel = ?'),
      settle: database
        .prepare<[string, number, number, string], number>(
          'UPDATE delivery SET outcome = ?, settled = ? WHERE alert = ? AND channel = ? AND outcome IS NULL RETURNING worth',
        )
        .pluck(),
      finish: database.prepare<[number]>(`UPDATE alert SET ${SETTLE} WHERE id = ? AND settled IS NULL AND ${DONE}`),
      finishAll: database.prepare<[]>(`UPDATE alert SET ${SETTLE} WHERE settled IS NULL AND ${DONE}`),
      postpone: database.prepare<[number, number, string, number, string]>(
        'UPDATE delivery SET attempts = ?, next_try = ?, reason = ? WHERE alert = ? AND channel = ? AND outcome IS NULL',
      ),
      dropOthers: database.prepare<[string]>(
        'DELETE FROM delivery WHERE outcome IS NULL AND channel NOT IN (SELECT value FROM json_each(?))',
      ),
      depth: database
        .prepare<[], [string, number]>('SELECT channel, count(*) FROM delivery WHERE outcome IS NULL GROUP BY channel')
        .raw(),
      countSettled: database.prepare<[], number>('SELECT count(*) FROM alert WHERE settled IS NOT NULL').pluck(),
      dropSettled: database.prepare<[number]>('DELETE FROM alert WHERE settled IS NOT NULL ORDER BY settled, id LIMIT ?'),
      prune: database.prepare<[number, number]>('DELETE FROM alert WHERE settled < ? LIMIT ?'),
    };
    this.#settled = new RowCap(MAX_SETTLED, {
      count: () => this.#sql.countSettled.get() ?? 0,
      dropOldest: (rows) => this.#sql.dropSettled.run(rows).changes,
    });
    this.#settle = database.transaction((alertId, channel, outcome, atMs) => {
      const worth = this.#sql.settle.get(outcome, stamp(atMs), alertId, channel);
      if (worth === undefined) return;
      this.#count(channel, -1);
      if (worth === WORTHLESS) this.#sql.rescue.run({ alert: alertId, channel });
      this.#settled.enforce(this.#sql.finish.run(alertId).changes);
    });
    this.#keep = database.transaction((channels) => {
      const dropped = this.#sql.dropOthers.run(JSON.stringify(channels)).changes;
      if (dropped > 0) this.#settled.enforce(this.#sql.finishAll.run().changes);
      return dropped;
    });
  }

  /**
   * Writes each message that is not here yet, by conflict and seq. Inside a transaction: call `committed` after it, or `forget`
   * where it failed.
   */
  add(entries: readonly ConflictEntry[]): void {
    let finished = 0;
    for (const { change, message, channels } of entries) {
      if (message === null) continue;
      const { conflict } = change;
      const causedMs = stamp(change.causedMs);
      const settledMs = channels.length === 0 ? causedMs : null;
      const added = this.#sql.addAlert.run(conflict.id, conflict.seq, causedMs, settledMs, JSON.stringify(message));
      if (added.changes === 0) continue;
      if (settledMs !== null) finished++;
      for (const channel of channels) {
        const worth = WORTH[message.severity];
        this.#count(channel, this.#sql.addDelivery.run(Number(added.lastInsertRowid), channel, worth).changes);
        if (change.event === 'closed' && conflict.kind === 'imminent') this.#sql.waste.run({ conflict: conflict.id, channel });
      }
    }
    this.#settled.enforce(finished + this.#dropLeastWorth());
  }

  committed(): void {
    this.#dropped += this.#dropping;
    this.#dropping = 0;
  }

  pending(channel: string, limit: number, afterAlertId = 0): Delivery[] {
    return this.#sql.pending
      .all(channel, afterAlertId, limit)
      .map(([alertId, conflictId, causedMs, attempts, nextTryMs, message]) => ({
        alertId,
        channel,
        conflictId,
        message: JSON.parse(message) as AlertMessage,
        causedMs,
        attempts,
        nextTryMs,
      }));
  }

  /** Changes nothing where it is done already, or was dropped. */
  settle(alertId: number, channel: string, outcome: 'delivered' | 'rejected', atMs: number): void {
    this.#orForget(() => this.#settle.immediate(alertId, channel, outcome, atMs));
  }

  postpone(alertId: number, channel: string, attempts: number, nextTryMs: number, reason: string): void {
    this.#sql.postpone.run(attempts, stamp(nextTryMs), clip(reason, MAX_REASON), alertId, channel);
  }

  /** Channels with nothing to do are left out. */
  depth(): ReadonlyMap<string, number> {
    return new Map([...this.#depths()].filter(([, waiting]) => waiting > 0));
  }

  /** Drops what other channels than these have still to do; what they did stays. @returns how many */
  keepChannels(channels: readonly string[]): number {
    const dropped = this.#orForget(() => this.#keep.immediate(channels));
    if (dropped > 0) this.#waiting = null;
    return dropped;
  }

  /** Deliveries that were dropped because too many of their channel waited, since the ledger was opened. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Forgets what memory holds; it is read again when needed. */
  forget(): void {
    this.#waiting = null;
    this.#dropping = 0;
    this.#settled.forget();
  }

  /** Alerts that every channel is done with only. */
  prune(cutoffMs: number, limit: number): number {
    return this.#sql.prune.run(wholeMs(cutoffMs), limit).changes;
  }

  /** @returns how many alerts no channel has anything to do with any more */
  #dropLeastWorth(): number {
    let finished = 0;
    for (const [channel, waiting] of this.#depths()) {
      let left = waiting;
      while (left > MAX_WAITING) {
        const least = this.#sql.leastWorth.get(channel);
        if (least === undefined) break;
        const [alert, worth] = least;
        // Without its beginning the end of a conflict would only puzzle, so both go.
        const alerts = worth === WORTHLESS ? this.#sql.worthlessWith.all({ alert, channel }) : [alert];
        for (const alertId of alerts) {
          this.#sql.drop.run(alertId, channel);
          finished += this.#sql.finish.run(alertId).changes;
        }
        left -= alerts.length;
      }
      this.#count(channel, left - waiting);
      this.#dropping += waiting - left;
    }
    return finished;
  }

  #depths(): Map<string, number> {
    this.#waiting ??= new Map(this.#sql.depth.all());
    return this.#waiting;
  }

  #count(channel: string, by: number): void {
    // Where it is not known it is read when somebody asks, with this change in it.
    this.#waiting?.set(channel, (this.#waiting.get(channel) ?? 0) + by);
  }

  #orForget<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}
