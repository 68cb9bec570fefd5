import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4, parseIpv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import {
  ageScopes,
  createScopes,
  type HandedOut,
  KEPT_DAYS,
  MAX_SERVERS_PER_SEGMENT,
  noteHandedOut,
  noteLeases,
  type Scopes,
  SERVER_KEPT_MS,
  serversOf,
} from '../../../src/core/dhcp/scopes.ts';

const T = 1_700_000_000_000;
const MINUTE = 60_000;
const SERVER_MAC = '02:00:00:00:00:01' as Mac;
const ip = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const lan = (last: number): Ipv4 => ip(`192.0.2.${last}`);

const handedOut = (scopes: Scopes, last: number | null, atMs: number, more: Partial<HandedOut> = {}) =>
  noteHandedOut(scopes, {
    segment: 'lan',
    server: lan(1),
    mac: SERVER_MAC,
    address: last === null ? null : lan(last),
    atMs: T + atMs,
    ...more,
  });

describe('a server', () => {
  it('is learned from what it hands out, and its span only grows', () => {
    const scopes = createScopes([]);
    expect(handedOut(scopes, 120, 0)).toMatchObject({
      segment: 'lan',
      server: lan(1),
      mac: SERVER_MAC,
      span: { first: lan(120), last: lan(120) },
      firstHeardMs: T,
      lastHeardMs: T,
      messages: 1,
    });
    expect(handedOut(scopes, 110, 1)).toMatchObject({ span: { first: lan(110), last: lan(120) }, messages: 2 });
    expect(handedOut(scopes, 150, 2)).toMatchObject({ span: { first: lan(110), last: lan(150) } });
    expect(handedOut(scopes, 130, 3)).not.toBeNull();
    expect(handedOut(scopes, 130, 3)).toBeNull();
    expect(serversOf(scopes)).toMatchObject([{ firstHeardMs: T, lastHeardMs: T + 3, messages: 5 }]);
  });

  it('that only a client named is one without a span; its own MAC comes with its own message', () => {
    const scopes = createScopes([]);
    expect(handedOut(scopes, null, 0, { mac: null })).toMatchObject({ span: null, mac: null });
    handedOut(scopes, 120, 1);
    handedOut(scopes, null, 2, { mac: null });
    expect(serversOf(scopes)).toMatchObject([{ mac: SERVER_MAC, span: { first: lan(120), last: lan(120) }, messages: 3 }]);
  });

  it('of which nothing is new is worth storing once a minute', () => {
    const scopes = createScopes([]);
    const worth = Array.from({ length: 300 }, (_, second) => handedOut(scopes, 120, second * 1_000)).filter(
      (one) => one !== null,
    );
    expect(worth.map(({ lastHeardMs }) => (lastHeardMs - T) / MINUTE)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is one in each segment', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 120, 0);
    handedOut(scopes, 130, 0, { segment: 'iot' });
    handedOut(scopes, 140, 0, { server: lan(2) });
    expect(serversOf(scopes).map(({ segment, server }) => [segment, server])).toEqual([
      ['iot', lan(1)],
      ['lan', lan(1)],
      ['lan', lan(2)],
    ]);
    expect(serversOf(scopes, 'iot')).toHaveLength(1);
    expect(serversOf(scopes, 'none')).toEqual([]);
  });

  it('is known again after a restart', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 120, 0);
    const again = createScopes(serversOf(scopes));
    expect(serversOf(again)).toEqual(serversOf(scopes));
    expect(handedOut(again, 121, 1)).toMatchObject({ span: { first: lan(120), last: lan(121) }, messages: 2 });
  });
});

