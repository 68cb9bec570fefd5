/**
 * Table `lease`: the newest DHCP lease known for each address. Kept in memory too, as every verdict asks for all of them.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Lease } from '../core/evidence/facts.ts';
import { macFromNumber, macToNumber, wholeMs } from './encoding.ts';
import type { LedgerBatch, SegmentId } from './types.ts';

type Row = [address: Ipv4, mac: number | null, hostname: string | null, ends: number | null, source: Lease['source']];

export class Leases {
  readonly #memory = new Map<SegmentId, readonly Lease[]>();
  readonly #put: Database.Statement<(string | number | null)[]>;
  readonly #all: Database.Statement<[SegmentId], Row>;
  readonly #prune: Database.Statement<[number, number]>;

  constructor(database: Database.Database) {
    // A lease that is told late, from a file read before the last frame, does not replace a newer one.
    this.#put = database.prepare(
      `INSERT INTO lease (segment, address, mac, hostname, starts, ends, source) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       mac = excluded.mac, hostname = coalesce(excluded.hostname, iif(mac IS excluded.mac, hostname, NULL)),
       starts = excluded.starts, ends = excluded.ends, source = excluded.source WHERE excluded.starts >= starts`,
    );
    this.#all = database
      .prepare<[SegmentId], Row>('SELECT address, mac, hostname, ends, source FROM lease WHERE segment = ? ORDER BY address')
      .raw();
    this.#prune = database.prepare('DELETE FROM lease WHERE ends < ? LIMIT ?');
  }

  record(lease: LedgerBatch['leases'][number]): void {
    const { segment, address, mac, hostname, startsMs, endsMs, source } = lease;
    const ends = Number.isFinite(endsMs) ? wholeMs(endsMs) : null;
    this.#put.run(segment, address, macToNumber(mac), hostname, wholeMs(startsMs), ends, source);
    this.#memory.delete(segment);
  }

  /** Leases that run at `nowMs`, ascending by address. */
  running(segment: SegmentId, nowMs: number): Lease[] {
    let leases = this.#memory.get(segment);
    if (leases === undefined) {
      leases = this.#all.all(segment).map(([address, mac, hostname, ends, source]) => ({
        address,
        mac: macFromNumber(mac),
        hostname,
        endsMs: ends ?? Number.POSITIVE_INFINITY,
        source,
      }));
      this.#memory.set(segment, leases);
    }
    return leases.filter(({ endsMs }) => endsMs > nowMs);
  }

  forget(): void {
    this.#memory.clear();
  }

  /** Ended leases only. */
  prune(cutoffMs: number, limit: number): number {
    const { changes } = this.#prune.run(wholeMs(cutoffMs), limit);
    if (changes > 0) this.forget();
    return changes;
  }
}
