/**
 * Takes sightings, sweeps and leases, and hands them to the ledger once a second, in slices: the loop has its turn in between.
 * A sweep is never stored before what was heard during it. Never loses what it holds while the disk refuses, and never grows
 * without bound.
 */
import type { Mac } from '../core/address/mac.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { Sighting } from '../core/evidence/sighting.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FoldedSighting, SegmentId, SweepRecord } from '../ledger/types.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import { Folds, foldedSighting } from './folds.ts';
import { type DecidedProbes, Scanners } from './scanners.ts';

/** At most this much is lost to a kill -9; of ARP probes, which are held until it is known whose they are, three times as much. */
export const FLUSH_INTERVAL_MS = 1000;
/** Sightings, and leases, in one transaction: some 20 ms of work, and an alert may have to wait for it. */
export const SLICE = 1000;
/** Between two slices, as a multiple of what the first took: alerts and answers have their turn. */
const PAUSE = 1;
/** So many sightings between two slices are a flood: reading the wire comes first then, or its ring overruns … */
const FLOOD = 1000;
const FLOOD_PAUSE_MS = 10;
/** … but not for longer than this. */
const LONGEST_PAUSE_MS = 1000;
/** Sweeps that wait for a refusing disk; beyond that the oldest looks are forgotten, which can only make less free. */
const MAX_PENDING_SWEEPS = 512;
/**
 * How long the last flush may take: the daemon ends within two seconds. Enough for 80,000 sightings on a slow disk; a flood that
 * names every address of a /16 twice a second brings more.
 */
const STOP_MS = 1000;

type LeaseEntry = Lease & { readonly segment: SegmentId; readonly startsMs: number };

export interface RecorderOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told how many probes of a scanner were left out. */
  readonly onScanner: (segment: SegmentId, mac: Mac, probes: number) => void;
  /** Told of each slice before it is written. What it throws is logged. */
  readonly onFlush?: (sightings: readonly FoldedSighting[]) => void;
  /** Told with each round, for the watchdog. */
  readonly onTick?: () => void;
}