describe('lease files', () => {
  it('span what they hold now: it may shrink, and be nothing', () => {
    const scopes = createScopes([]);
    expect(noteLeases(scopes, 'lan', [], T)).toBeNull();
    expect(serversOf(scopes)).toEqual([]);
    expect(noteLeases(scopes, 'lan', [lan(130), lan(110), lan(150)], T)).toMatchObject({
      server: 'lease-file',
      mac: null,
      span: { first: lan(110), last: lan(150) },
    });
    expect(noteLeases(scopes, 'lan', [lan(150), lan(110), lan(130)], T + 1)).toBeNull();
    expect(noteLeases(scopes, 'lan', [lan(150), lan(110)], T + 1)).toMatchObject({ span: { first: lan(110), last: lan(150) } });
    expect(noteLeases(scopes, 'lan', [lan(120)], T + 1, false)).toMatchObject({ span: { first: lan(110), last: lan(150) } });
    expect(noteLeases(scopes, 'lan', [lan(120)], T + 2)).toMatchObject({ span: { first: lan(120), last: lan(120) } });
    expect(noteLeases(scopes, 'lan', [], T + 3)).toMatchObject({ span: null });
  });
});

describe('what was handed out', () => {
  const DAY = 24 * 60 * MINUTE;
  /** Begins with the first moment of a day, at which the next one is a whole day away. */
  const START = Math.ceil(T / DAY) * DAY - T;
  const spans = (scopes: Scopes) => serversOf(scopes, 'lan').map(({ span }) => span && [span.first - lan(0), span.last - lan(0)]);

  it('is forgotten 30 days after the last time, and the span is that of the rest', () => {
    const scopes = createScopes([]);
    for (const last of [100, 150, 210]) handedOut(scopes, last, START);
    for (let day = 1; day <= 40; day++) handedOut(scopes, day % 2 === 0 ? 100 : 150, START + day * DAY);
    expect(spans(scopes)).toEqual([[100, 210]]);
    expect(ageScopes(scopes, T + START + KEPT_DAYS * DAY)).toEqual([]);
    expect(ageScopes(scopes, T + START + (KEPT_DAYS + 1) * DAY)).toMatchObject([
      { server: lan(1), span: { first: lan(100), last: lan(150) } },
    ]);
    expect(spans(scopes)).toEqual([[100, 150]]);
    expect(ageScopes(scopes, T + START + (KEPT_DAYS + 1) * DAY)).toEqual([]);
  });

  it('outlives its server’s silence for 30 days; then the server is forgotten, but not lease files', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 100, START);
    handedOut(scopes, null, START, { server: lan(2) });
    noteLeases(scopes, 'lan', [lan(120)], T + START);
    expect(ageScopes(scopes, T + START + KEPT_DAYS * DAY)).toEqual([]);
    expect(ageScopes(scopes, T + START + 31 * DAY)).toMatchObject([
      { server: lan(1), span: null },
      { server: lan(2), span: null },
    ]);
    expect(serversOf(scopes).map(({ server }) => server)).toEqual(['lease-file']);
  });

  it('is gone while its server is still heard, and the server stays', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 100, START);
    handedOut(scopes, null, START + 31 * DAY);
    ageScopes(scopes, T + START + 31 * DAY);
    expect(spans(scopes)).toEqual([null]);
    handedOut(scopes, 101, START + 31 * DAY);
    expect(spans(scopes)).toEqual([[101, 101]]);
  });

  it('on a day that is still to come, by a clock that was set back, was handed out today', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 100, START + 1000 * DAY);
    ageScopes(scopes, T + START);
    handedOut(scopes, 110, START);
    expect(ageScopes(scopes, T + START + 31 * DAY)).toMatchObject([{ span: null }]);
  });

  it('comes back after a restart; of a server stored without it the ends of its span were handed out when it was heard', () => {
    const old = { segment: 'lan', server: lan(1), mac: null, firstHeardMs: T, lastHeardMs: T + START, messages: 1 };
    const scopes = createScopes([{ ...old, span: { first: lan(100), last: lan(240) } }]);
    expect(spans(scopes)).toEqual([[100, 240]]);
    handedOut(scopes, 120, START + DAY);
    expect(spans(createScopes(serversOf(scopes)))).toEqual([[100, 240]]);
    ageScopes(scopes, T + START + 31 * DAY);
    expect(spans(scopes)).toEqual([[120, 120]]);
    // No segment is as wide: it goes with the first address, or with its age.
    const wide = createScopes([{ ...old, span: { first: ip('10.0.0.0'), last: lan(240) } }]);
    expect(ageScopes(wide, T + START + 30 * DAY)).toEqual([]);
    expect(ageScopes(wide, T + START + 31 * DAY)).toMatchObject([{ span: null }]);
  });

  it('has a bound: an address too far from the others is not noted', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 100, 0);
    expect(handedOut(scopes, null, 1, { address: ip('198.51.100.1') })).toBeNull();
    expect(spans(scopes)).toEqual([[100, 100]]);
    for (let at = 0; at < 65_536; at += 64) handedOut(scopes, null, 2, { address: ipv4(ip('192.0.0.0') + at) });
    expect(serversOf(scopes)[0]?.handedOut?.days).toHaveLength(65_536);
  });
});

