import { describe, expect, it } from 'vitest';
import { createGuard, noteServers, openConflicts, setSegments, setView } from '../../../src/core/conflict/guard.ts';
import type { DhcpServer } from '../../../src/core/dhcp/types.ts';
import {
  assigned,
  guardOf,
  heard,
  LAN,
  lan,
  MINUTE,
  mac,
  NODE_1,
  PRINTER,
  SECOND,
  setOf,
  swept,
  T,
  told,
  VIEW,
} from './scene.ts';

describe('infrastructure', () => {
  const WIDE = { ...VIEW, pools: [{ name: 'wide', addresses: setOf('192.0.2.0/24') }] };

  it.each([
    ['the network address', 'network', lan(0)],
    ['the broadcast address', 'broadcast', lan(255)],
    ['the gateway', 'gateway', lan(1)],
  ] as const)('inside a pool is one conflict for each address: %s', (_name, role, address) => {
    const guard = guardOf({}, WIDE);
    expect(openConflicts(guard)).toHaveLength(3);
    expect(openConflicts(guard).filter((conflict) => conflict.address === address)).toMatchObject([
      { kind: 'infrastructure', stranger: null, segment: 'lan', pool: 'wide', detail: { role } },
    ]);
  });

  it('a node’s address, of whatever segment, and once where it has two parts', () => {
    const nodeAddresses = [
      { address: lan(205), node: 'node-1' },
      { address: lan(50), node: 'node-2' },
    ];
    const guard = guardOf({}, { ...VIEW, nodeAddresses });
    expect(openConflicts(guard)).toMatchObject([{ address: lan(205), detail: { role: 'node' }, segment: 'lan' }]);
    const own = { ...LAN, infrastructure: [{ address: lan(205), role: 'own' }] } as const;
    expect(told(setSegments(guard, [own], T + 1))).toEqual(['updated infrastructure 192.0.2.205 nobody'].slice(1));
    expect(openConflicts(guard)).toHaveLength(1);
  });

  it('is mended when it lies in the pool no more, and not when its segment’s link is down', () => {
    const guard = guardOf({}, WIDE);
    expect(setSegments(guard, [], T + 1)).toEqual([]);
    expect(told(setSegments(guard, [{ ...LAN, infrastructure: [LAN.infrastructure[2]] }], T + 2))).toEqual([
      'closed infrastructure 192.0.2.0 nobody mended',
      'closed infrastructure 192.0.2.255 nobody mended',
    ]);
    expect(told(setView(guard, VIEW, T + 3))).toEqual(['closed infrastructure 192.0.2.1 nobody mended']);
  });

  it('outlives a restart: neither told again nor closed before its segment is there', () => {
    const open = openConflicts(guardOf({}, WIDE));
    const settings = { closeAfterMs: MINUTE, splitBrainGraceMs: SECOND };
    const again = createGuard({ settings, open, nextId: 4, nowMs: T });
    expect(setSegments(again, [], T)).toEqual([]);
    expect(setView(again, WIDE, T)).toEqual([]);
    expect(setSegments(again, [LAN], T)).toEqual([]);
    expect(openConflicts(again)).toEqual(open);
  });
});

