import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import { dismissed, type Guard, openConflicts, setSegments, setStandIns, setView } from '../../../src/core/conflict/guard.ts';
import type { ConflictChange } from '../../../src/core/conflict/types.ts';
import type { SightingSource } from '../../../src/core/evidence/sighting.ts';
import {
  guardOf,
  HOUR,
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
  ticked,
  told,
  VIEW,
} from './scene.ts';

const ROUTER = mac(0xee);
const SPOKEN: readonly SightingSource[] = ['arp-announcement', 'arp-request', 'dhcp-request'];

/** Answers to us for all of these, a millisecond apart. */
const answers = (guard: Guard, from: Mac, lasts: readonly number[], atMs = 0): readonly ConflictChange[] =>
  lasts.flatMap((last, index) => heard(guard, 'arp-reply', from, lan(last), atMs + index));
const span = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
const kinds = (guard: Guard): readonly string[] => openConflicts(guard).map(({ kind }) => kind);

/** Whatever rule spares its answers: what it says of itself counts. */
function expectSpokenToCount(guard: Guard, from: Mac, atMs: number): void {
  SPOKEN.forEach((source, index) => {
    expect(told(heard(guard, source, from, lan(210 + index), atMs))).toHaveLength(1);
  });
}

describe('speaker', () => {
  it.each<SightingSource>(['arp-reply', 'arp-request', 'arp-announcement'])('a node raises nothing by a use: %s', (source) => {
    const guard = guardOf();
    heard(guard, source, NODE_1, lan(205), 0);
    ticked(guard, MINUTE);
    expect([kinds(guard), dismissed(guard)['speaker']]).toEqual([[], 1]);
  });
});

describe('neighbour-table', () => {
  it('our own kernel’s memory raises nothing, and says nothing for a node', () => {
    const guard = guardOf();
    heard(guard, 'neighbour', PRINTER, lan(205), 0);
    heard(guard, 'neighbour', NODE_1, lan(206), 0);
    expect([kinds(guard), dismissed(guard)['neighbour-table']]).toEqual([[], 1]);
    expect(heard(guard, 'arp-announcement', PRINTER, lan(206), 1)[0]?.conflict.kind).toBe('squatter');
  });

  it('nor does an answer to a ping of which nobody knows whose it was', () => {
    const guard = guardOf();
    expect(heard(guard, 'icmp-reply', null, lan(205), 0)).toEqual([]);
    expect(kinds(guard)).toEqual([]);
  });
});

