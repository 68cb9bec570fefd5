/**
 * Sightings folded in memory: one fold for each address and MAC, uses and intents apart, until it is written. Bounded, and
 * loses no sighting for that: a MAC too many is folded into the "others" of its address.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { isIntent, type Sighting, sourceBit } from '../core/evidence/sighting.ts';
import type { FoldedSighting, SegmentId } from '../ledger/types.ts';

/** MACs kept apart for one address. */
export const MACS_PER_ADDRESS = 16;
/** Folds with a MAC in one segment: with the "others" of each address, at most this + 2 x 65,536. */
export const MAX_NAMED_FOLDS = 20_000;

export interface Fold {
  readonly key: string;
  /** Address, and use or intent. */
  readonly owner: string;
  readonly segment: SegmentId;
  readonly address: Ipv4;
  readonly mac: Mac | null;
  readonly intent: boolean;
  firstMs: number;
  lastMs: number;
  sources: number;
  hostname: string | null;
}

export class Folds {
  /** In the order in which they began. */
  readonly #folds = new Map<string, Fold>();
  readonly #namedOfOwner = new Map<string, number>();
  readonly #namedOfSegment = new Map<SegmentId, number>();

  get size(): number {
    return this.#folds.size;
  }

  add(segment: SegmentId, { address, mac, atMs, source, hostname }: Sighting): void {
    const intent = isIntent(source);
    const owner = `${segment}/${address}/${intent ? 'i' : 'u'}`;
    const others = `${owner}/`;
    const key = mac === null ? others : `${others}${mac}`;
    const isRoom = mac === null || this.#folds.has(key) || this.#isRoom(segment, owner);
    const fold = this.#folds.get(isRoom ? key : others);
    if (fold === undefined) {
      const bit = sourceBit(source);
      const made = { owner, segment, address, intent, firstMs: atMs, lastMs: atMs, sources: bit, hostname: hostname ?? null };
      if (isRoom) this.#begin({ ...made, key, mac });
      else this.#begin({ ...made, key: others, mac: null });
      return;
    }
    fold.firstMs = Math.min(fold.firstMs, atMs);
    fold.lastMs = Math.max(fold.lastMs, atMs);
    fold.sources |= sourceBit(source);
    fold.hostname = hostname ?? fold.hostname;
  }

  /** The `count` that began first. */
  oldest(count: number): Fold[] {
    const oldest: Fold[] = [];
    for (const fold of this.#folds.values()) {
      if (oldest.length >= count) break;
      oldest.push(fold);
    }
    return oldest;
  }

  /** They were written. */
  drop(folds: readonly Fold[]): void {
    for (const { key, owner, segment, mac } of folds) {
      if (!this.#folds.delete(key) || mac === null) continue;
      lower(this.#namedOfOwner, owner);
      lower(this.#namedOfSegment, segment);
    }
  }

  #isRoom(segment: SegmentId, owner: string): boolean {
    return (this.#namedOfOwner.get(owner) ?? 0) < MACS_PER_ADDRESS && (this.#namedOfSegment.get(segment) ?? 0) < MAX_NAMED_FOLDS;
  }

  #begin(fold: Fold): void {
    this.#folds.set(fold.key, fold);
    if (fold.mac === null) return;
    this.#namedOfOwner.set(fold.owner, (this.#namedOfOwner.get(fold.owner) ?? 0) + 1);
    this.#namedOfSegment.set(fold.segment, (this.#namedOfSegment.get(fold.segment) ?? 0) + 1);
  }
}

/** As the ledger takes it: whole milliseconds. */
export const foldedSighting = ({ segment, address, mac, intent, firstMs, lastMs, sources, hostname }: Fold): FoldedSighting => ({
  segment,
  address,
  mac,
  intent,
  firstMs: Math.round(firstMs),
  lastMs: Math.round(lastMs),
  sources,
  hostname,
});

function lower<Key>(counts: Map<Key, number>, key: Key): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
