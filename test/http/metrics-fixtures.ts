/** Metrics over sources that a test can change, and everything told to them once, so that every metric has a series. */
import { onTestFinished } from 'vitest';
import { CONFLICT_KINDS, type ConflictChange } from '../../src/core/conflict/types.ts';
import { createMetrics } from '../../src/http/metrics/metrics.ts';
import type { Metrics, MetricsSources, SegmentSample } from '../../src/http/metrics/types.ts';
import type { SweepRecord } from '../../src/ledger/types.ts';
import { createLogger } from '../../src/system/logger.ts';
import type { SegmentStatus } from '../../src/watch/segment-watch.ts';
import { type FakeClock, fakeClock } from '../system/fake-clock.ts';
import { conflict, sweepRecord } from './guard-fixtures.ts';
import { type Family, parsePrometheusText } from './prometheus-text.ts';

export const LAST_VALID_MS = Date.UTC(2026, 4, 5, 9, 59, 58);

export const segment = (name: string, status: Partial<SegmentStatus> = {}): SegmentSample => ({
  name,
  intervalMs: 30_000,
  status: {
    state: 'idle',
    waitingFor: null,
    waitingDetail: null,
    framesReceived: 100,
    kernelDrops: 2,
    heard: { 'arp-reply': 40, 'dhcp-request': 3 },
    ignored: { 'not-arp': 50, 'own-frame': 7 },
    ...status,
  },
});

export const sources = (more: Partial<MetricsSources> = {}): MetricsSources => ({
  segments: () => [segment('lan')],
  lastValidSweepMs: () => LAST_VALID_MS,
  verdicts: () => ({ occupied: 12, 'recently-used': 3, leased: 1, reserved: 2, unproven: 0, free: 238 }),
  openConflicts: () => [conflict(), conflict({ id: 2, acknowledged: { atMs: 1, by: 'ada', note: '' } })],
  dismissed: () => ({ 'proxy-arp': 4, scanner: 0 }),
  cluster: () => ({
    ageMs: 4_000,
    kinds: [
      { kind: 'pools', up: true },
      { kind: 'nodes', up: false },
    ],
  }),
  channels: () => [
    { name: 'ops', failing: false, unstored: 0 },
    { name: 'mail', failing: true, unstored: 1 },
  ],
  outboxDepth: () => new Map([['mail', 7]]),
  outboxDropped: () => 5,
  ledgerHealthy: () => true,
  ledgerBytes: () => 81_920,
  ...more,
});

export interface Scraped {
  readonly metrics: Metrics;
  readonly clock: FakeClock;
  /** What was logged at warn and above, one JSON document each. */
  readonly log: readonly string[];
  /** Parsed, and so checked. */
  scrape(): Promise<ReadonlyMap<string, Family>>;
}

/** @param afterwards where closing them belongs; default: the end of the test */
export function metricsOf(from: MetricsSources = sources(), afterwards: (close: () => void) => void = onTestFinished): Scraped {
  const clock = fakeClock();
  const log: string[] = [];
  const logger = createLogger({ level: 'warn', pretty: false, stream: { write: (line) => void log.push(line) } });
  const metrics = createMetrics(from, { version: '1.2.3', logger, clock });
  afterwards(() => metrics.close());
  return { metrics, clock, log, scrape: async () => parsePrometheusText(await metrics.scrape()) };
}

export const sweep = (more: Partial<SweepRecord> = {}): SweepRecord => ({ ...sweepRecord, ...more });
export const failedSweep = sweep({ valid: false, invalidReason: 'control-silent' });

export const change = (
  event: ConflictChange['event'],
  kind: ConflictChange['conflict']['kind'] = 'squatter',
): ConflictChange => ({
  event,
  conflict: conflict({ kind }),
  from: null,
  causedMs: 1,
});

/** Everything that can happen, once. */
export function tellEverything(metrics: Metrics): void {
  metrics.sweep('lan', sweep());
  metrics.sweep('lan', failedSweep);
  metrics.settled('ops', 'delivered', 12);
  metrics.settled('mail', 'rejected', null);
  metrics.retried('mail');
  for (const kind of CONFLICT_KINDS) metrics.conflict(change('opened', kind));
}
