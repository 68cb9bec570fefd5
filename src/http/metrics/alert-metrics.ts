/** Metrics of alerts, by channel: what waits, what became of it, how long it took. A channel's series come and go with it. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { RunningTotal } from './running-total.ts';
import type { MetricsSources } from './types.ts';

/** Seconds, 1 ms to 10 min. 20 ms (median) and 100 ms (99 of 100) are what a receiver on the LAN is to be told within. */
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const OUTCOMES = ['delivered', 'rejected'] as const;

export class AlertMetrics {
  readonly #known = new Set<string>();
  readonly #depth;
  readonly #unstored;
  readonly #failing;
  readonly #deliveries;
  readonly #retries;
  readonly #latency;
  readonly #dropped;

  constructor(registry: Registry) {
    const registers = [registry];
    const perChannel = { labelNames: ['channel'] as const, registers };
    this.#depth = new Gauge({
      name: 'freehold_alert_outbox_depth',
      help: 'Messages in the outbox that the channel has not taken yet.',
      ...perChannel,
    });
    this.#unstored = new Gauge({
      name: 'freehold_alert_unstored',
      help: 'Messages that wait for the channel in memory only, because the ledger refused them.',
      ...perChannel,
    });
    this.#failing = new Gauge({
      name: 'freehold_alert_channel_failing',
      help: '1 while the last try failed, 0 while the channel works.',
      ...perChannel,
    });
    this.#deliveries = new Counter({
      name: 'freehold_alert_deliveries_total',
      help: 'Messages that the channel is done with: delivered, or rejected for good by the receiver.',
      labelNames: ['channel', 'outcome'] as const,
      registers,
    });
    this.#retries = new Counter({
      name: 'freehold_alert_retries_total',
      help: 'Tries that failed; the message was kept.',
      ...perChannel,
    });
    this.#latency = new Histogram({
      name: 'freehold_alert_latency_seconds',
      help: 'From the frame that caused an alert to its receipt, waits for a channel that failed included.',
      buckets: LATENCY_BUCKETS,
      ...perChannel,
    });
    this.#dropped = new RunningTotal(
      new Counter({
        name: 'freehold_alert_dropped_total',
        help: 'Messages that the outbox dropped because too many waited for their channel.',
        registers,
      }),
    );
  }

  settled(channel: string, outcome: (typeof OUTCOMES)[number], latencyMs: number | null): void {
    this.#welcome(channel);
    this.#deliveries.inc({ channel, outcome });
    if (latencyMs !== null) this.#latency.observe({ channel }, latencyMs / 1000);
  }

  retried(channel: string): void {
    this.#welcome(channel);
    this.#retries.inc({ channel });
  }

  /** The series of channels that are not among them any more go away. */
  collectChannels(source: MetricsSources['channels']): void {
    this.#failing.reset();
    this.#unstored.reset();
    const channels = source();
    const names = new Set(channels.map(({ name }) => name));
    for (const channel of this.#known) if (!names.has(channel)) this.#forget(channel);
    for (const { name: channel, failing, unstored } of channels) {
      this.#welcome(channel);
      this.#failing.set({ channel }, failing ? 1 : 0);
      this.#unstored.set({ channel }, unstored);
    }
  }

  /** Of the channels of the last `collectChannels`. */
  collectOutbox({ outboxDepth, outboxDropped }: Pick<MetricsSources, 'outboxDepth' | 'outboxDropped'>): void {
    this.#depth.reset();
    const waiting = outboxDepth();
    for (const channel of this.#known) this.#depth.set({ channel }, waiting.get(channel) ?? 0);
    this.#dropped.set({}, outboxDropped());
  }

  #welcome(channel: string): void {
    if (this.#known.has(channel)) return;
    this.#known.add(channel);
    for (const outcome of OUTCOMES) this.#deliveries.inc({ channel, outcome }, 0);
    this.#retries.inc({ channel }, 0);
    this.#latency.zero({ channel });
  }

  #forget(channel: string): void {
    this.#known.delete(channel);
    for (const outcome of OUTCOMES) this.#deliveries.remove({ channel, outcome });
    this.#retries.remove({ channel });
    this.#latency.remove({ channel });
  }
}