describe('proxy-arp', () => {
  it('a router that answers us for everything raises nothing, from its first answer on', () => {
    const guard = guardOf();
    expect(answers(guard, ROUTER, [205, ...span(10, 20), 206])).toEqual([]);
    expect(ticked(guard, 2 * SECOND)).toEqual([]);
    expect(dismissed(guard)['proxy-arp']).toBe(2);
    expectSpokenToCount(guard, ROUTER, 3 * SECOND);
  });

  it.each([
    ['seven addresses', span(10, 6)],
    ['mostly addresses of the pool', [...span(206, 8), 10, 11, 12]],
  ])('a host that answers for %s is a stranger', (_name, others) => {
    const guard = guardOf();
    answers(guard, ROUTER, [205, ...others]);
    ticked(guard, 2 * SECOND);
    expect(kinds(guard)).toContain('squatter');
  });

  it('answers to others than us are those of a host', () => {
    const guard = guardOf();
    for (const last of span(10, 20)) heard(guard, 'arp-reply', ROUTER, lan(last), last, { solicited: false });
    answers(guard, ROUTER, [205], 100);
    expect(told(ticked(guard, 2 * SECOND))).toEqual([`opened squatter 192.0.2.205 ${ROUTER}`]);
  });

  it('slow answers are those of a host', () => {
    const guard = guardOf();
    span(10, 30).forEach((last, index) => {
      heard(guard, 'arp-reply', ROUTER, lan(last), index * 400);
    });
    heard(guard, 'arp-reply', ROUTER, lan(205), 12 * SECOND);
    expect(told(ticked(guard, 14 * SECOND))).toEqual([`opened squatter 192.0.2.205 ${ROUTER}`]);
  });

  it('whom the sweeps caught is dismissed at once, and what was raised on its answers alone ends', () => {
    const guard = guardOf();
    answers(guard, ROUTER, [205]);
    ticked(guard, 2 * SECOND);
    heard(guard, 'arp-announcement', ROUTER, lan(206), 2 * SECOND);
    heard(guard, 'arp-reply', mac(7), lan(207), 2 * SECOND);
    ticked(guard, 4 * SECOND);
    setStandIns(guard, 'lan', [ROUTER]);
    expect(told(ticked(guard, 5 * SECOND))).toEqual([`closed squatter 192.0.2.205 ${ROUTER} dismissed (proxy-arp)`]);
    answers(guard, ROUTER, [205, 208], 6 * SECOND);
    ticked(guard, 9 * SECOND);
    expect(openConflicts(guard).map(({ stranger }) => stranger)).toEqual([ROUTER, mac(7)]);
  });

  it('is found late: what was raised on its answers ends when it answers for everything', () => {
    const guard = guardOf();
    answers(guard, ROUTER, [205]);
    expect(told(ticked(guard, 2 * SECOND))).toEqual([`opened squatter 192.0.2.205 ${ROUTER}`]);
    expect(told(answers(guard, ROUTER, span(10, 8), MINUTE))).toEqual([
      `closed squatter 192.0.2.205 ${ROUTER} dismissed (proxy-arp)`,
    ]);
  });

  it('an address that it announced is its own: answers for it count', () => {
    const guard = guardOf();
    setStandIns(guard, 'lan', [ROUTER]);
    heard(guard, 'arp-announcement', ROUTER, lan(205), 0);
    heard(guard, 'arp-reply', ROUTER, lan(205), HOUR);
    expect(openConflicts(guard)).toMatchObject([{ sightings: 2, lastSeenMs: T + HOUR }]);
  });

  it('a segment that is all pool: eight answers do until the first valid sweep, and then the sweeps have the word', () => {
    const guard = guardOf({}, { ...VIEW, pools: [{ name: 'all', addresses: setOf('192.0.2.0/24') }] });
    answers(guard, ROUTER, span(200, 10));
    ticked(guard, 2 * SECOND);
    expect(kinds(guard).filter((kind) => kind === 'squatter')).toEqual([]);
    swept(guard, 3 * SECOND);
    answers(guard, ROUTER, span(200, 10), MINUTE);
    ticked(guard, MINUTE + 2 * SECOND);
    expect(kinds(guard).filter((kind) => kind === 'squatter')).toHaveLength(10);
  });

  it('is one of its own segment only', () => {
    const guard = guardOf();
    setStandIns(guard, 'other', [ROUTER]);
    answers(guard, ROUTER, [205]);
    expect(told(ticked(guard, 2 * SECOND))).toHaveLength(1);
  });
});