/** What was pending at one moment, and how much of it is still to be written. */
interface Round {
  readonly folds: number;
  readonly leases: number;
  /** Heard with the folds of this round or before: written with the last of them. */
  readonly sweeps: ReadonlySet<SweepRecord>;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #folds = new Folds();
  readonly #scanners = new Scanners();
  #sweeps: SweepRecord[] = [];
  /** By source and address, so no more than two for each address of a segment. */
  readonly #leases = new Map<string, LeaseEntry>();
  #timer: NodeJS.Timeout | null = null;
  /** The round under way has its next turn: takes it away. */
  #endTurn: (() => void) | null = null;
  /** Sightings since the last turn of the round under way; monotonic ms at which its last slice was written. */
  #arrived = 0;
  #sliceMs = 0;
  #failing = false;
  #forgottenSweeps = 0;
  #complained = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), FLUSH_INTERVAL_MS);
  }

  /** Whether the last flush reached the disk. */
  get healthy(): boolean {
    return !this.#failing;
  }

  sighting(segment: SegmentId, sighting: Sighting): void {
    this.#arrived++;
    const { mac } = sighting;
    if (sighting.source !== 'arp-probe' || mac === null) {
      this.#folds.add(segment, sighting);
      return;
    }
    const what = this.#scanners.hold(segment, mac, sighting, this.#options.clock.monotonicMs());
    if (what === 'intent') this.#folds.add(segment, sighting);
    else if (what === 'scanner') this.#options.onScanner(segment, mac, 1);
  }

  /** ARP probes that are not pending yet: of the last second or two, by MACs that do not look like scanners so far. */
  undecided(segment: SegmentId): readonly Sighting[] {
    return this.#scanners.undecided(segment);
  }

  sweep(record: SweepRecord): void {
    if (this.#sweeps.length >= MAX_PENDING_SWEEPS) {
      this.#sweeps.shift();
      this.#forgottenSweeps++;
    }
    this.#sweeps.push(record);
  }

  lease(segment: SegmentId, lease: Lease, startsMs: number): void {
    this.#leases.set(`${segment}/${lease.address}/${lease.source}`, { ...lease, segment, startsMs });
  }

  /**
   * Writes what is pending, at once, but for ARP probes of the last second or two: whose they are is not known yet. Never throws: a
   * refusal is logged, and everything kept for the next try.
   */
  flush(): void {
    this.#writeAll(Number.POSITIVE_INFINITY);
  }

  /** Flushes once more, ARP probes included, and stops. Under a flood it gives up after a second, sweeps unwritten. Idempotent. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#takeDecided(this.#scanners.decide(Number.POSITIVE_INFINITY));
    this.#writeAll(this.#options.clock.monotonicMs() + STOP_MS);
    if (!this.#failing && this.#folds.size > 0)
      this.#options.logger.warn(
        { lost: this.#folds.size },
        'stopped in a flood: not all sightings of the last second were written',
      );
  }

  /** @param untilMs monotonic: no slice is begun later */
  #writeAll(untilMs: number): void {
    this.#endTurn?.();
    this.#endTurn = null;
    for (let round: Round | null = this.#newRound(); round !== null && this.#options.clock.monotonicMs() < untilMs; )
      round = this.#writeSlice(round);
  }

  #tick(): void {
    this.#options.onTick?.();
    this.#takeDecided(this.#scanners.decide(this.#options.clock.monotonicMs()));
    // A round that is not done yet goes on; what came meanwhile is the next one's.
    if (this.#endTurn !== null) return;
    this.#arrived = 0;
    this.#continue(this.#newRound());
  }

  #continue(round: Round): void {
    const { clock } = this.#options;
    const begunMs = clock.monotonicMs();
    const arrived = this.#arrived;
    this.#arrived = 0;
    if (arrived >= FLOOD && begunMs - this.#sliceMs < LONGEST_PAUSE_MS) {
      this.#endTurn = later(FLOOD_PAUSE_MS, () => this.#continue(round));
      return;
    }
    const rest = this.#writeSlice(round);
    this.#sliceMs = clock.monotonicMs();
    this.#endTurn = rest === null ? null : later(PAUSE * (this.#sliceMs - begunMs), () => this.#continue(rest));
  }

  #takeDecided({ intents, scanners }: DecidedProbes): void {
    for (const { segment, sighting } of intents) this.#folds.add(segment, sighting);
    for (const { segment, mac, probes } of scanners) this.#options.onScanner(segment, mac, probes);
  }

  #newRound(): Round {
    return { folds: this.#folds.size, leases: this.#leases.size, sweeps: new Set(this.#sweeps) };
  }

  /** @returns what is left of the round; null where it is done, or the disk refused. */
  #writeSlice(round: Round): Round | null {
    const { ledger, clock } = this.#options;
    const folds = this.#folds.oldest(Math.min(round.folds, SLICE));
    const leases = firstOf(this.#leases, Math.min(round.leases, SLICE));
    const rest = { ...round, folds: round.folds - folds.length, leases: round.leases - leases.length };
    const isLast = rest.folds === 0 && rest.leases === 0;
    const sweeps = isLast ? this.#sweeps.filter((sweep) => round.sweeps.has(sweep)) : [];
    const sightings = folds.map(foldedSighting);
    this.#tell(sightings);
    try {
      ledger.write({ atMs: clock.nowMs(), sightings, sweeps, leases: leases.map(([, lease]) => lease) });
    } catch (error) {
      this.#refused(error);
      return null;
    }
    this.#written();
    this.#folds.drop(folds);
    for (const [key] of leases) this.#leases.delete(key);
    if (isLast) this.#sweeps = this.#sweeps.filter((sweep) => !round.sweeps.has(sweep));
    return isLast ? null : rest;
  }

  #tell(sightings: readonly FoldedSighting[]): void {
    if (this.#failing) return;
    try {
      this.#options.onFlush?.(sightings);
    } catch (error) {
      if (!this.#complained)
        this.#options.logger.error({ err: error }, 'what is new could not be told; it is recorded all the same');
      this.#complained = true;
    }
  }

  #refused(error: unknown): void {
    if (!this.#failing) {
      this.#options.logger.error(
        { err: error, pendingAddresses: this.#folds.size },
        'the ledger refuses to be written; keeping everything and trying again every second',
      );
    }
    this.#failing = true;
  }

  #written(): void {
    if (!this.#failing) return;
    this.#options.logger.warn({ forgottenSweeps: this.#forgottenSweeps }, 'the ledger can be written again');
    this.#failing = false;
    this.#forgottenSweeps = 0;
  }
}

/** @returns the way to call it off */
function later(ms: number, work: () => void): () => void {
  if (ms < 1) {
    const turn = setImmediate(work);
    return () => clearImmediate(turn);
  }
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

function firstOf<Key, Value>(map: ReadonlyMap<Key, Value>, count: number): [Key, Value][] {
  const first: [Key, Value][] = [];
  for (const entry of map) {
    if (first.length >= count) break;
    first.push(entry);
  }
  return first;
}
