import fc from 'fast-check';
import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CONFLICT_KINDS, severityOf } from '../../src/core/conflict/types.ts';
import { RunningTotal } from '../../src/http/metrics/running-total.ts';
import type { MetricsSources } from '../../src/http/metrics/types.ts';
import { conflict } from './guard-fixtures.ts';
import { change, failedSweep, LAST_VALID_MS, metricsOf, segment, sources, sweep, tellEverything } from './metrics-fixtures.ts';
import { type Family, parsePrometheusText, seriesValue } from './prometheus-text.ts';

const labelsOf = (families: ReadonlyMap<string, Family>, label: string): string[] =>
  [...families.values()].flatMap(({ samples }) => samples.flatMap(({ labels }) => labels[label] ?? []));

describe('the reader of these tests', () => {
  const HEAD = '# HELP a_total x\n# TYPE a_total counter\n';
  it.each([
    ['no end', `${HEAD}a_total 1`],
    ['no HELP', '# TYPE a_total counter\na_total 1\n'],
    ['a family twice', `${HEAD}a_total 1\n${HEAD}a_total{b="1"} 1\n`],
    ['a stranger among the samples', `${HEAD}b_total 1\n`],
    ['a series twice', `${HEAD}a_total{b="1",c="2"} 1\na_total{c="2",b="1"} 2\n`],
    ['a label twice', `${HEAD}a_total{b="1",b="2"} 1\n`],
    ['a quote in a value', `${HEAD}a_total{b="1"2"} 1\n`],
    ['a comma at the end', `${HEAD}a_total{b="1",} 1\n`],
    ['a value that is none', `${HEAD}a_total Nan\n`],
    ['a counter below 0', `${HEAD}a_total -1\n`],
    ['a counter without _total', '# HELP a x\n# TYPE a counter\na 1\n'],
    ['buckets that shrink', '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'],
    ['no +Inf', '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n'],
  ])('refuses %s', (_, text) => {
    expect(() => parsePrometheusText(text)).toThrow();
  });

  it('unescapes labels', () => {
    const [family] = parsePrometheusText(`${HEAD}a_total{b="\\\\ \\" \\n"} 1\n`).values();
    expect(family?.samples[0]?.labels).toEqual({ b: '\\ " \n' });
  });
});