describe('stands-in-for-sleepers', () => {
  const ACCESS_POINT = mac(0xab);
  const introduce = (guard: Guard): void => {
    for (const last of [50, 51, 52, 53]) heard(guard, 'arp-request', mac(last), lan(last), 0);
  };
  const elsewhere = { solicited: false };

  it('an access point that answers for three hosts that spoke themselves raises nothing by an answer', () => {
    const guard = guardOf();
    introduce(guard);
    for (const last of [50, 51, 52]) heard(guard, 'arp-reply', ACCESS_POINT, lan(last), SECOND, elsewhere);
    expect(answers(guard, ACCESS_POINT, [205], MINUTE)).toEqual([]);
    expect(ticked(guard, 2 * MINUTE)).toEqual([]);
    expect(dismissed(guard)['stands-in-for-sleepers']).toBe(1);
    expectSpokenToCount(guard, ACCESS_POINT, 3 * MINUTE);
  });

  it.each<[string, (guard: Guard) => void]>([
    ['for two others', (guard) => answers(guard, ACCESS_POINT, [50, 51], SECOND)],
    ['for addresses of nobody', (guard) => answers(guard, ACCESS_POINT, [60, 61, 62], SECOND)],
    [
      'for addresses that it took over itself',
      (guard) => {
        answers(guard, ACCESS_POINT, [50, 51], SECOND);
        heard(guard, 'arp-announcement', ACCESS_POINT, lan(50), 2 * SECOND);
        answers(guard, ACCESS_POINT, [50, 52], 3 * SECOND);
      },
    ],
    [
      'for addresses of Services',
      (guard) => {
        for (const last of [206, 207, 208]) heard(guard, 'arp-announcement', NODE_1, lan(last), SECOND);
        answers(guard, ACCESS_POINT, [206, 207, 208], 2 * SECOND);
      },
    ],
  ])('a host that answers %s is a stranger', (_name, before) => {
    const guard = guardOf();
    introduce(guard);
    before(guard);
    answers(guard, ACCESS_POINT, [205], MINUTE);
    expect(told(ticked(guard, 2 * MINUTE))).toContain(`opened squatter 192.0.2.205 ${ACCESS_POINT}`);
  });

  it('what was raised on its answers ends when it turns out', () => {
    const guard = guardOf();
    introduce(guard);
    heard(guard, 'arp-reply', ACCESS_POINT, lan(205), 0, elsewhere);
    expect(kinds(guard)).toEqual(['squatter']);
    expect(told(answers(guard, ACCESS_POINT, [50, 51, 52], SECOND))).toEqual([
      `closed squatter 192.0.2.205 ${ACCESS_POINT} dismissed (stands-in-for-sleepers)`,
    ]);
  });

  it('the bridge that passes an answer on is nobody: who it speaks of counts', () => {
    const guard = guardOf();
    introduce(guard);
    for (const last of [50, 51, 52, 53]) {
      heard(guard, 'arp-reply', mac(last), lan(last), SECOND, { relayedBy: ACCESS_POINT });
    }
    heard(guard, 'arp-reply', PRINTER, lan(205), SECOND, { relayedBy: ACCESS_POINT });
    expect(told(ticked(guard, MINUTE))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
  });
});

describe('virtual-router', () => {
  const VIRTUAL = [
    ['VRRP', '00:00:5e:00:01:0a'],
    ['HSRP 1', '00:00:0c:07:ac:0a'],
    ['HSRP 2', '00:00:0c:9f:f0:0a'],
    ['GLBP', '00:07:b4:00:01:02'],
  ] as const;

  it.each(VIRTUAL)('%s: answers of a MAC with an address of its own elsewhere raise nothing', (_name, text) => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', text as Mac, lan(2), 0);
    answers(guard, text as Mac, [205, 206], SECOND);
    expect(ticked(guard, MINUTE)).toEqual([]);
    expect(dismissed(guard)['virtual-router']).toBe(2);
    expectSpokenToCount(guard, text as Mac, 2 * MINUTE);
  });

  it('one that answers for a single pool address has its virtual address there, whatever else it has, and a day later again', () => {
    const guard = guardOf();
    const virtual = VIRTUAL[0][1] as Mac;
    heard(guard, 'arp-announcement', virtual, lan(2), 0);
    answers(guard, virtual, [205], SECOND);
    expect(told(ticked(guard, MINUTE))).toEqual([`opened squatter 192.0.2.205 ${virtual}`]);
    answers(guard, virtual, [206, 207], 25 * HOUR);
    expect(ticked(guard, 26 * HOUR)).toHaveLength(2);
  });

  it.each(VIRTUAL)('%s: who answers for the gateway is a router', (_name, text) => {
    const guard = guardOf();
    answers(guard, text as Mac, [1, 205]);
    expect(ticked(guard, MINUTE)).toEqual([]);
  });

  it('what was raised on its answers ends with the next one, when its own address is known', () => {
    const guard = guardOf();
    const virtual = VIRTUAL[0][1] as Mac;
    answers(guard, virtual, [205]);
    ticked(guard, 2 * SECOND);
    heard(guard, 'arp-announcement', virtual, lan(2), MINUTE);
    expect(answers(guard, virtual, [206], MINUTE + SECOND)).toEqual([]);
    expect(told(answers(guard, virtual, [205], 2 * MINUTE))).toEqual([
      `closed squatter 192.0.2.205 ${virtual} dismissed (virtual-router)`,
    ]);
  });

  it.each<[string, Mac, Ipv4 | null]>([
    ['a virtual address in the pool', '00:00:5e:00:01:0a' as Mac, null],
    ['a virtual address in the pool, announced', '00:00:5e:00:01:0a' as Mac, lan(205)],
    ['any other MAC with an address elsewhere', '00:00:5e:00:02:0a' as Mac, lan(2)],
    ['a real Cisco', '00:00:0c:9f:e0:0a' as Mac, lan(2)],
  ])('%s is a conflict', (_name, from, announced) => {
    const guard = guardOf();
    if (announced !== null) heard(guard, 'arp-announcement', from, announced, 0);
    answers(guard, from, [205], SECOND);
    ticked(guard, MINUTE);
    expect(kinds(guard)).toEqual(['squatter']);
  });
});

