import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LaneState } from '../../src/alert/lane.ts';
import { FreeholdError } from '../../src/core/error.ts';
import { DEFAULT_CRITERIA } from '../../src/core/evidence/criteria.ts';
import { daemonSources } from '../../src/http/metrics/daemon-sources.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { ClusterReport } from '../../src/watch/cluster-view-source.ts';
import type { WatchedSegment } from '../../src/watch/watch.ts';
import { set } from '../ledger/fixtures.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { answering, type FakeSegment, fakeSegment } from '../watch/fake-segment.ts';
import { conflict } from './guard-fixtures.ts';
import { metricsOf } from './metrics-fixtures.ts';
import { seriesValue } from './prometheus-text.ts';

let segment: FakeSegment;
let healthy: boolean;
let conflictsStored = true;
let states: Map<string, LaneState>;
beforeEach(() => {
  segment = fakeSegment(() => answering);
  healthy = true;
  conflictsStored = true;
  states = new Map([['ops', { failing: 'ops.example answered 500', volatile: 2 }]]);
});
afterEach(() => segment.close());

function parts() {
  const { watch, ledger } = segment;
  return {
    watch: {
      all: () => [{ watch, intervalMs: 30_000, nextRunMs: () => null }],
      named(): WatchedSegment {
        const { row, place } = watch;
        if (row === null || place === null) throw new FreeholdError('segment-not-ready', 'not yet');
        return { watch, row, place, intervalMs: 30_000, shared: [] };
      },
    },
    ledger,
    recorder: {
      get healthy() {
        return healthy;
      },
    },
    guard: { healthy: conflictsStored, open: () => [conflict()], dismissed: () => ({ scanner: 9 }) },
    dispatcher: { states: () => states },
    clock: systemClock,
    criteria: () => DEFAULT_CRITERIA,
    pools: () => [{ name: 'production-pool', addresses: set('198.51.100.13-198.51.100.14') }],
  };
}

describe('the sources of the running daemon', () => {
  it('tell of a segment before and after its first sweep', async () => {
    const sources = daemonSources(parts());
    expect(sources.lastValidSweepMs('lan')).toBeNull();
    expect(sources.segments()).toMatchObject([{ name: 'lan', intervalMs: 30_000, status: { state: 'idle', kernelDrops: 0 } }]);
    const swept = await segment.watch.sweep('schedule');
    expect(swept).toMatchObject({ valid: true });
    expect(sources.lastValidSweepMs('lan')).toBe(swept?.endedMs);
    expect(sources.segments()[0]?.status.heard).toHaveProperty('arp-reply');
  });

  it('count all addresses of the segment, those of a pool as reserved', async () => {
    await segment.watch.sweep('schedule');
    const counts = daemonSources(parts()).verdicts('lan');
    expect(Object.values(counts ?? {}).reduce((sum, addresses) => sum + addresses, 0)).toBe(8);
    // Network and broadcast address, our own, and the pool.
    expect(counts).toMatchObject({ reserved: 5, occupied: 1, free: 0 });
  });

  it('judge nothing that is not known', () => {
    expect(daemonSources(parts()).verdicts('gone')).toBeNull();
    expect(daemonSources(parts()).lastValidSweepMs('gone')).toBeNull();
    healthy = false;
    expect(daemonSources(parts()).verdicts('lan')).toBeNull();
    expect(daemonSources(parts()).ledgerHealthy()).toBe(false);
  });

  it('call the ledger unhealthy where only conflicts cannot be stored', () => {
    expect(daemonSources(parts()).ledgerHealthy()).toBe(true);
    conflictsStored = false;
    expect(daemonSources(parts()).ledgerHealthy()).toBe(false);
  });

  it('tell of the cluster how old its view is, and what can be read; of none there is nothing', () => {
    expect(daemonSources(parts()).cluster()).toBeNull();
    const kind = { needed: true, problem: null, asOfMs: 1, leftOut: 0 };
    const kinds = [
      { ...kind, kind: 'pools', state: 'up' },
      { ...kind, kind: 'nodes', state: 'failing' },
      { ...kind, kind: 'services', state: 'absent' },
      { ...kind, kind: 'endpointSlices', state: 'starting' },
    ] as const;
    const none = { asOfMs: null, nodes: [], heldBack: [], differences: [], contradicted: [] };
    const clock = fakeClock(100_000);
    const of = (report: ClusterReport) => daemonSources({ ...parts(), clock, cluster: () => report }).cluster();
    expect(of({ ...none, status: null })).toBeNull();
    const status = { server: null, kinds, remarks: [] };
    const up = [true, false, false, false];
    expect(of({ ...none, status })).toMatchObject({ ageMs: null, kinds: up.map((one) => ({ up: one })) });
    expect(of({ ...none, status, asOfMs: 40_000 })?.ageMs).toBe(60_000);
    // A clock that was set back makes nothing younger than now.
    expect(of({ ...none, status, asOfMs: 140_000 })?.ageMs).toBe(0);
  });

  it('make a whole scrape', async () => {
    const { scrape, log } = metricsOf(daemonSources(parts()));
    await segment.watch.sweep('schedule');
    const families = await scrape();
    expect(seriesValue(families, 'freehold_segment_up', { segment: 'lan' })).toBe(1);
    expect(seriesValue(families, 'freehold_conflicts_open', { kind: 'squatter', severity: 'critical' })).toBe(1);
    expect(seriesValue(families, 'freehold_sightings_dismissed_total', { rule: 'scanner' })).toBe(9);
    expect(seriesValue(families, 'freehold_alert_channel_failing', { channel: 'ops' })).toBe(1);
    expect(seriesValue(families, 'freehold_alert_unstored', { channel: 'ops' })).toBe(2);
    expect(seriesValue(families, 'freehold_alert_outbox_depth', { channel: 'ops' })).toBe(0);
    expect(seriesValue(families, 'freehold_alert_dropped_total')).toBe(0);
    expect(seriesValue(families, 'freehold_ledger_size_bytes')).toBeGreaterThan(4096);
    expect(log).toEqual([]);
  });
});