describe('a scrape', () => {
  it('has every metric, with its type and its help', async () => {
    const { metrics, scrape } = metricsOf();
    tellEverything(metrics);
    const families = [...(await scrape()).values()].filter(({ name }) => name.startsWith('freehold_'));
    expect(Object.fromEntries(families.map(({ name, type }) => [name, type]))).toEqual({
      freehold_addresses: 'gauge',
      freehold_alert_channel_failing: 'gauge',
      freehold_alert_deliveries_total: 'counter',
      freehold_alert_dropped_total: 'counter',
      freehold_alert_latency_seconds: 'histogram',
      freehold_alert_outbox_depth: 'gauge',
      freehold_alert_retries_total: 'counter',
      freehold_alert_unstored: 'gauge',
      freehold_build_info: 'gauge',
      freehold_cluster_up: 'gauge',
      freehold_cluster_view_age_seconds: 'gauge',
      freehold_conflicts_open: 'gauge',
      freehold_conflicts_total: 'counter',
      freehold_conflicts_unacknowledged: 'gauge',
      freehold_event_loop_lag_seconds: 'histogram',
      freehold_frames_ignored_total: 'counter',
      freehold_frames_received_total: 'counter',
      freehold_frames_total: 'counter',
      freehold_last_sweep_duration_seconds: 'gauge',
      freehold_last_valid_sweep_timestamp_seconds: 'gauge',
      freehold_ledger_healthy: 'gauge',
      freehold_ledger_size_bytes: 'gauge',
      freehold_metrics_source_errors_total: 'counter',
      freehold_probes_sent_total: 'counter',
      freehold_replies_received_total: 'counter',
      freehold_ring_drops_total: 'counter',
      freehold_segment_up: 'gauge',
      freehold_sightings_dismissed_total: 'counter',
      freehold_sweep_duration_seconds: 'histogram',
      freehold_sweep_interval_seconds: 'gauge',
      freehold_sweeps_total: 'counter',
    });
    for (const { help, samples } of families) {
      expect(help).not.toBe('');
      expect(samples.length).toBeGreaterThan(0);
    }
  });

  it('tells of the process, and not of the lag that the library takes from other scrapes', async () => {
    const families = await metricsOf().scrape();
    expect(seriesValue(families, 'freehold_build_info', { version: '1.2.3' })).toBe(1);
    expect(seriesValue(families, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(seriesValue(families, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect([...families.keys()].filter((name) => name.startsWith('nodejs_eventloop_lag'))).toEqual([]);
  });

  it('holds no address and no MAC, whatever happened', async () => {
    const { metrics } = metricsOf();
    tellEverything(metrics);
    const series = (await metrics.scrape()).split('\n').filter((line) => !line.startsWith('#'));
    expect(series.filter((line) => /\d+\.\d+\.\d+\.\d+|[0-9a-f]{2}(:[0-9a-f]{2}){5}|printer/.test(line))).toEqual([]);
  });

  it('needs a registry of its own: two do not meet', async () => {
    const [one, other] = [metricsOf(), metricsOf()];
    one.metrics.retried('ops');
    expect(seriesValue(await one.scrape(), 'freehold_alert_retries_total', { channel: 'ops' })).toBe(1);
    expect(seriesValue(await other.scrape(), 'freehold_alert_retries_total', { channel: 'ops' })).toBe(0);
  });
});

describe('segments', () => {
  it('tells of sweeps by result, with every reason from the beginning', async () => {
    const { metrics, scrape } = metricsOf();
    const before = await scrape();
    expect(labelsOf(before, 'result').sort()).toEqual([
      'aborted',
      'address-lost',
      'control-silent',
      'icmp-unavailable',
      'interface-gone',
      'kernel-drops',
      'link-down',
      'no-targets',
      'receive-failed',
      'send-failed',
      'valid',
    ]);
    for (const record of [sweep(), sweep({ startedMs: 1000, endedMs: 5000 }), failedSweep]) metrics.sweep('lan', record);
    const families = await scrape();
    const lan = { segment: 'lan' };
    expect(seriesValue(families, 'freehold_sweeps_total', { ...lan, result: 'valid' })).toBe(2);
    expect(seriesValue(families, 'freehold_sweeps_total', { ...lan, result: 'control-silent' })).toBe(1);
    expect(seriesValue(families, 'freehold_probes_sent_total', lan)).toBe(3 * 254);
    expect(seriesValue(families, 'freehold_replies_received_total', lan)).toBe(3 * 12);
    expect(seriesValue(families, 'freehold_sweep_duration_seconds_count', lan)).toBe(2);
    expect(seriesValue(families, 'freehold_sweep_duration_seconds_sum', lan)).toBe(5.5);
    expect(seriesValue(families, 'freehold_sweep_duration_seconds_bucket', { ...lan, le: '2' })).toBe(1);
    expect(seriesValue(families, 'freehold_last_sweep_duration_seconds', lan)).toBe(1.5);
  });

  it('tells of the wire', async () => {
    const families = await metricsOf().scrape();
    const lan = { segment: 'lan' };
    expect(seriesValue(families, 'freehold_frames_received_total', lan)).toBe(100);
    expect(seriesValue(families, 'freehold_ring_drops_total', lan)).toBe(2);
    expect(seriesValue(families, 'freehold_frames_total', { ...lan, kind: 'dhcp-request' })).toBe(3);
    expect(seriesValue(families, 'freehold_frames_ignored_total', { ...lan, reason: 'own-frame' })).toBe(7);
    expect(seriesValue(families, 'freehold_sweep_interval_seconds', lan)).toBe(30);
    expect(seriesValue(families, 'freehold_last_valid_sweep_timestamp_seconds', lan)).toBe(LAST_VALID_MS / 1000);
  });

  it.each([
    ['idle', 1],
    ['sweeping', 1],
    ['waiting', 0],
  ] as const)('says of one that is %s that it is up: %d', async (state, up) => {
    const { scrape } = metricsOf(sources({ segments: () => [segment('lan', { state })] }));
    expect(seriesValue(await scrape(), 'freehold_segment_up', { segment: 'lan' })).toBe(up);
  });

  it('says 0 of one that never had a valid sweep, so that its age is beyond every limit', async () => {
    const { scrape } = metricsOf(sources({ lastValidSweepMs: () => null }));
    expect(seriesValue(await scrape(), 'freehold_last_valid_sweep_timestamp_seconds', { segment: 'lan' })).toBe(0);
  });

  it('forgets one that is gone, and begins anew when it comes back', async () => {
    let names = ['lan', 'dmz'];
    const { metrics, scrape } = metricsOf(sources({ segments: () => names.map((name) => segment(name)) }));
    metrics.sweep('dmz', sweep());
    expect(labelsOf(await scrape(), 'segment')).toContain('dmz');
    names = ['lan'];
    // A sweep that was under way ends after the segment.
    metrics.sweep('dmz', sweep());
    const families = await scrape();
    expect(new Set(labelsOf(families, 'segment'))).toEqual(new Set(['lan']));
    names = ['lan', 'dmz'];
    const again = await scrape();
    expect(seriesValue(again, 'freehold_sweeps_total', { segment: 'dmz', result: 'valid' })).toBe(0);
    expect(seriesValue(again, 'freehold_frames_received_total', { segment: 'dmz' })).toBe(100);
  });

  it('never lets a counter go back where a reload restarted the segment', async () => {
    let status = segment('lan');
    const { scrape } = metricsOf(sources({ segments: () => [status] }));
    await scrape();
    status = segment('lan', { framesReceived: 5, kernelDrops: 0, heard: { 'arp-reply': 1 }, ignored: {} });
    const families = await scrape();
    expect(seriesValue(families, 'freehold_frames_received_total', { segment: 'lan' })).toBe(105);
    expect(seriesValue(families, 'freehold_ring_drops_total', { segment: 'lan' })).toBe(2);
    expect(seriesValue(families, 'freehold_frames_total', { segment: 'lan', kind: 'arp-reply' })).toBe(41);
    expect(seriesValue(families, 'freehold_frames_total', { segment: 'lan', kind: 'dhcp-request' })).toBe(3);
    expect(seriesValue(families, 'freehold_frames_ignored_total', { segment: 'lan', reason: 'not-arp' })).toBe(50);
  });
});

describe('a running total', () => {
  const total = fc.oneof(fc.nat(20), fc.nat());

  it('never goes back, and grows as the source does between two restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(total, { maxLength: 30 }), async (totals) => {
        const counter = new Counter({ name: 'x_total', help: 'x', labelNames: ['of'] as const, registers: [new Registry()] });
        const running = new RunningTotal(counter);
        let [told, before] = [0, 0];
        for (const each of totals) {
          running.set({ of: 'a' }, each);
          const value = (await counter.get()).values[0]?.value ?? Number.NaN;
          expect(value - told).toBe(each >= before ? each - before : each);
          [told, before] = [value, each];
        }
      }),
    );
  });

  it('keeps only what is wanted', async () => {
    const counter = new Counter({ name: 'x_total', help: 'x', labelNames: ['of'] as const, registers: [new Registry()] });
    const running = new RunningTotal(counter);
    for (const of of ['a', 'b']) running.set({ of }, 5);
    running.retain(({ of }) => of === 'b');
    running.set({ of: 'b' }, 6);
    expect((await counter.get()).values).toEqual([{ labels: { of: 'b' }, value: 6 }]);
  });
});

