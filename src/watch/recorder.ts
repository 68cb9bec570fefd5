/**
 * Folds sightings in memory and hands them to the ledger once a second, each batch one transaction together with the
 * sweeps that ended meanwhile: a look is never stored before what was heard during it. Never loses what it holds while the
 * disk refuses, and never grows without bound.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { Lease } from '../core/evidence/facts.ts';
import { isIntent, type Sighting, sourceBit } from '../core/evidence/sighting.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FoldedSighting, SegmentId, SweepRecord } from '../ledger/types.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import { PROBE_ONLY, Scanners } from './scanners.ts';

/** At most this much is lost to a kill -9. */
export const FLUSH_INTERVAL_MS = 1000;
/** MACs kept apart for one address within one flush; any more are folded into "others". */
const MACS_PER_ADDRESS = 16;
/** Sweeps that wait for a refusing disk; beyond that the oldest looks are forgotten, which can only make less free. */
const MAX_PENDING_SWEEPS = 512;
const MAX_PENDING_LEASES = 4096;

interface Fold {
  readonly segment: SegmentId;
  readonly address: Ipv4;
  readonly mac: Mac | null;
  readonly intent: boolean;
  firstMs: number;
  lastMs: number;
  sources: number;
  hostname: string | null;
}

type LeaseEntry = Lease & { readonly segment: SegmentId; readonly startsMs: number };

export interface RecorderOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told how many probes of a scanner were left out. */
  readonly onScanner: (segment: SegmentId, mac: Mac, probes: number) => void;
  /** Told of each batch before it is written. */
  readonly onFlush?: (sightings: readonly FoldedSighting[]) => void;
}

const ownerOf = (segment: SegmentId, address: Ipv4, intent: boolean): string => `${segment}/${address}/${intent ? 'i' : 'u'}`;

export class Recorder {
  readonly #options: RecorderOptions;
  /** Per address: at most MACS_PER_ADDRESS + 1 folds for uses and as many for intents. */
  readonly #folds = new Map<string, Fold>();
  readonly #scanners = new Scanners();
  #macsOf = new Map<string, number>();
  #sweeps: SweepRecord[] = [];
  #leases = new Map<string, LeaseEntry>();
  #timer: NodeJS.Timeout | null = null;
  #failing = false;
  #forgottenSweeps = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#flushAll(), FLUSH_INTERVAL_MS);
  }

  /** Whether the last flush reached the disk. */
  get healthy(): boolean {
    return !this.#failing;
  }

  sighting(segment: SegmentId, sighting: Sighting): void {
    const intent = isIntent(sighting.source);
    const owner = ownerOf(segment, sighting.address, intent);
    let mac = sighting.mac;
    let key = `${owner}/${mac ?? ''}`;
    let fold = this.#folds.get(key);
    if (fold === undefined) {
      const macs = this.#macsOf.get(owner) ?? 0;
      if (mac !== null && macs >= MACS_PER_ADDRESS) {
        mac = null;
        key = `${owner}/`;
        fold = this.#folds.get(key);
      }
      if (fold === undefined) {
        this.#macsOf.set(owner, macs + 1);
        this.#folds.set(key, {
          segment,
          address: sighting.address,
          mac,
          intent,
          firstMs: sighting.atMs,
          lastMs: sighting.atMs,
          sources: sourceBit(sighting.source),
          hostname: sighting.hostname ?? null,
        });
        return;
      }
    }
    fold.firstMs = Math.min(fold.firstMs, sighting.atMs);
    fold.lastMs = Math.max(fold.lastMs, sighting.atMs);
    fold.sources |= sourceBit(sighting.source);
    fold.hostname = sighting.hostname ?? fold.hostname;
  }

  sweep(record: SweepRecord): void {
    if (this.#sweeps.length >= MAX_PENDING_SWEEPS) {
      this.#sweeps.shift();
      this.#forgottenSweeps++;
    }
    this.#sweeps.push(record);
  }

  lease(segment: SegmentId, lease: Lease, startsMs: number): void {
    const key = `${segment}/${lease.address}`;
    if (!this.#leases.has(key) && this.#leases.size >= MAX_PENDING_LEASES) this.flush();
    if (this.#leases.has(key) || this.#leases.size < MAX_PENDING_LEASES) this.#leases.set(key, { ...lease, segment, startsMs });
  }

  /**
   * Writes what is pending, at once, but for ARP probes: whether those are a scanner's is only told over a whole second.
   * Never throws: a refusal is logged, and everything kept for the next try.
   */
  flush(): void {
    this.#write([...this.#folds].filter(([, fold]) => fold.sources !== PROBE_ONLY));
  }

  #flushAll(): void {
    this.#dropScanners();
    this.#write([...this.#folds]);
  }

  #write(folds: readonly (readonly [string, Fold])[]): void {
    const { ledger, clock, logger } = this.#options;
    const sightings: FoldedSighting[] = folds.map(([, fold]) => ({
      ...fold,
      firstMs: Math.round(fold.firstMs),
      lastMs: Math.round(fold.lastMs),
    }));
    if (!this.#failing) this.#options.onFlush?.(sightings);
    try {
      ledger.write({ atMs: clock.nowMs(), sightings, sweeps: this.#sweeps, leases: [...this.#leases.values()] });
    } catch (error) {
      if (!this.#failing) {
        logger.error(
          { err: error, pendingAddresses: sightings.length },
          'the ledger refuses to be written; keeping everything and trying again every second',
        );
      }
      this.#failing = true;
      return;
    }
    if (this.#failing) logger.warn({ forgottenSweeps: this.#forgottenSweeps }, 'the ledger can be written again');
    this.#failing = false;
    this.#forgottenSweeps = 0;
    for (const [key] of folds) this.#folds.delete(key);
    this.#countMacs();
    this.#sweeps = [];
    this.#leases = new Map();
  }

  #countMacs(): void {
    this.#macsOf = new Map();
    for (const fold of this.#folds.values()) {
      const owner = ownerOf(fold.segment, fold.address, fold.intent);
      this.#macsOf.set(owner, (this.#macsOf.get(owner) ?? 0) + 1);
    }
  }

  /** Flushes once more and stops. Idempotent. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#flushAll();
  }

  #dropScanners(): void {
    for (const { segment, mac, keys } of this.#scanners.among(this.#folds, this.#options.clock.nowMs())) {
      for (const key of keys) this.#folds.delete(key);
      this.#options.onScanner(segment, mac, keys.length);
    }
  }
}
