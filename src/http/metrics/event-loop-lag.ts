/**
 * How late the event loop is: a timer every 100 ms, and by how much it came too late. A histogram that only grows, so that several
 * Prometheus servers can scrape it, and any window can be asked for.
 */
import { Histogram, type Registry } from 'prom-client';
import type { Clock } from '../../system/clock.ts';

const PERIOD_MS = 100;
/** Seconds. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export class EventLoopLag {
  readonly #histogram;
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;
  /** Monotonic ms. */
  #beforeMs: number;

  /** Begins at once. */
  constructor(registry: Registry, clock: Clock) {
    this.#histogram = new Histogram({
      name: 'freehold_event_loop_lag_seconds',
      help: 'By how much a timer of 100 ms came too late.',
      buckets: BUCKETS,
      registers: [registry],
    });
    this.#clock = clock;
    this.#beforeMs = clock.monotonicMs();
    this.#timer = setInterval(() => this.#sample(), PERIOD_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#histogram.observe(Math.max(0, nowMs - this.#beforeMs - PERIOD_MS) / 1000);
    this.#beforeMs = nowMs;
  }
}
