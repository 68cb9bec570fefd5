/**
 * The newest interval of each MAC of an address, read when first asked for and kept while there is room: what nearly every
 * sighting extends. Only a cache: it may be dropped at any moment.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { SegmentId } from './types.ts';

/** One row as kept in memory. */
export interface OccupancyRow {
  readonly id: number;
  readonly mac: Mac | null;
  readonly intent: boolean;
  firstMs: number;
  lastMs: number;
  sources: number;
  hostname: string | null;
}

/** Kept for one address: those of two days at the most MACs a day. */
const MAX_OF_ADDRESS = 64;
/** Kept in all; then everything is dropped and read anew as needed. */
const MAX_ROWS = 100_000;

export class NewestRows {
  readonly #read: (segment: SegmentId, address: Ipv4) => OccupancyRow[];
  readonly #segments = new Map<SegmentId, Map<Ipv4, OccupancyRow[]>>();
  #rows = 0;

  /** @param read all rows of an address */
  constructor(read: (segment: SegmentId, address: Ipv4) => OccupancyRow[]) {
    this.#read = read;
  }

  /** In no order; the 64 that were seen last. */
  of(segment: SegmentId, address: Ipv4): readonly OccupancyRow[] {
    const known = this.#segments.get(segment)?.get(address);
    if (known !== undefined) return known;
    const rows = newestOfEach(this.#read(segment, address)).slice(0, MAX_OF_ADDRESS);
    if (this.#rows + rows.length > MAX_ROWS) this.clear();
    let addresses = this.#segments.get(segment);
    if (addresses === undefined) {
      addresses = new Map();
      this.#segments.set(segment, addresses);
    }
    addresses.set(address, rows);
    this.#rows += rows.length;
    return rows;
  }

  find(segment: SegmentId, address: Ipv4, mac: Mac | null, intent: boolean): OccupancyRow | undefined {
    for (const row of this.of(segment, address)) if (row.mac === mac && row.intent === intent) return row;
    return undefined;
  }

  /** A row was added to an address. It takes the place of an older one of the same MAC. */
  put(segment: SegmentId, address: Ipv4, row: OccupancyRow): void {
    const rows = this.#segments.get(segment)?.get(address);
    if (rows === undefined) return;
    const at = rows.findIndex(({ mac, intent }) => mac === row.mac && intent === row.intent);
    if (at === -1 && rows.length < MAX_OF_ADDRESS) {
      rows.push(row);
      this.#rows++;
    } else if (at === -1) this.drop(segment, address);
    else if ((rows[at]?.lastMs ?? 0) < row.lastMs) rows[at] = row;
  }

  drop(segment: SegmentId, address: Ipv4): void {
    const addresses = this.#segments.get(segment);
    this.#rows -= addresses?.get(address)?.length ?? 0;
    addresses?.delete(address);
  }

  clear(): void {
    this.#segments.clear();
    this.#rows = 0;
  }
}

function newestOfEach(rows: OccupancyRow[]): OccupancyRow[] {
  const seen = new Set<string>();
  return rows
    .sort((a, b) => b.lastMs - a.lastMs)
    .filter(({ mac, intent }) => {
      const key = `${mac}/${intent}`;
      return !seen.has(key) && seen.add(key);
    });
}
