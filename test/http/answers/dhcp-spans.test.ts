/** From what DHCP servers hand out, and from pools, to the answer: nothing in either is offered, and a new one counts at once. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Ipv4, parseIpv4 } from '../../../src/core/address/ipv4.ts';
import { type ClusterView, EMPTY_VIEW, type Pool } from '../../../src/core/conflict/cluster-view.ts';
import type { DhcpServer } from '../../../src/core/dhcp/types.ts';
import { createAnswers } from '../../../src/http/answers/answers.ts';
import { withheldByView } from '../../../src/http/answers/withheld-by.ts';
import type { FreeholdService, FreeRangesQuery } from '../../../src/http/service.ts';
import { openLedger } from '../../../src/ledger/ledger.ts';
import { createLogger } from '../../../src/system/logger.ts';
import { Recorder } from '../../../src/watch/recorder.ts';
import type { Watch, WatchedSegment } from '../../../src/watch/watch.ts';
import { batch, HOUR, LAN, LAN_SETTING, MINUTE, range, set, sweepOf, T0, temporaryPath } from '../../ledger/fixtures.ts';
import { fakeGuard } from '../guard-fixtures.ts';

const NOW = T0 + 2 * HOUR;
const CRITERIA = { quietForMs: HOUR, minSweeps: 2, maxGapMs: 15 * MINUTE, minCoverage: 0.9 };
const ASKED: FreeRangesQuery = { segment: undefined, size: 1, limit: 100, alignment: 'none', criteria: {} };

let servers: readonly DhcpServer[];
let pools: readonly Pool[];
let cluster: ClusterView;
let notices: readonly string[];
let avoid: boolean;
let service: FreeholdService;

const server = (span: string): DhcpServer => ({
  segment: 'lan',
  server: ip('192.0.2.1'),
  mac: null,
  span: range(span),
  firstHeardMs: T0,
  lastHeardMs: T0,
  messages: 3,
});
function ip(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** Two hours of sweeps in which nobody answered. */
beforeEach(() => {
  servers = [];
  pools = [];
  cluster = EMPTY_VIEW;
  notices = [];
  avoid = true;
  const ledger = openLedger({ path: temporaryPath(true), nowMs: T0 });
  onTestFinished(() => ledger.close());
  const row = ledger.ensureSegment(LAN_SETTING);
  for (let atMs = T0; atMs < NOW; atMs += 5 * MINUTE) ledger.write(batch(atMs + 2000, { sweeps: [sweepOf(row.id, atMs)] }));
  const place = { range: LAN, infrastructure: [] };
  const config = { name: 'lan', reserved: [], exclude: [] };
  const segment = {
    row,
    place,
    shared: [],
    intervalMs: 5 * MINUTE,
    watch: { config, row, place, lastSweep: null, status: () => ({ waitingDetail: null }) },
  } as unknown as WatchedSegment;
  const clock = { nowMs: () => NOW, monotonicMs: () => 0 };
  service = createAnswers({
    watch: { named: () => segment, holding: () => segment } as unknown as Watch,
    ledger,
    recorder: new Recorder({ ledger, clock, logger: createLogger({ level: 'silent' }), onScanner: () => undefined }),
    clock,
    criteria: () => CRITERIA,
    guard: fakeGuard(() => undefined),
    dhcpSpans: (name) => servers.filter(({ segment: of }) => of === name),
    avoidSpans: () => avoid,
    ...withheldByView(() => cluster),
    pools: () => pools,
    clusterNotices: () => notices,
  });
});

const ranges = (query: Partial<FreeRangesQuery> = {}): string[] =>
  service.freeRanges({ ...ASKED, ...query }).ranges.map(({ start, end }) => `${start}-${end}`);