describe('verdicts', () => {
  const COUNTS = { occupied: 1, 'recently-used': 0, leased: 0, reserved: 0, unproven: 0, free: 5 };

  it('are counted by segment, every verdict always', async () => {
    const families = await metricsOf().scrape();
    expect(families.get('freehold_addresses')?.samples).toHaveLength(6);
    expect(seriesValue(families, 'freehold_addresses', { segment: 'lan', verdict: 'free' })).toBe(238);
    expect(seriesValue(families, 'freehold_addresses', { segment: 'lan', verdict: 'unproven' })).toBe(0);
  });

  it('are judged every 15 s at most, and by two scrapes at once only once', async () => {
    const verdicts = vi.fn<MetricsSources['verdicts']>(() => COUNTS);
    const { scrape, clock } = metricsOf(sources({ segments: () => [segment('lan'), segment('dmz')], verdicts }));
    await Promise.all([scrape(), scrape()]);
    clock.advance(14_999);
    await scrape();
    expect(verdicts.mock.calls).toEqual([['lan'], ['dmz']]);
    clock.advance(1);
    await scrape();
    expect(verdicts).toHaveBeenCalledTimes(4);
  });

  it('leave the event loop a turn between two segments', async () => {
    const order: string[] = [];
    const verdicts = (name: string) => {
      order.push(name);
      setImmediate(() => order.push('turn'));
      return COUNTS;
    };
    const { scrape } = metricsOf(sources({ segments: () => [segment('lan'), segment('dmz')], verdicts }));
    await scrape();
    expect(order.slice(0, 3)).toEqual(['lan', 'turn', 'dmz']);
  });

  it('that cannot be told are left out, however good they were before', async () => {
    const verdicts = vi.fn<MetricsSources['verdicts']>(() => COUNTS);
    const { scrape, clock } = metricsOf(sources({ verdicts }));
    await scrape();
    verdicts.mockReturnValue(null);
    clock.advance(15_000);
    expect((await scrape()).get('freehold_addresses')?.samples).toEqual([]);
    verdicts.mockReturnValue(COUNTS);
    expect((await scrape()).get('freehold_addresses')?.samples).toHaveLength(6);
  });

  it('of one segment fail without the others', async () => {
    const verdicts = (name: string) => {
      if (name === 'lan') throw new Error('no');
      return COUNTS;
    };
    const { scrape } = metricsOf(sources({ segments: () => [segment('lan'), segment('dmz')], verdicts }));
    const families = await scrape();
    expect(new Set(families.get('freehold_addresses')?.samples.map(({ labels }) => labels['segment']))).toEqual(new Set(['dmz']));
    expect(seriesValue(families, 'freehold_metrics_source_errors_total', { source: 'verdicts' })).toBe(1);
  });
});

