/**
 * Addresses by verdict. Judging a large segment takes a moment, so a count is good for 15 s, and the event loop has a turn between
 * two segments: an alert never waits for a scrape longer than for one judgement.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../system/clock.ts';
import type { MetricsSources } from './types.ts';

const KEPT_MS = 15_000;

type Counts = NonNullable<ReturnType<MetricsSources['verdicts']>>;

interface Kept {
  readonly counts: Counts;
  /** Monotonic ms. */
  readonly atMs: number;
}

export interface VerdictMetricsOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** May throw: the segment's counts are then left out. */
  readonly verdicts: MetricsSources['verdicts'];
  /** Told after each round in which something was judged: what went wrong first, or null. */
  readonly onJudged: (failure: { readonly error: unknown } | null) => void;
}

export class VerdictMetrics {
  readonly #options: VerdictMetricsOptions;
  readonly #gauge;
  readonly #kept = new Map<string, Kept>();
  #running: Promise<void> | null = null;

  constructor(options: VerdictMetricsOptions) {
    this.#options = options;
    this.#gauge = new Gauge({
      name: 'freehold_addresses',
      help: 'Addresses by verdict, with the criteria of the configuration.',
      labelNames: ['segment', 'verdict'] as const,
      registers: [options.registry],
    });
  }

  /** Never rejects. Scrapes at the same time share the work. @param segments all there are */
  collect(segments: readonly string[]): Promise<void> {
    this.#running ??= this.#refresh(segments).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #refresh(segments: readonly string[]): Promise<void> {
    for (const name of this.#kept.keys()) if (!segments.includes(name)) this.#kept.delete(name);
    const { clock, onJudged } = this.#options;
    const stale = segments.filter((name) => {
      const kept = this.#kept.get(name);
      return kept === undefined || clock.monotonicMs() - kept.atMs >= KEPT_MS;
    });
    let failure: { readonly error: unknown } | null = null;
    for (const name of stale) {
      const failed = this.#judge(name);
      failure ??= failed;
      await nextTurn();
    }
    if (stale.length > 0) onJudged(failure);
    this.#gauge.reset();
    for (const [segment, { counts }] of this.#kept) {
      for (const [verdict, addresses] of Object.entries(counts)) this.#gauge.set({ segment, verdict }, addresses);
    }
  }

  #judge(segment: string): { readonly error: unknown } | null {
    const { clock, verdicts } = this.#options;
    // What cannot be judged now is not known: an old figure would be a claim.
    this.#kept.delete(segment);
    try {
      const counts = verdicts(segment);
      if (counts !== null) this.#kept.set(segment, { counts, atMs: clock.monotonicMs() });
      return null;
    } catch (error) {
      return { error };
    }
  }
}
