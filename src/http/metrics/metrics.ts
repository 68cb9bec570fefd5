/**
 * All metrics of the daemon in one registry: told what happens as it happens, and reading everything else when somebody scrapes.
 * A source that fails leaves out its own series, is counted, and is logged once until it works again; the scrape goes on.
 */
import { Counter, Registry } from 'prom-client';
import { type Clock, systemClock } from '../../system/clock.ts';
import type { Logger } from '../../system/logger.ts';
import { AlertMetrics } from './alert-metrics.ts';
import { ClusterMetrics } from './cluster-metrics.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import { GuardMetrics } from './guard-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { SegmentMetrics } from './segment-metrics.ts';
import type { Metrics, MetricsSources } from './types.ts';
import { VerdictMetrics } from './verdict-metrics.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly logger: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
}

const SOURCES = [
  'segments',
  'last-valid-sweep',
  'verdicts',
  'conflicts',
  'dismissed',
  'cluster',
  'channels',
  'outbox',
  'ledger',
] as const;
type Source = (typeof SOURCES)[number];

export function createMetrics(sources: MetricsSources, { version, logger, clock = systemClock }: MetricsOptions): Metrics {
  const registry = new Registry();
  const process = new ProcessMetrics(registry, version);
  const lag = new EventLoopLag(registry, clock);
  const segments = new SegmentMetrics(registry);
  const guard = new GuardMetrics(registry);
  const cluster = new ClusterMetrics(registry);
  const alerts = new AlertMetrics(registry);
  const failures = new SourceFailures(registry, logger);
  const verdicts = new VerdictMetrics({
    registry,
    clock,
    verdicts: sources.verdicts,
    onJudged: (failure) => failures.note('verdicts', failure),
  });

  const pull = async (): Promise<void> => {
    failures.attempt('segments', () => segments.collect(sources.segments));
    failures.attempt('last-valid-sweep', () => segments.collectLastValid(sources.lastValidSweepMs));
    failures.attempt('conflicts', () => guard.collectOpen(sources.openConflicts));
    failures.attempt('dismissed', () => guard.collectDismissed(sources.dismissed));
    failures.attempt('cluster', () => cluster.collect(sources.cluster));
    failures.attempt('channels', () => alerts.collectChannels(sources.channels));
    failures.attempt('outbox', () => alerts.collectOutbox(sources));
    failures.attempt('ledger', () => process.collectLedger(sources));
    await verdicts.collect(segments.known);
  };

  return {
    contentType: registry.contentType,
    async scrape() {
      await pull();
      return registry.metrics();
    },
    sweep: (segment, record) => segments.sweep(segment, record),
    settled: (channel, outcome, latencyMs) => alerts.settled(channel, outcome, latencyMs),
    retried: (channel) => alerts.retried(channel),
    conflict: (change) => guard.change(change),
    close: () => lag.stop(),
  };
}

/** Keeps one source's failure from the others. */
class SourceFailures {
  readonly #counter;
  readonly #logger: Logger;
  readonly #failing = new Set<Source>();

  constructor(registry: Registry, logger: Logger) {
    this.#logger = logger;
    this.#counter = new Counter({
      name: 'freehold_metrics_source_errors_total',
      help: 'Scrapes that had to leave something out, by what could not be read.',
      labelNames: ['source'] as const,
      registers: [registry],
    });
    for (const source of SOURCES) this.#counter.inc({ source }, 0);
  }

  attempt(source: Source, work: () => void): void {
    try {
      work();
      this.note(source, null);
    } catch (error) {
      this.note(source, { error });
    }
  }

  note(source: Source, failure: { readonly error: unknown } | null): void {
    if (failure === null) {
      this.#failing.delete(source);
      return;
    }
    this.#counter.inc({ source });
    if (this.#failing.has(source)) return;
    this.#failing.add(source);
    this.#logger.warn({ err: failure.error, source }, 'a part of the metrics cannot be read, and is left out');
  }
}
