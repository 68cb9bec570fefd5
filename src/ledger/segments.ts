/**
 * Table `segment`: a segment's number never changes and is never used again. Its range may change; its history stays. Its
 * wire may change too: looks from before then, before its epoch, prove nothing of what is at the other end now.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { wholeMs } from './encoding.ts';
import type { SegmentId, SegmentRow, SegmentSetting } from './types.ts';

type Row = [id: SegmentId, first: Ipv4, last: Ipv4, wire: string | null, epoch: number];

export interface EnsuredSegment {
  readonly row: SegmentRow;
  /** Whether a new epoch begins. */
  readonly rewired: boolean;
}

export class Segments {
  readonly #epochs = new Map<SegmentId, number>();
  readonly #find: Database.Statement<[string], Row>;
  readonly #insert: Database.Statement<[string, number, number, string]>;
  readonly #update: Database.Statement<[number, number, string, number, number]>;

  constructor(database: Database.Database) {
    this.#find = database
      .prepare<[string], Row>('SELECT id, first_address, last_address, wire, epoch FROM segment WHERE name = ?')
      .raw();
    this.#insert = database.prepare('INSERT INTO segment (name, first_address, last_address, wire) VALUES (?, ?, ?, ?)');
    this.#update = database.prepare('UPDATE segment SET first_address = ?, last_address = ?, wire = ?, epoch = ? WHERE id = ?');
  }

  /** Inside a transaction. */
  ensure({ name, range, wire, nowMs }: SegmentSetting): EnsuredSegment {
    const found = this.#find.get(name);
    if (found === undefined) {
      const id = Number(this.#insert.run(name, range.first, range.last, wire).lastInsertRowid) as SegmentId;
      this.#epochs.set(id, 0);
      return { row: { id, name, range }, rewired: false };
    }
    const [id, first, last, wireBefore, epochBefore] = found;
    const rewired = wireBefore !== null && wireBefore !== wire;
    const epochMs = rewired ? wholeMs(nowMs) : epochBefore;
    if (first !== range.first || last !== range.last || wireBefore !== wire)
      this.#update.run(range.first, range.last, wire, epochMs, id);
    this.#epochs.set(id, epochMs);
    return { row: { id, name, range }, rewired };
  }

  /** Looks from before this epoch ms were made on another wire; 0 where there was none. */
  epochMs(segment: SegmentId): number {
    return this.#epochs.get(segment) ?? 0;
  }
}
