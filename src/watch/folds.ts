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
  readonly segment: SegmentId;
  readonly address: Ipv4;
  /** null: the others. */
  readonly mac: Mac | null;
  readonly intent: boolean;
  firstMs: number;
  lastMs: number;
  sources: number;
  hostname: string | null;
  /** Of the same address, and use or intent like this one. */
  next: Fold | null;
}

/** First folds of addresses. Keyed by the address as a signed number, which V8 keeps without an object of its own. */
type Heads = Map<number, Fold>;

interface SegmentFolds {
  readonly uses: Heads;
  readonly intents: Heads;
  named: number;
}

/** Asked for every frame of a flood: of what is known already it allocates nothing. */
export class Folds {
  /** In the order in which they began. */
  readonly #folds = new Set<Fold>();
  readonly #segments = new Map<SegmentId, SegmentFolds>();

  get size(): number {
    return this.#folds.size;
  }

  add(segment: SegmentId, { address, mac, atMs, source, hostname }: Sighting): void {
    const intent = isIntent(source);
    const within = this.#within(segment);
    const heads = intent ? within.intents : within.uses;
    const head = heads.get(address | 0) ?? null;
    let fold: Fold | null = null;
    let others: Fold | null = null;
    let named = 0;
    for (let one = head; one !== null && fold === null; one = one.next) {
      if (one.mac === mac) fold = one;
      else if (one.mac === null) others = one;
      else named++;
    }
    const isRoom = mac !== null && named < MACS_PER_ADDRESS && within.named < MAX_NAMED_FOLDS;
    if (!isRoom) fold ??= others;
    if (fold === null) {
      const [bit, who] = [sourceBit(source), isRoom ? mac : null];
      const seen = { firstMs: atMs, lastMs: atMs, sources: bit, hostname: hostname ?? null };
      const made: Fold = { segment, address, mac: who, intent, ...seen, next: head };
      heads.set(address | 0, made);
      this.#folds.add(made);
      if (isRoom) within.named++;
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
    for (const fold of this.#folds) {
      if (oldest.length >= count) break;
      oldest.push(fold);
    }
    return oldest;
  }

  /** They were written. */
  drop(folds: readonly Fold[]): void {
    for (const fold of folds) {
      if (!this.#folds.delete(fold)) continue;
      const within = this.#within(fold.segment);
      if (fold.mac !== null) within.named--;
      unlink(fold.intent ? within.intents : within.uses, fold);
    }
  }

  #within(segment: SegmentId): SegmentFolds {
    const known = this.#segments.get(segment);
    if (known !== undefined) return known;
    const made = { uses: new Map(), intents: new Map(), named: 0 };
    this.#segments.set(segment, made);
    return made;
  }
}

function unlink(heads: Heads, fold: Fold): void {
  const key = fold.address | 0;
  const head = heads.get(key);
  if (head === fold) {
    if (fold.next === null) heads.delete(key);
    else heads.set(key, fold.next);
    return;
  }
  for (let one = head ?? null; one !== null; one = one.next) if (one.next === fold) one.next = fold.next;
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