describe('scanner', () => {
  const SCANNER = mac(0xcc);
  const probes = (guard: Guard, lasts: readonly number[], fromMs: number, everyMs: number): readonly ConflictChange[] =>
    lasts.flatMap((last, index) => [
      ...ticked(guard, fromMs + index * everyMs),
      ...heard(guard, 'arp-probe', SCANNER, lan(last), fromMs + index * everyMs),
    ]);

  it('a fast one raises nothing, the addresses before the pool or after it', () => {
    const guard = guardOf();
    expect(probes(guard, [...span(203, 10), 10, 11], 0, 10)).toEqual([]);
    expect(ticked(guard, MINUTE)).toEqual([]);
    expect(dismissed(guard)['scanner']).toBeGreaterThanOrEqual(10);
  });

  it('a slow one is found at its twelfth address, and what it raised by then ends', () => {
    const guard = guardOf();
    probes(guard, span(208, 11), 0, 4 * SECOND);
    ticked(guard, 43 * SECOND);
    expect(kinds(guard)).toHaveLength(11);
    const changes = heard(guard, 'arp-probe', SCANNER, lan(100), 44 * SECOND);
    expect(changes).toHaveLength(11);
    for (const change of changes) expect(change).toMatchObject({ event: 'closed', conflict: { detail: { rule: 'scanner' } } });
    expect(kinds(guard)).toEqual([]);
  });

  it('what it asked for by DHCP too stays', () => {
    const guard = guardOf();
    heard(guard, 'dhcp-request', SCANNER, lan(205), 0);
    heard(guard, 'arp-probe', SCANNER, lan(205), 1);
    probes(guard, span(10, 10), 10, 10);
    expect(kinds(guard)).toEqual(['imminent']);
  });

  it('is remembered for ten minutes after its last probe', () => {
    const guard = guardOf();
    probes(guard, span(10, 10), 0, 10);
    probes(guard, [205], 9 * MINUTE, 0);
    probes(guard, [206], 18 * MINUTE, 0);
    ticked(guard, 19 * MINUTE);
    expect(kinds(guard)).toEqual([]);
    probes(guard, [207], 29 * MINUTE, 0);
    expect(told(ticked(guard, 29 * MINUTE + SECOND))).toEqual([`opened imminent 192.0.2.207 ${SCANNER}`]);
  });

  it.each<[string, readonly number[], number]>([
    ['three addresses at once', [205, 10, 11], 1],
    ['eleven in a minute', [205, ...span(10, 10)], 5 * SECOND],
    ['one address again and again', Array.from({ length: 40 }, () => 205), 200],
    ['twelve in more than a minute', [205, ...span(10, 11)], 6 * SECOND],
  ])('a device that probes for %s is none', (_name, lasts, everyMs) => {
    const guard = guardOf();
    probes(guard, lasts, 0, everyMs);
    ticked(guard, HOUR);
    expect(openConflicts(guard)).toMatchObject([{ kind: 'imminent', stranger: SCANNER }]);
  });

  it('does not keep a conflict of its own open by probing on', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', SCANNER, lan(205), 0);
    probes(guard, [...span(10, 10), 205], SECOND, 10);
    expect(openConflicts(guard)).toMatchObject([{ sightings: 1, lastSeenMs: T }]);
  });

  it('that uses an address is a stranger like any other', () => {
    const guard = guardOf();
    probes(guard, span(10, 10), 0, 10);
    expectSpokenToCount(guard, SCANNER, SECOND);
  });
});

describe('a memory', () => {
  it('of a segment is kept while its link is down, and begins anew with another range', () => {
    const guard = guardOf();
    for (const last of [50, 51, 52]) heard(guard, 'arp-request', mac(last), lan(last), 0);
    setSegments(guard, [], T);
    setSegments(guard, [LAN], T);
    answers(guard, ROUTER, [50, 51, 52], SECOND);
    answers(guard, ROUTER, [205], 2 * SECOND);
    expect(ticked(guard, MINUTE)).toEqual([]);
  });

  it('of probes survives a new view', () => {
    const guard = guardOf();
    for (const last of [10, 11, 12, 13]) heard(guard, 'arp-probe', ROUTER, lan(last), last);
    setView(guard, VIEW, T + 20);
    heard(guard, 'arp-probe', ROUTER, lan(205), 30);
    expect(ticked(guard, SECOND)).toEqual([]);
  });
});