describe('the number of servers', () => {
  const crowd = (scopes: Scopes, from: number, atMs: number): number =>
    Array.from({ length: 1_000 }, (_, index) => handedOut(scopes, 120, atMs, { server: ipv4(from + index) })).filter(
      (one) => one !== null,
    ).length;

  it('has a bound: invented ones push out neither lease files nor who was heard lately', () => {
    const scopes = createScopes([]);
    noteLeases(scopes, 'lan', [lan(120)], T - 1e9);
    handedOut(scopes, 120, 0);
    expect(crowd(scopes, 0x0a000000, 1)).toBe(MAX_SERVERS_PER_SEGMENT - 2);
    expect(crowd(scopes, 0x0b000000, SERVER_KEPT_MS - 1)).toBe(0);
    expect(scopes.refused).toBe(2_000 - (MAX_SERVERS_PER_SEGMENT - 2));
    const servers = serversOf(scopes, 'lan').map(({ server }) => server);
    expect(servers).toHaveLength(MAX_SERVERS_PER_SEGMENT);
    expect(servers).toContain(lan(1));
    expect(servers.at(-1)).toBe('lease-file');
  });

  it('lets go of the one that was heard longest ago', () => {
    const scopes = createScopes([]);
    handedOut(scopes, 120, 0, { server: lan(9) });
    handedOut(scopes, 120, 5, { server: lan(8) });
    crowd(scopes, 0x0a000000, 10);
    handedOut(scopes, 120, 20, { server: lan(9) });
    expect(handedOut(scopes, 120, SERVER_KEPT_MS + 6, { server: lan(7) })).not.toBeNull();
    const servers = serversOf(scopes, 'lan').map(({ server }) => server);
    expect([servers.includes(lan(7)), servers.includes(lan(8)), servers.includes(lan(9))]).toEqual([true, false, true]);
  });

  it('holds for what the ledger gives back', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      segment: 'lan',
      server: ipv4(index + 1),
      mac: null,
      span: null,
      firstHeardMs: T,
      lastHeardMs: T + index,
      messages: 1,
    }));
    const kept = serversOf(createScopes(many), 'lan');
    expect(kept).toHaveLength(MAX_SERVERS_PER_SEGMENT);
    expect(kept[0]?.lastHeardMs).toBe(T + 100 - MAX_SERVERS_PER_SEGMENT);
  });
});

it('a span is always from the least to the largest address that was handed out', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 1, max: 254 })), { minLength: 1, maxLength: 40 }), (lasts) => {
      const scopes = createScopes([]);
      lasts.forEach((last, index) => {
        handedOut(scopes, last, index);
      });
      const given = lasts.filter((last) => last !== null);
      const span = given.length === 0 ? null : { first: lan(Math.min(...given)), last: lan(Math.max(...given)) };
      expect(serversOf(scopes)).toMatchObject([{ span, messages: lasts.length }]);
      const leases = createScopes([]);
      noteLeases(leases, 'lan', given.map(lan), T);
      expect(serversOf(leases)[0]?.span ?? null).toEqual(span);
    }),
  );
});