describe('conflicts', () => {
  it('that are open are told by kind, at 0 where there is none; what is acknowledged apart', async () => {
    const acknowledged = { atMs: 1, by: 'ada', note: '' };
    const openConflicts = () => [conflict(), conflict({ acknowledged }), conflict({ kind: 'imminent' })];
    const families = await metricsOf(sources({ openConflicts })).scrape();
    for (const kind of CONFLICT_KINDS) {
      const labels = { kind, severity: severityOf(kind) };
      const [open, unacknowledged] = kind === 'squatter' ? [2, 1] : kind === 'imminent' ? [1, 1] : [0, 0];
      expect(seriesValue(families, 'freehold_conflicts_open', labels), kind).toBe(open);
      expect(seriesValue(families, 'freehold_conflicts_unacknowledged', labels), kind).toBe(unacknowledged);
    }
  });

  it('are counted as they open, escalate and close, and not when they are only updated', async () => {
    const { metrics, scrape } = metricsOf();
    for (const event of ['opened', 'opened', 'updated', 'escalated', 'acknowledged', 'closed'] as const) {
      metrics.conflict(change(event, 'contested'));
    }
    const families = await scrape();
    const of = (event: string, kind = 'contested') => seriesValue(families, 'freehold_conflicts_total', { kind, event });
    expect([of('opened'), of('escalated'), of('closed'), of('opened', 'squatter')]).toEqual([2, 1, 1, 0]);
    expect(families.get('freehold_conflicts_total')?.samples).toHaveLength(3 * CONFLICT_KINDS.length);
  });

  it('that were not raised are told by rule', async () => {
    const families = await metricsOf().scrape();
    expect(seriesValue(families, 'freehold_sightings_dismissed_total', { rule: 'proxy-arp' })).toBe(4);
    expect(seriesValue(families, 'freehold_sightings_dismissed_total', { rule: 'scanner' })).toBe(0);
  });
});

