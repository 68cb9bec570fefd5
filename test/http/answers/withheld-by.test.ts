import { describe, expect, it } from 'vitest';
import { formatRange } from '../../../src/core/address/range.ts';
import { EMPTY_VIEW } from '../../../src/core/conflict/cluster-view.ts';
import type { DhcpServer } from '../../../src/core/dhcp/types.ts';
import { type WithheldBySources, withheldBy, withheldByView } from '../../../src/http/answers/withheld-by.ts';
import { ip, LAN, mac, range, set } from '../../ledger/fixtures.ts';

const server = (over: Partial<DhcpServer>): DhcpServer => ({
  segment: 'lan',
  server: ip('192.0.2.1'),
  mac: mac('02:00:00:00:00:01'),
  span: range('192.0.2.100-192.0.2.150'),
  firstHeardMs: 0,
  lastHeardMs: 0,
  messages: 1,
  ...over,
});
const told = (sources: WithheldBySources, asked?: 'avoid' | 'ignore'): string[] =>
  withheldBy(sources, 'lan', LAN, asked).reserved.map((one) => `${formatRange(one)}: ${one.reason}`);

describe('withheldBy()', () => {
  it('names each span by its server, and each pool by its name, within the segment', () => {
    const dhcpSpans = (segment: string): readonly DhcpServer[] => [
      server({ segment }),
      server({ server: 'lease-file', mac: null, span: range('192.0.2.250-198.51.100.9') }),
      server({ server: ip('192.0.2.2'), span: null }),
      server({ server: ip('192.0.2.3'), span: range('198.51.100.1-198.51.100.9') }),
    ];
    const pools = () => [
      { name: 'production-pool', addresses: set('192.0.2.200-192.0.2.210', '198.51.100.0/24') },
      { name: 'lab\u001b[2J', addresses: set('192.0.2.220', '192.0.2.222') },
    ];
    expect(told({ dhcpSpans, pools })).toEqual([
      '192.0.2.200-192.0.2.210: pool production-pool',
      '192.0.2.220: pool lab[2J',
      '192.0.2.222: pool lab[2J',
      '192.0.2.100-192.0.2.150: DHCP span of 192.0.2.1',
      '192.0.2.250-192.0.2.255: DHCP span of the lease files',
    ]);
  });

  it('names what Services hold and ask for, within the segment and in no pool too, before all else', () => {
    const view = {
      ...EMPTY_VIEW,
      pools: [{ name: 'p', addresses: set('192.0.2.200-192.0.2.201') }],
      assignments: [
        { address: ip('192.0.2.200'), service: 'shop/web', node: null },
        { address: ip('192.0.2.9'), service: 'kube-system/other-lb\u001b[2J', node: null },
        { address: ip('198.51.100.1'), service: 'shop/elsewhere', node: null },
      ],
      requested: [{ address: ip('192.0.2.10'), service: 'shop/new' }],
      nodeAddresses: [
        { address: ip('192.0.2.11'), node: 'worker-1' },
        { address: ip('203.0.113.1'), node: 'worker-1' },
      ],
    };
    const sources = withheldByView(() => view);
    expect(told(sources)).toEqual([
      '192.0.2.200: assigned to Service shop/web',
      '192.0.2.9: assigned to Service kube-system/other-lb[2J',
      '192.0.2.10: asked for by Service shop/new',
      '192.0.2.200-192.0.2.201: pool p',
    ]);
    // Asked for that very pool: to be in it is no hindrance, and who waits for one of its addresses is to get it.
    expect(
      withheldBy(sources, 'lan', LAN, undefined, { pool: 'p', server: null, namespace: null }).reserved.map(
        ({ reason }) => reason,
      ),
    ).toEqual(['assigned to Service shop/web', 'assigned to Service kube-system/other-lb[2J']);
    expect(withheldBy(sources, 'lan', LAN, undefined).infrastructure).toEqual([
      { address: ip('192.0.2.11'), role: 'node', name: 'worker-1' },
    ]);
    // Where they are not known there is nothing to withhold, and no mistake.
    expect(told(withheldByView(() => EMPTY_VIEW))).toEqual([]);
  });

  const A = 'https://192.0.2.9:6443';
  const B = 'https://192.0.2.10:6443';
  const followed = () => ({ server: A, namespace: 'metallb-system', poolsAsOfMs: 10 });
  const own = (server: string | null) => ({ pool: 'p', server, namespace: null });
  const reasons = (sources: WithheldBySources, server: string | null) =>
    withheldBy(sources, 'lan', LAN, undefined, own(server)).reserved.map(({ reason }) => reason);

  it('takes a pool of the same name in another cluster for another pool', () => {
    const sources: WithheldBySources = {
      pools: () => [{ name: 'p', addresses: set('192.0.2.200') }],
      requested: () => [{ address: ip('192.0.2.201'), service: 'shop/new' }],
      followed,
    };
    expect(reasons(sources, A)).toEqual([]);
    expect(reasons(sources, null)).toEqual([]);
    expect(reasons(sources, B)).toEqual(['asked for by Service shop/new', `pool p of ${A}`]);
    // Configured by hand: of whichever cluster.
    expect(reasons({ ...sources, followed: () => null }, B)).toEqual([]);
  });

  it('withholds what was claimed for a cluster that is not read, within the segment, and says by which claim', () => {
    const claimed = { id: 7, startedMs: 1, endedMs: 2, server: B, namespace: 'metallb-system', pool: 'p\u001b[2J' };
    const sources: WithheldBySources = { claims: () => [{ ...claimed, ranges: set('192.0.2.250-198.51.100.9') }], followed };
    expect(told(sources)).toEqual([`192.0.2.250-192.0.2.255: claimed for pool p[2J of ${B} (claim 7)`]);
    const plain: WithheldBySources = { ...sources, claims: () => [{ ...claimed, pool: 'p', ranges: set('192.0.2.250') }] };
    expect([reasons(plain, A), reasons(plain, B)]).toEqual([[`claimed for pool p of ${B} (claim 7)`], []]);
    expect(told({ ...plain, followed: () => ({ ...followed(), server: B }) })).toEqual([]);
  });

  it('asks for the servers of the segment in question', () => {
    const asked: string[] = [];
    const dhcpSpans = (name: string): readonly DhcpServer[] => {
      asked.push(name);
      return [];
    };
    withheldBy({ dhcpSpans }, 'lan', LAN, undefined);
    expect(asked).toEqual(['lan']);
  });

  const SPAN = '192.0.2.100-192.0.2.150: DHCP span of 192.0.2.1';
  const POOL = '192.0.2.7: pool small';
  it.each([
    [true, undefined, [POOL, SPAN], 'avoid', false],
    [true, 'avoid', [POOL, SPAN], 'avoid', false],
    [true, 'ignore', [POOL], 'ignore', true],
    [false, undefined, [POOL], 'ignore', false],
    [false, 'avoid', [POOL, SPAN], 'avoid', false],
    [false, 'ignore', [POOL], 'ignore', false],
  ] as const)('configured to avoid spans: %s, asked: %s', (configured, asked, reserved, dhcpSpans, weaker) => {
    const sources: WithheldBySources = {
      dhcpSpans: () => [server({})],
      avoidSpans: () => configured,
      pools: () => [{ name: 'small', addresses: set('192.0.2.7') }],
    };
    expect(told(sources, asked)).toEqual(reserved);
    expect(withheldBy(sources, 'lan', LAN, asked)).toMatchObject({ dhcpSpans, weakerThanConfigured: weaker });
  });

  it('withholds nothing, and would avoid spans, where nothing is known', () => {
    expect(withheldBy({}, 'lan', LAN, undefined)).toEqual({
      reserved: [],
      infrastructure: [],
      dhcpSpans: 'avoid',
      weakerThanConfigured: false,
    });
  });
});
