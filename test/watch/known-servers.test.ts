import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { DhcpServer } from '../../src/core/dhcp/types.ts';
import { KnownServers } from '../../src/watch/known-servers.ts';

const FIRST = ipv4(0xc0000202);
const SECOND = ipv4(0xc0000203);
const HANDED_OUT = ipv4(0xc0000264);
const RANGE = { first: ipv4(0xc0000200), last: ipv4(0xc00002ff) };
const DAY = 86_400_000;
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
  const said: Record<string, unknown>[] = [];
  const servers = new KnownServers(expected, {
    store: {
      dhcpServers: (segment) => stored.filter((one) => one.segment === segment),
      recordDhcpServers: (some) => void recorded.push(...some),
    },
    logger: pino({ level: 'warn' }, { write: (text: string) => void said.push(JSON.parse(text)) }),
    onUnexpected: (server) => void reported.push(server),
  });
  const hear = (server: ReturnType<typeof ipv4>, atMs: number, segment = 'lan', address = HANDED_OUT) =>
    servers.heard(segment, { server, mac: MAC, address }, atMs, RANGE);
  return { servers, reported, recorded, said, hear };
}

describe('the segments that are watched', () => {
  it('bring what an earlier run learned of them', () => {
    const { servers } = setUp([serverOn('lan'), serverOn('dmz')]);
    expect(servers.of()).toEqual([]);
    servers.keep(['lan']);
    expect(servers.of()).toMatchObject([serverOn('lan')]);
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

it('an address outside the segment is none of its server’s span', () => {
  const { servers, hear } = setUp();
  hear(FIRST, 1000, 'lan', ipv4(0x0a000001));
  expect(servers.of('lan')).toMatchObject([{ server: FIRST, span: null, messages: 1 }]);
  hear(FIRST, 2000);
  hear(FIRST, 3000, 'lan', ipv4(0xc0000300));
  expect(servers.of('lan')).toMatchObject([{ span: { first: HANDED_OUT, last: HANDED_OUT }, messages: 3 }]);
});

it('what was not handed out for a month is forgotten, looked at once a day, and stored', () => {
  const { servers, recorded, hear } = setUp();
  hear(FIRST, DAY);
  servers.store();
  recorded.length = 0;
  expect([servers.age(31 * DAY), servers.age(31.5 * DAY), servers.age(32 * DAY)]).toEqual([false, false, true]);
  expect(servers.of('lan')).toEqual([]);
  servers.store();
  expect(recorded).toMatchObject([{ server: FIRST, span: null }]);
});

it('that there are more servers than room is said once for each segment', () => {
  const { servers, said, hear } = setUp();
  for (const segment of ['lan', 'dmz', 'lan']) for (let n = 0; n < 200; n++) hear(ipv4(0xc6336400 + n), 1000 + n, segment);
  expect(said).toMatchObject([
    { segment: 'lan', servers: 64, refused: '198.51.100.64' },
    { segment: 'dmz', servers: 64 },
  ]);
  expect(servers.of('lan')).toHaveLength(64);
});

it('a flood of servers of a large segment is stored in parts, and all of it', () => {
  const { servers, recorded } = setUp();
  const range = { first: ipv4(0xc0000000), last: ipv4(0xc000ffff) };
  for (let n = 0; n < 20; n++) {
    for (const address of [range.first, range.last])
      servers.heard('lan', { server: ipv4(0xc6336400 + n), mac: MAC, address }, 1000, range);
  }
  servers.store();
  expect(recorded).toHaveLength(8);
  servers.store();
  servers.store();
  servers.store();
  expect(new Set(recorded.map(({ server }) => server)).size).toBe(20);
  expect(recorded).toHaveLength(20);
});