describe('free ranges and DHCP', () => {
  it('offers the whole segment while no span is known', () => {
    expect(ranges()).toEqual(['192.0.2.1-192.0.2.254']);
    expect(service.freeRanges(ASKED).criteria).toMatchObject({ dhcpSpans: 'avoid', weakerThanConfigured: false });
  });

  it('withholds a span as reserved, and says whose it is', () => {
    servers = [server('192.0.2.100-192.0.2.150')];
    const answer = service.freeRanges(ASKED);
    expect(ranges()).toEqual(['192.0.2.151-192.0.2.254', '192.0.2.1-192.0.2.99']);
    expect(answer.withheld.find(({ start }) => start === '192.0.2.100')).toEqual({
      start: '192.0.2.100',
      end: '192.0.2.150',
      size: 51,
      verdict: 'reserved',
      reason: 'DHCP span of 192.0.2.1',
      reasonCode: 'reserved',
    });
    expect(service.address(ip('192.0.2.120'), {})).toMatchObject({ verdict: 'reserved', use: 'unused' });
    expect(service.addresses({ segment: undefined, verdict: undefined, limit: 9, after: undefined }).counts.reserved).toBe(51);
  });

  it('takes a span that grows, shrinks or is new for what it is at once', () => {
    expect(ranges()).toHaveLength(1);
    servers = [server('192.0.2.100-192.0.2.150')];
    expect(ranges()[0]).toBe('192.0.2.151-192.0.2.254');
    servers = [server('192.0.2.100-192.0.2.151')];
    expect(ranges()[0]).toBe('192.0.2.152-192.0.2.254');
    servers = [server('192.0.2.100-192.0.2.110')];
    expect(ranges()[0]).toBe('192.0.2.111-192.0.2.254');
    servers = [];
    expect(ranges()).toHaveLength(1);
  });

  it('ignores spans where the query asks for it, and says that this is weaker than configured', () => {
    servers = [server('192.0.2.100-192.0.2.150')];
    const answer = service.freeRanges({ ...ASKED, dhcpSpans: 'ignore' });
    expect(answer.freeAddresses).toBe(254);
    expect(answer.criteria).toMatchObject({ dhcpSpans: 'ignore', weakerThanConfigured: true });
    expect(answer.notices).toContainEqual(expect.stringMatching(/DHCP servers .* weaker than configured/));
    expect(service.freeRanges(ASKED)).toMatchObject({ freeAddresses: 203, criteria: { weakerThanConfigured: false } });
    expect(service.freeRanges(ASKED).notices).not.toContainEqual(expect.stringContaining('DHCP'));
  });

  it('follows the configuration, and calls nothing weaker that it wants itself', () => {
    servers = [server('192.0.2.100-192.0.2.150')];
    expect(service.freeRanges(ASKED).freeAddresses).toBe(203);
    avoid = false;
    for (const dhcpSpans of [undefined, 'ignore'] as const) {
      const answer = service.freeRanges({ ...ASKED, dhcpSpans });
      expect(answer).toMatchObject({ freeAddresses: 254, criteria: { dhcpSpans: 'ignore', weakerThanConfigured: false } });
      expect(answer.notices).not.toContainEqual(expect.stringContaining('DHCP'));
    }
    expect(service.freeRanges({ ...ASKED, dhcpSpans: 'avoid' })).toMatchObject({ freeAddresses: 203 });
  });

  it('never offers what is in a pool, not even where spans are ignored; a pool beside a span is told apart', () => {
    servers = [server('192.0.2.100-192.0.2.150')];
    pools = [{ name: 'production-pool', addresses: set('192.0.2.151-192.0.2.160') }];
    expect(ranges()).toEqual(['192.0.2.1-192.0.2.99', '192.0.2.161-192.0.2.254']);
    expect(ranges({ dhcpSpans: 'ignore' })).toEqual(['192.0.2.1-192.0.2.150', '192.0.2.161-192.0.2.254']);
    const withheld = service.freeRanges(ASKED).withheld.filter(({ verdict }) => verdict === 'reserved');
    expect(withheld.map(({ start, reason }) => `${start} ${reason}`)).toEqual([
      '192.0.2.100 DHCP span of 192.0.2.1',
      '192.0.2.151 pool production-pool',
    ]);
    pools = [];
    expect(ranges()[0]).toBe('192.0.2.151-192.0.2.254');
  });
});

describe('free ranges and a cluster', () => {
  beforeEach(() => {
    cluster = {
      ...EMPTY_VIEW,
      assignments: [{ address: ip('192.0.2.100'), service: 'shop/web', node: null }],
      requested: [{ address: ip('192.0.2.101'), service: 'shop/new' }],
      nodeAddresses: [
        { address: ip('192.0.2.102'), node: 'worker-1' },
        { address: ip('203.0.113.9'), node: 'worker-1' },
      ],
    };
  });

  it('withholds what Services hold or ask for, and nodes, though nobody answers there and it is in no pool', () => {
    expect(ranges()).toEqual(['192.0.2.103-192.0.2.254', '192.0.2.1-192.0.2.99']);
    const { withheld } = service.freeRanges(ASKED);
    expect(
      withheld.filter(({ start }) => /\.10[0-2]$/.test(start)).map(({ verdict, reason }) => `${verdict}: ${reason}`),
    ).toEqual([
      'reserved: assigned to Service shop/web',
      'reserved: asked for by Service shop/new',
      'reserved: the address of node worker-1',
    ]);
    expect(service.address(ip('192.0.2.100'), {})).toMatchObject({
      verdict: 'reserved',
      reasons: [{ code: 'reserved', text: 'assigned to Service shop/web' }],
    });
    expect(service.address(ip('192.0.2.102'), {})).toMatchObject({
      verdict: 'reserved',
      reasons: [{ code: 'node-address', text: 'the address of node worker-1' }],
    });
  });

  it('withholds what is new there at once, and no more what is gone', () => {
    expect(ranges()).toHaveLength(2);
    cluster = { ...cluster, nodeAddresses: [{ address: ip('192.0.2.50'), node: 'worker-2' }] };
    expect(ranges()).toHaveLength(3);
    cluster = EMPTY_VIEW;
    expect(ranges()).toEqual(['192.0.2.1-192.0.2.254']);
  });

  it('says where what is known of it may be old', () => {
    notices = ['The cluster cannot be read.'];
    expect(service.freeRanges(ASKED).notices).toContain('The cluster cannot be read.');
  });
});
