/**
 * Table `stand_in`: the MACs that were caught answering for addresses all over the segment. Their ARP replies are no use of
 * the address by a host of its own.
 */
import type Database from 'better-sqlite3';
import type { Mac } from '../core/address/mac.ts';
import type { StandIn } from '../core/evidence/facts.ts';
import { type SightingSource, sourceBit } from '../core/evidence/sighting.ts';
import { DAY_MS, macFromNumber, macToNumber, wholeMs } from './encoding.ts';
import type { FoldedSighting, SegmentId, SweepRecord } from './types.ts';

/** Not caught again for this long, a MAC counts as an ordinary host again. */
export const STAND_IN_MEMORY_MS = DAY_MS;
/** Of each segment; any more are taken for hosts, which only makes less free. */
const MAX_STAND_INS = 256;

const REPLY: SightingSource = 'arp-reply';
/** What a stand-in's answer looks like: replies and nothing else. */
export const ONLY_REPLIES = sourceBit(REPLY);

type Row = [mac: number, firstSeen: number, lastSeen: number, addresses: number];

export class StandIns {
  readonly #memory = new Map<SegmentId, Map<Mac, StandIn>>();
  readonly #all: Database.Statement<[SegmentId], Row>;
  readonly #put: Database.Statement<[SegmentId, number | null, number, number, number]>;
  readonly #drop: Database.Statement<[SegmentId, number | null]>;
  readonly #prune: Database.Statement<[number, number]>;

  constructor(database: Database.Database) {
    this.#all = database
      .prepare<[SegmentId], Row>('SELECT mac, first_seen, last_seen, addresses FROM stand_in WHERE segment = ?')
      .raw();
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO stand_in (segment, mac, first_seen, last_seen, addresses) VALUES (?, ?, ?, ?, ?)',
    );
    this.#drop = database.prepare('DELETE FROM stand_in WHERE segment = ? AND mac = ?');
    this.#prune = database.prepare('DELETE FROM stand_in WHERE last_seen < ? LIMIT ?');
  }

  /** Notes the stand-ins that a sweep caught. @returns those that were not known as such until now. */
  record(sweep: SweepRecord): Mac[] {
    if (sweep.standIns.length === 0) return [];
    const known = this.#of(sweep.segment);
    const atMs = wholeMs(sweep.startedMs);
    const fresh: Mac[] = [];
    for (const { mac, addresses } of sweep.standIns) {
      const before = known.get(mac);
      if (before === undefined && known.size >= MAX_STAND_INS && !this.#dropStale(sweep.segment, known, atMs)) continue;
      if (before === undefined || atMs - before.lastSeenMs > STAND_IN_MEMORY_MS) fresh.push(mac);
      const newest = before === undefined || atMs >= before.lastSeenMs;
      const standIn = {
        mac,
        firstSeenMs: Math.min(before?.firstSeenMs ?? atMs, atMs),
        lastSeenMs: Math.max(before?.lastSeenMs ?? atMs, atMs),
        addresses: newest ? addresses : before.addresses,
      };
      this.#put.run(sweep.segment, macToNumber(mac), standIn.firstSeenMs, standIn.lastSeenMs, standIn.addresses);
      known.set(mac, standIn);
    }
    return fresh;
  }

  /** Whether this is no more than a stand-in's answer. */
  answersFor({ segment, mac, sources, intent, lastMs }: FoldedSighting): boolean {
    if (mac === null || intent || sources !== ONLY_REPLIES) return false;
    const known = this.#of(segment).get(mac);
    return known !== undefined && lastMs - known.lastSeenMs <= STAND_IN_MEMORY_MS;
  }

  /** Known ones that were caught at `sinceMs` or later. */
  since(segment: SegmentId, sinceMs: number): StandIn[] {
    return [...this.#of(segment).values()].filter(({ lastSeenMs }) => lastSeenMs >= sinceMs);
  }

  forget(): void {
    this.#memory.clear();
  }

  prune(cutoffMs: number, limit: number): number {
    const { changes } = this.#prune.run(wholeMs(cutoffMs), limit);
    if (changes > 0) this.forget();
    return changes;
  }

  /** Makes room by forgetting the one caught longest ago, if it counts as an ordinary host again by now. */
  #dropStale(segment: SegmentId, known: Map<Mac, StandIn>, atMs: number): boolean {
    let oldest: StandIn | undefined;
    for (const standIn of known.values()) if (oldest === undefined || standIn.lastSeenMs < oldest.lastSeenMs) oldest = standIn;
    if (oldest === undefined || atMs - oldest.lastSeenMs <= STAND_IN_MEMORY_MS) return false;
    this.#drop.run(segment, macToNumber(oldest.mac));
    return known.delete(oldest.mac);
  }

  #of(segment: SegmentId): Map<Mac, StandIn> {
    let known = this.#memory.get(segment);
    if (known === undefined) {
      known = new Map();
      for (const [number, firstSeenMs, lastSeenMs, addresses] of this.#all.all(segment)) {
        const mac = macFromNumber(number);
        if (mac !== null) known.set(mac, { mac, firstSeenMs, lastSeenMs, addresses });
      }
      this.#memory.set(segment, known);
    }
    return known;
  }
}