describe('alerts', () => {
  it('tells what waits, what failed and how long it took, by channel', async () => {
    const { metrics, scrape } = metricsOf();
    metrics.settled('ops', 'delivered', 20);
    metrics.settled('ops', 'delivered', 600_000);
    metrics.settled('ops', 'rejected', null);
    metrics.retried('mail');
    const families = await scrape();
    const ops = { channel: 'ops' };
    const mail = { channel: 'mail' };
    expect(seriesValue(families, 'freehold_alert_deliveries_total', { ...ops, outcome: 'delivered' })).toBe(2);
    expect(seriesValue(families, 'freehold_alert_deliveries_total', { ...ops, outcome: 'rejected' })).toBe(1);
    expect(seriesValue(families, 'freehold_alert_deliveries_total', { ...mail, outcome: 'rejected' })).toBe(0);
    expect(seriesValue(families, 'freehold_alert_retries_total', mail)).toBe(1);
    expect(seriesValue(families, 'freehold_alert_latency_seconds_bucket', { ...ops, le: '0.02' })).toBe(1);
    expect(seriesValue(families, 'freehold_alert_latency_seconds_bucket', { ...ops, le: '600' })).toBe(2);
    expect(seriesValue(families, 'freehold_alert_latency_seconds_count', ops)).toBe(2);
    expect(seriesValue(families, 'freehold_alert_latency_seconds_count', mail)).toBe(0);
    expect(seriesValue(families, 'freehold_alert_outbox_depth', mail)).toBe(7);
    expect(seriesValue(families, 'freehold_alert_outbox_depth', ops)).toBe(0);
    expect(seriesValue(families, 'freehold_alert_channel_failing', mail)).toBe(1);
    expect(seriesValue(families, 'freehold_alert_channel_failing', ops)).toBe(0);
    expect(seriesValue(families, 'freehold_alert_unstored', mail)).toBe(1);
    expect(seriesValue(families, 'freehold_alert_dropped_total')).toBe(5);
  });

  it('forgets a channel that is gone', async () => {
    let names = ['ops', 'old'];
    const channels = () => names.map((name) => ({ name, failing: false, unstored: 0 }));
    const { metrics, scrape } = metricsOf(sources({ channels, outboxDepth: () => new Map([['old', 3]]) }));
    await scrape();
    names = ['ops'];
    metrics.settled('old', 'delivered', 3);
    expect(new Set(labelsOf(await scrape(), 'channel'))).toEqual(new Set(['ops']));
  });
});

