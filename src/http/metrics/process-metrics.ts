/** Metrics of the process and its ledger: version, memory, CPU, the runtime's own, and whether the disk takes what it is given. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { MetricsSources } from './types.ts';

/**
 * The library's own gauges of the event loop's lag: each scrape empties them, so that two Prometheus servers take each other's
 * values, and a scrape that finds none tells of 9.2e9 seconds. event-loop-lag.ts has what is right.
 */
const LEFT_OUT = ['', '_min', '_max', '_mean', '_stddev', '_p50', '_p90', '_p99'].map(
  (which) => `nodejs_eventloop_lag${which}_seconds`,
);
/** ms: those gauges' timer cannot be left out, so it is to wake the process as seldom as it may. */
const LEFT_OUT_PRECISION = 60_000;

export class ProcessMetrics {
  readonly #healthy;
  readonly #bytes;

  constructor(registry: Registry, version: string) {
    const registers = [registry];
    new Gauge({
      name: 'freehold_build_info',
      help: 'Always 1; the version is in the label.',
      labelNames: ['version'] as const,
      registers,
    }).set({ version }, 1);
    this.#healthy = new Gauge({
      name: 'freehold_ledger_healthy',
      help: '1 while the ledger takes what is written to it, 0 while it refuses.',
      registers,
    });
    this.#bytes = new Gauge({ name: 'freehold_ledger_size_bytes', help: 'Size of the ledger, all its files.', registers });
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LEFT_OUT_PRECISION });
    for (const name of LEFT_OUT) registry.removeSingleMetric(name);
  }

  collectLedger({ ledgerHealthy, ledgerBytes }: Pick<MetricsSources, 'ledgerHealthy' | 'ledgerBytes'>): void {
    // What is not known is left out: a gauge without labels would be 0.
    this.#healthy.remove();
    this.#bytes.remove();
    this.#healthy.set(ledgerHealthy() ? 1 : 0);
    const bytes = ledgerBytes();
    if (bytes !== null) this.#bytes.set(bytes);
  }
}
