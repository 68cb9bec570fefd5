/**
 * Table `segment`: a segment's number never changes and is never used again. Its range may change; its history stays.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Ipv4Range } from '../core/address/range.ts';
import type { SegmentId, SegmentRow } from './types.ts';

export class Segments {
  readonly #find: Database.Statement<[string], [SegmentId, Ipv4, Ipv4]>;
  readonly #insert: Database.Statement<[string, number, number]>;
  readonly #move: Database.Statement<[number, number, number]>;

  constructor(database: Database.Database) {
    this.#find = database
      .prepare<[string], [SegmentId, Ipv4, Ipv4]>('SELECT id, first_address, last_address FROM segment WHERE name = ?')
      .raw();
    this.#insert = database.prepare('INSERT INTO segment (name, first_address, last_address) VALUES (?, ?, ?)');
    this.#move = database.prepare('UPDATE segment SET first_address = ?, last_address = ? WHERE id = ?');
  }

  ensure(name: string, range: Ipv4Range): SegmentRow {
    const found = this.#find.get(name);
    if (found === undefined) {
      return { id: Number(this.#insert.run(name, range.first, range.last).lastInsertRowid) as SegmentId, name, range };
    }
    const [id, first, last] = found;
    if (first !== range.first || last !== range.last) this.#move.run(range.first, range.last, id);
    return { id, name, range };
  }
}