describe('scope-overlap', () => {
  const server = (first: number, last: number, more: Partial<DhcpServer> = {}): DhcpServer => ({
    segment: 'lan',
    server: lan(1),
    mac: mac(1),
    span: { first: lan(first), last: lan(last) },
    handedOut: { first: lan(first), days: new Uint16Array(last - first + 1).fill(1) },
    firstHeardMs: T,
    lastHeardMs: T,
    messages: 1,
    ...more,
  });

  it('is one conflict for each server and pool, at the first address they share', () => {
    const guard = guardOf();
    const changes = noteServers(guard, [server(100, 202), server(100, 199, { server: lan(2) })], T + 1);
    expect(told(changes)).toEqual([`opened scope-overlap 192.0.2.200 ${mac(1)}`]);
    expect(changes[0]?.conflict).toMatchObject({
      macs: [mac(1)],
      detail: { server: lan(1), overlap: { first: lan(200), last: lan(202) } },
    });
    expect(noteServers(guard, [server(100, 202)], T + 2)).toEqual([]);
  });

  it('is updated as the span grows, and mended when the server is forgotten, its span shrinks or the pool moves', () => {
    const guard = guardOf();
    noteServers(guard, [server(205, 206)], T);
    const changes = noteServers(guard, [server(204, 230, { mac: mac(2) })], T + 6 * SECOND);
    expect(changes).toMatchObject([
      {
        event: 'updated',
        conflict: {
          id: 1,
          address: lan(204),
          stranger: mac(2),
          macs: [mac(2), mac(1)],
          detail: { overlap: { first: lan(204), last: lan(219) } },
        },
      },
    ]);
    expect(told(noteServers(guard, [server(100, 150)], T + 7))).toEqual([`closed scope-overlap 192.0.2.204 ${mac(2)} mended`]);
    noteServers(guard, [server(205, 206)], T + 8);
    expect(told(noteServers(guard, [], T + 9))).toEqual([`closed scope-overlap 192.0.2.205 ${mac(1)} mended`]);
    noteServers(guard, [server(205, 206)], T + 10);
    const moved = { ...VIEW, pools: [{ name: 'production-pool', addresses: setOf('192.0.2.220-192.0.2.229') }] };
    expect(told(setView(guard, moved, T + 11))).toEqual([`closed scope-overlap 192.0.2.205 ${mac(1)} mended`]);
  });

  it('reaches over a gap of the pool, and not where the span lies in the gap', () => {
    const guard = guardOf({}, { ...VIEW, pools: [{ name: 'holey', addresses: setOf('192.0.2.200', '192.0.2.210') }] });
    const changes = noteServers(guard, [server(201, 209, { server: lan(2) }), server(100, 250)], T);
    expect(changes.map(({ conflict }) => conflict.detail.overlap)).toEqual([{ first: lan(200), last: lan(210) }]);
  });

  const handedOutOnly = (...lasts: readonly number[]) => {
    const all = server(Math.min(...lasts), Math.max(...lasts));
    return {
      ...all,
      handedOut: { first: lan(0), days: Uint16Array.from({ length: 256 }, (_, at) => (lasts.includes(at) ? 1 : 0)) },
    };
  };

  it('is none where the span only reaches over the pool, and reaches from the first to the last that was handed out', () => {
    const guard = guardOf();
    expect(noteServers(guard, [handedOutOnly(100, 199, 220, 250)], T)).toEqual([]);
    const changes = noteServers(guard, [handedOutOnly(100, 207, 203, 250)], T + 1);
    expect(changes).toMatchObject([
      { conflict: { address: lan(203), detail: { overlap: { first: lan(203), last: lan(207) } } } },
    ]);
    expect(told(noteServers(guard, [handedOutOnly(100, 250)], T + 2))).toEqual([
      `closed scope-overlap 192.0.2.203 ${mac(1)} mended`,
    ]);
  });

  it('of a span of which only the ends are known is where they are', () => {
    const guard = guardOf();
    const { handedOut: _, ...plain } = server(205, 250);
    expect(noteServers(guard, [{ ...plain, span: { first: lan(100), last: lan(250) } }], T)).toEqual([]);
    expect(noteServers(guard, [plain], T + 1)).toMatchObject([
      { conflict: { detail: { overlap: { first: lan(205), last: lan(205) } } } },
    ]);
  });

  it('lease files are told by their name, and a server without a span is none', () => {
    const guard = guardOf();
    const leases = server(205, 205, { server: 'lease-file', mac: null });
    const changes = noteServers(guard, [leases, server(0, 0, { server: lan(3), span: null })], T);
    expect(changes).toMatchObject([{ conflict: { stranger: null, detail: { server: 'lease-file' } } }]);
  });

  it('outlives a restart: not closed before the servers are known, not told again after', () => {
    const guard = guardOf();
    noteServers(guard, [server(205, 206)], T);
    const again = guardOf({ open: openConflicts(guard), nextId: 2 });
    expect(openConflicts(again)).toHaveLength(1);
    expect(noteServers(again, [server(205, 206)], T + 1)).toEqual([]);
    expect(told(noteServers(again, [], T + 2))).toHaveLength(1);
  });
});

