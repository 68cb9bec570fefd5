/**
 * Table `lease`: the newest DHCP lease that each source knows for each address. What one source says never undoes the other's
 * word. Kept in memory too, as every verdict asks for all of them.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { CLOCK_TOLERANCE_MS } from '../core/evidence/believable-run.ts';
import type { Lease } from '../core/evidence/facts.ts';
import { macFromNumber, macToNumber, wholeMs } from './encoding.ts';
import type { LedgerBatch, SegmentId } from './types.ts';

type Row = [address: Ipv4, mac: number | null, hostname: string | null, ends: number | null, source: Lease['source']];

export class Leases {
  readonly #memory = new Map<SegmentId, readonly Lease[]>();
  readonly #sql;

  constructor(database: Database.Database) {
    this.#sql = {
      // Frames can be told late, after a newer one; a file is the server's word as it stands. What starts in the future was told by
      // a clock that was ahead: it does not keep the leases of the right time out.
      put: database.prepare<(string | number | null)[]>(
        `INSERT INTO lease (segment, address, mac, hostname, starts, ends, source) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         mac = excluded.mac, hostname = coalesce(excluded.hostname, iif(mac IS excluded.mac, hostname, NULL)),
         starts = excluded.starts, ends = excluded.ends WHERE excluded.starts >= starts OR starts > ? OR source = 'lease-file'`,
      ),
      // Of several leases of one address the one that runs longest comes first.
      all: database
        .prepare<[SegmentId], Row>(
          'SELECT address, mac, hostname, ends, source FROM lease WHERE segment = ? ORDER BY address, ends IS NOT NULL, ends DESC',
        )
        .raw(),
      endMissing: database.prepare<[number, SegmentId, string, number, string]>(
        `UPDATE lease SET ends = ? WHERE segment = ? AND source = ? AND (ends IS NULL OR ends > ?)
         AND address NOT IN (SELECT value FROM json_each(?))`,
      ),
      prune: database.prepare<[number, number]>('DELETE FROM lease WHERE ends < ? LIMIT ?'),
    };
  }

  /** A lease that its source took back ended at 0. */
  record(lease: LedgerBatch['leases'][number], nowMs: number): void {
    const { segment, address, mac, hostname, startsMs, endsMs, source } = lease;
    this.#memory.delete(segment);
    const ends = Number.isFinite(endsMs) ? wholeMs(endsMs) : null;
    this.#sql.put.run(
      segment,
      address,
      macToNumber(mac),
      hostname,
      wholeMs(startsMs),
      ends,
      source,
      wholeMs(nowMs) + CLOCK_TOLERANCE_MS,
    );
  }

  /** Ends the leases of `source` at all addresses but those `present`. @returns how many ended */
  endMissing(segment: SegmentId, source: Lease['source'], present: ReadonlySet<Ipv4>, nowMs: number): number {
    const atMs = wholeMs(nowMs);
    this.#memory.delete(segment);
    return this.#sql.endMissing.run(atMs, segment, source, atMs, JSON.stringify([...present])).changes;
  }

  /** Leases that run at `nowMs`, ascending by address; where several run at one address, the longest first. */
  running(segment: SegmentId, nowMs: number): Lease[] {
    let leases = this.#memory.get(segment);
    if (leases === undefined) {
      leases = this.#sql.all.all(segment).map(([address, mac, hostname, ends, source]) => ({
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
    const { changes } = this.#sql.prune.run(wholeMs(cutoffMs), limit);
    if (changes > 0) this.forget();
    return changes;
  }
}