describe('the cluster', () => {
  it('has its age and what can be read of it, and nothing at all where none is read', async () => {
    let sample: ReturnType<MetricsSources['cluster']> = {
      ageMs: 4_500,
      kinds: [
        { kind: 'pools', up: true },
        { kind: 'nodes', up: false },
      ],
    };
    const { scrape } = metricsOf(sources({ cluster: () => sample }));
    const families = await scrape();
    expect(seriesValue(families, 'freehold_cluster_view_age_seconds')).toBe(4.5);
    expect(seriesValue(families, 'freehold_cluster_up', { kind: 'pools' })).toBe(1);
    expect(seriesValue(families, 'freehold_cluster_up', { kind: 'nodes' })).toBe(0);
    sample = { ageMs: null, kinds: [{ kind: 'pools', up: false }] };
    const unknown = await scrape();
    expect(unknown.get('freehold_cluster_view_age_seconds')?.samples).toEqual([]);
    expect(labelsOf(unknown, 'kind').filter((kind) => kind === 'nodes')).toEqual([]);
    sample = null;
    const none = await scrape();
    for (const name of ['freehold_cluster_view_age_seconds', 'freehold_cluster_up'])
      expect(none.get(name)?.samples, name).toEqual([]);
  });
});

describe('a source that fails', () => {
  const fail = () => {
    throw new Error('out of order');
  };
  const ABSENT = {
    segments: ['freehold_segment_up', 'freehold_frames_total'],
    lastValidSweepMs: ['freehold_last_valid_sweep_timestamp_seconds'],
    verdicts: ['freehold_addresses'],
    openConflicts: ['freehold_conflicts_open', 'freehold_conflicts_unacknowledged'],
    dismissed: ['freehold_sightings_dismissed_total'],
    cluster: ['freehold_cluster_up', 'freehold_cluster_view_age_seconds'],
    channels: ['freehold_alert_channel_failing', 'freehold_alert_unstored'],
    outboxDepth: ['freehold_alert_outbox_depth'],
    outboxDropped: [],
    ledgerHealthy: ['freehold_ledger_healthy', 'freehold_ledger_size_bytes'],
    ledgerBytes: ['freehold_ledger_size_bytes'],
  } as const satisfies Record<keyof MetricsSources, readonly string[]>;

  it.each(Object.entries(ABSENT))('(%s) leaves out its own, is counted, and is logged once', async (source, absent) => {
    const { scrape, log, clock } = metricsOf(sources({ [source]: fail }));
    await scrape();
    clock.advance(15_000);
    const families = await scrape();
    for (const name of absent) expect(families.get(name)?.samples, name).toEqual([]);
    const errors = families.get('freehold_metrics_source_errors_total')?.samples.filter(({ value }) => value > 0);
    expect(errors?.map(({ value }) => value)).toEqual([2]);
    expect(seriesValue(families, 'freehold_build_info', { version: '1.2.3' })).toBe(1);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('out of order');
  });

  it('is logged again when it failed, worked and failed', async () => {
    const ledgerHealthy = vi.fn(() => true);
    const { scrape, log } = metricsOf(sources({ ledgerHealthy }));
    ledgerHealthy.mockImplementationOnce(fail);
    await scrape();
    await scrape();
    ledgerHealthy.mockImplementationOnce(fail);
    expect(seriesValue(await scrape(), 'freehold_ledger_healthy')).toBeUndefined();
    expect(seriesValue(await scrape(), 'freehold_ledger_healthy')).toBe(1);
    expect(log).toHaveLength(2);
  });
});

describe('the event loop', () => {
  afterEach(() => vi.useRealTimers());

  it('is as late as its timer, and never early', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { metrics, scrape, clock } = metricsOf();
    for (const elapsedMs of [100, 99, 350]) {
      clock.advance(elapsedMs);
      vi.advanceTimersByTime(100);
    }
    const families = await scrape();
    const name = 'freehold_event_loop_lag_seconds';
    expect(seriesValue(families, `${name}_count`)).toBe(3);
    expect(seriesValue(families, `${name}_sum`)).toBe(0.25);
    expect(seriesValue(families, `${name}_bucket`, { le: '0.1' })).toBe(2);
    expect(seriesValue(families, `${name}_bucket`, { le: '0.25' })).toBe(3);
    metrics.close();
    metrics.close();
    vi.advanceTimersByTime(1000);
    expect(seriesValue(await scrape(), `${name}_count`)).toBe(3);
  });
});