describe('unannounced', () => {
  it('is an address that a Service holds and two valid sweeps in a row found silent', () => {
    const guard = guardOf({}, assigned(205));
    expect(swept(guard, 0)).toEqual([]);
    const changes = swept(guard, MINUTE);
    expect(told(changes)).toEqual(['opened unannounced 192.0.2.205 nobody']);
    expect(changes[0]?.conflict).toMatchObject({ service: 'shop/web-205', macs: [], firstSeenMs: T });
    expect(swept(guard, 2 * MINUTE)).toEqual([]);
  });

  it.each<[string, (guard: ReturnType<typeof guardOf>) => void]>([
    [
      'a node answered in the first',
      (guard) => {
        heard(guard, 'arp-reply', NODE_1, lan(205), 100);
        swept(guard, 0);
        swept(guard, MINUTE);
      },
    ],
    [
      'a node was heard between them',
      (guard) => {
        swept(guard, 0);
        heard(guard, 'arp-announcement', NODE_1, lan(205), 30 * SECOND);
        swept(guard, MINUTE);
      },
    ],
    [
      'a stranger uses it',
      (guard) => {
        swept(guard, 0);
        heard(guard, 'arp-announcement', PRINTER, lan(205), 30 * SECOND);
        swept(guard, MINUTE);
      },
    ],
    [
      'one of them was not valid',
      (guard) => {
        swept(guard, 0);
        swept(guard, MINUTE, { valid: false });
      },
    ],
    [
      'one of them did not look',
      (guard) => {
        swept(guard, 0);
        swept(guard, MINUTE, { looked: setOf('192.0.2.1-192.0.2.199') });
      },
    ],
    [
      'it was assigned while the first was running',
      (guard) => {
        setView(guard, VIEW, T);
        setView(guard, assigned(205), T + 500);
        swept(guard, 0);
        swept(guard, MINUTE);
      },
    ],
    [
      'assignments are not known',
      (guard) => {
        setView(guard, VIEW, T);
        swept(guard, 0);
        swept(guard, MINUTE);
      },
    ],
    [
      'it is in no pool',
      (guard) => {
        setView(guard, assigned(100), T);
        swept(guard, 0);
        swept(guard, MINUTE);
      },
    ],
  ])('is none where %s', (_name, happens) => {
    const guard = guardOf({}, assigned(205));
    happens(guard);
    expect(openConflicts(guard).filter(({ kind }) => kind === 'unannounced')).toEqual([]);
  });

  it.each<[string, (guard: ReturnType<typeof guardOf>) => readonly string[], number]>([
    ['a node answers', (guard) => told(heard(guard, 'arp-reply', NODE_1, lan(205), 2 * MINUTE)), 1],
    ['a node only probes', (guard) => told(heard(guard, 'arp-probe', NODE_1, lan(205), 2 * MINUTE)), 0],
    ['no Service holds it any more', (guard) => told(setView(guard, assigned(201), T)), 1],
    ['it is not known any more which addresses are held', (guard) => told(setView(guard, VIEW, T)), 0],
  ])('is mended when %s', (_name, happens, closed) => {
    const guard = guardOf({}, assigned(205));
    swept(guard, 0);
    swept(guard, MINUTE);
    expect(happens(guard)).toEqual(['closed unannounced 192.0.2.205 nobody mended'].slice(0, closed));
  });
});
