import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { DhcpServer } from '../../src/core/dhcp/types.ts';
import { createLogger } from '../../src/system/logger.ts';
import { KnownServers } from '../../src/watch/known-servers.ts';

const FIRST = ipv4(0xc0000202);
const SECOND = ipv4(0xc0000203);
const HANDED_OUT = ipv4(0xc0000264);
const MAC = '52:54:00:00:00:02' as Mac;

const serverOn = (segment: string): DhcpServer => ({
  segment,
  server: FIRST,
  mac: MAC,
  span: { first: HANDED_OUT, last: HANDED_OUT },
  firstHeardMs: 1000,
  lastHeardMs: 2000,
  messages: 3,
});

function setUp(stored: readonly DhcpServer[] = [], expected: readonly ReturnType<typeof ipv4>[] = []) {
  const reported: DhcpServer[] = [];
  const recorded: DhcpServer[] = [];
  const servers = new KnownServers(expected, {
    store: {
      dhcpServers: (segment) => stored.filter((one) => one.segment === segment),
      recordDhcpServers: (some) => void recorded.push(...some),
    },
    logger: createLogger({ level: 'silent' }),
    onUnexpected: (server) => void reported.push(server),
  });
  const hear = (server: ReturnType<typeof ipv4>, atMs: number, segment = 'lan') =>
    servers.heard(segment, { server, mac: MAC, address: HANDED_OUT }, atMs);
  return { servers, reported, recorded, hear };
}

describe('the segments that are watched', () => {
  it('bring what an earlier run learned of them', () => {
    const { servers } = setUp([serverOn('lan'), serverOn('dmz')]);
    expect(servers.of()).toEqual([]);
    servers.keep(['lan']);
    expect(servers.of()).toEqual([serverOn('lan')]);
  });

  it('take it with them when they go', () => {
    const { servers, hear } = setUp();
    hear(FIRST, 1000, 'lan');
    hear(FIRST, 1000, 'dmz');
    servers.keep(['dmz']);
    expect(servers.of().map(({ segment }) => segment)).toEqual(['dmz']);
  });
});

describe('an unexpected server', () => {
  it('is any but the first that was heard, told once', () => {
    const { servers, reported, hear } = setUp();
    hear(FIRST, 1000);
    hear(SECOND, 2000);
    hear(SECOND, 3000);
    expect(reported.map(({ server }) => server)).toEqual([SECOND]);
    expect(servers.of('lan').map((one) => servers.isUnexpected(one))).toEqual([false, true]);
  });

  it('is whoever is not named, where some are', () => {
    const { servers, reported, hear } = setUp([], [SECOND]);
    hear(FIRST, 1000);
    hear(SECOND, 2000);
    expect(reported.map(({ server }) => server)).toEqual([FIRST]);
    servers.expect([FIRST, SECOND]);
    hear(FIRST, 3000);
    expect(reported).toHaveLength(1);
  });
});

it('what changed is stored once', () => {
  const { servers, recorded, hear } = setUp();
  hear(FIRST, 1000);
  servers.store();
  servers.store();
  expect(recorded).toMatchObject([{ server: FIRST, span: { first: HANDED_OUT, last: HANDED_OUT } }]);
});
