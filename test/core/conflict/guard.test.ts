import { describe, expect, it } from 'vitest';
import { acknowledge, isSpeaker, keepSegments, openConflicts, poolOf, setView } from '../../../src/core/conflict/guard.ts';
import type { SightingSource } from '../../../src/core/evidence/sighting.ts';
import {
  assigned,
  CLOSE_AFTER_MS,
  guardOf,
  HOUR,
  heard,
  lan,
  listened,
  MINUTE,
  mac,
  NODE_1,
  PRINTER,
  SECOND,
  setOf,
  sourcesIn,
  swept,
  T,
  ticked,
  told,
  VIEW,
} from './scene.ts';

const USES: readonly SightingSource[] = ['arp-announcement', 'arp-request', 'icmp-reply'];
const INTENTS: readonly SightingSource[] = ['dhcp-request', 'dhcp-offer', 'dhcp-ack', 'lease-file'];

describe('a stranger', () => {
  it.each(USES)('who uses an address that nobody holds is a squatter, from the first frame on: %s', (source) => {
    const guard = guardOf();
    const changes = heard(guard, source, PRINTER, lan(205), 7);
    expect(told(changes)).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
    expect(changes[0]).toMatchObject({
      causedMs: T + 7,
      conflict: { id: 1, seq: 1, pool: 'production-pool', segment: 'lan', macs: [PRINTER], sightings: 1, service: null },
    });
    expect(sourcesIn(changes[0])).toEqual([source]);
  });

  it.each(INTENTS)('who is about to use one is imminent: %s', (source) => {
    expect(told(heard(guardOf(), source, PRINTER, lan(205), 0))).toEqual([`opened imminent 192.0.2.205 ${PRINTER}`]);
  });

  it('who uses one that a Service holds contests it, and the Service is named', () => {
    const [change] = heard(guardOf({}, assigned(205)), 'arp-announcement', PRINTER, lan(205), 0);
    expect(change?.conflict).toMatchObject({ kind: 'contested', service: 'shop/web-205' });
  });

  it.each([
    ['an hour ago', HOUR, 'contested'],
    ['more than a day ago', 25 * HOUR, 'squatter'],
  ])('contests what a speaker used %s, where assignments are not known', (_name, laterMs, kind) => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', NODE_1, lan(205), 0);
    const [change] = heard(guard, 'arp-announcement', PRINTER, lan(205), laterMs);
    expect(change?.conflict.kind).toBe(kind);
    expect(change?.conflict.macs).toEqual(kind === 'contested' ? [PRINTER, NODE_1] : [PRINTER]);
  });

  it('is a squatter where the cluster says that no Service holds the address, whoever used it', () => {
    const guard = guardOf({}, assigned(201));
    heard(guard, 'arp-announcement', NODE_1, lan(205), 0);
    expect(heard(guard, 'arp-announcement', PRINTER, lan(205), 1)[0]?.conflict.kind).toBe('squatter');
  });

  it('outside the pools is nobody’s business', () => {
    const guard = guardOf();
    for (const source of [...USES, ...INTENTS, 'arp-reply', 'arp-probe'] as const) {
      expect(heard(guard, source, PRINTER, lan(100), 0)).toEqual([]);
    }
    expect(ticked(guard, HOUR)).toEqual([]);
    expect(openConflicts(guard)).toEqual([]);
  });

  it('is each a conflict of their own', () => {
    const guard = guardOf();
    for (const number of [1, 2, 3]) heard(guard, 'arp-announcement', mac(number), lan(205), number);
    expect(openConflicts(guard).map(({ id, stranger }) => [id, stranger])).toEqual([
      [1, mac(1)],
      [2, mac(2)],
      [3, mac(3)],
    ]);
  });
});

describe('a conflict', () => {
  it('escalates from imminent when its address comes into use, without waiting, and keeps id and name', () => {
    const guard = guardOf();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0, { hostname: 'printer\u0000\u202e' });
    const changes = heard(guard, 'arp-reply', PRINTER, lan(205), 300);
    expect(told(changes)).toEqual([`escalated imminent -> squatter 192.0.2.205 ${PRINTER}`]);
    expect(changes[0]?.conflict).toMatchObject({ id: 1, seq: 2, hostname: 'printer', sightings: 2, firstSeenMs: T });
    expect(sourcesIn(changes[0])).toEqual(['arp-reply', 'dhcp-request']);
  });

  it('goes from imminent to contested where a Service holds the address', () => {
    const guard = guardOf({}, assigned(205));
    heard(guard, 'dhcp-offer', PRINTER, lan(205), 0);
    expect(told(heard(guard, 'arp-announcement', PRINTER, lan(205), 1))).toEqual([
      `escalated imminent -> contested 192.0.2.205 ${PRINTER}`,
    ]);
  });

  it.each([
    ['an assignment arrives', (guard: ReturnType<typeof guardOf>) => setView(guard, assigned(205), T + 9), 'shop/web-205'],
    [
      'a speaker starts to use it',
      (guard: ReturnType<typeof guardOf>) => heard(guard, 'arp-announcement', NODE_1, lan(205), 9),
      null,
    ],
  ])('escalates from squatter to contested when %s', (_name, happens, service) => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    const changes = happens(guard);
    expect(told(changes)).toEqual([`escalated squatter -> contested 192.0.2.205 ${PRINTER}`]);
    expect(changes[0]?.conflict.service).toBe(service);
  });

  it('never becomes less than it was', () => {
    const guard = guardOf({}, assigned(205));
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    setView(guard, assigned(201), T + 1);
    heard(guard, 'arp-announcement', PRINTER, lan(205), 6 * SECOND);
    heard(guard, 'dhcp-request', PRINTER, lan(205), 12 * SECOND);
    expect(openConflicts(guard)).toMatchObject([{ kind: 'contested', seq: 1, sightings: 3 }]);
  });

  it('is updated at most every 5 s, forgets nothing meanwhile, and tells the rest by itself', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    for (let atMs = 100; atMs < 5_000; atMs += 100) expect(heard(guard, 'arp-request', PRINTER, lan(205), atMs)).toEqual([]);
    expect(openConflicts(guard)[0]?.sightings).toBe(50);
    expect(ticked(guard, 4_999)).toEqual([]);
    const changes = ticked(guard, 5_000);
    expect(changes).toMatchObject([{ event: 'updated', conflict: { seq: 1, sightings: 50, lastSeenMs: T + 4_900 } }]);
    expect(ticked(guard, 20_000)).toEqual([]);
    expect(told(heard(guard, 'arp-request', PRINTER, lan(205), 20_000))).toHaveLength(1);
  });

  it('is acknowledged, again too, and stays open', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    acknowledge(guard, 1, 'ops', 'on it', T + 1);
    const change = acknowledge(guard, 1, 'o\u0007ps'.repeat(40), 'x'.repeat(600), T + 2);
    expect(change).toMatchObject({ event: 'acknowledged', conflict: { seq: 1, acknowledged: { atMs: T + 2 } } });
    expect(change?.conflict.acknowledged?.by).toBe('ops'.repeat(40).slice(0, 64));
    expect(change?.conflict.acknowledged?.note).toHaveLength(500);
    expect(acknowledge(guard, 2, 'ops', '', T + 3)).toBeNull();
    expect(openConflicts(guard)).toHaveLength(1);
  });

  it('is over when its address is in no pool any more', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    heard(guard, 'arp-announcement', PRINTER, lan(215), 0);
    const changes = setView(guard, { ...VIEW, pools: [{ name: 'small', addresses: setOf('192.0.2.200-192.0.2.209') }] }, T + 5);
    expect(told(changes)).toEqual([`closed squatter 192.0.2.215 ${PRINTER} not-in-pool`]);
    expect(changes[0]?.conflict).toMatchObject({ seq: 2, closedMs: T + 5 });
    expect(openConflicts(guard)).toMatchObject([{ pool: 'small' }]);
  });

  it('is over when its segment is not watched any more', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    expect(keepSegments(guard, ['lan'], T + 1)).toEqual([]);
    expect(told(keepSegments(guard, ['other'], T + 2))).toEqual([`closed squatter 192.0.2.205 ${PRINTER} not-in-pool`]);
  });

  it('is over when the stranger turns out to be a new node', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    const speakers = [...VIEW.speakers, { mac: PRINTER, node: 'node-3' }];
    expect(told(setView(guard, { ...VIEW, speakers }, T + 1))).toEqual([
      `closed squatter 192.0.2.205 ${PRINTER} dismissed (speaker)`,
    ]);
  });
});

describe('quiet', () => {
  it.each([
    ['squatter', 'arp-announcement', CLOSE_AFTER_MS],
    ['imminent', 'dhcp-request', 5 * MINUTE],
  ] as const)('closes a %s once a valid sweep that began after the quiet time looked at its address', (kind, source, quietMs) => {
    const guard = guardOf();
    heard(guard, source, PRINTER, lan(205), 0);
    expect(ticked(guard, 2 * quietMs)).toEqual([]);
    expect(listened(guard, 0, quietMs)).toEqual([]);
    expect(swept(guard, quietMs - 1)).toEqual([]);
    expect(listened(guard, 0, 2 * quietMs, { segment: 'other' })).toEqual([]);
    expect(swept(guard, quietMs, { looked: setOf('192.0.2.1-192.0.2.204') })).toEqual([]);
    expect(told(swept(guard, quietMs))).toEqual([`closed ${kind} 192.0.2.205 ${PRINTER} quiet`]);
    expect(openConflicts(guard)).toEqual([]);
  });

  it('is broken by each sighting: a device that flaps is one conflict', () => {
    const guard = guardOf();
    const events: string[] = [];
    for (let round = 0; round < 50; round++) {
      const atMs = round * (CLOSE_AFTER_MS - MINUTE);
      events.push(...told(heard(guard, 'arp-announcement', PRINTER, lan(205), atMs)));
      events.push(...told(listened(guard, atMs, atMs + CLOSE_AFTER_MS - MINUTE)));
    }
    expect(events.filter((event) => !event.startsWith('updated'))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
  });

  it('ends even where the clock was ahead when the stranger was heard', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 1_000 * HOUR);
    expect(listened(guard, 0, CLOSE_AFTER_MS)).toEqual([]);
    expect(told(swept(guard, CLOSE_AFTER_MS + 2 * SECOND))).toEqual([`closed squatter 192.0.2.205 ${PRINTER} quiet`]);
  });

  it('is followed by a conflict of its own when the stranger comes back', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    listened(guard, 0, CLOSE_AFTER_MS + 1);
    expect(heard(guard, 'arp-announcement', PRINTER, lan(205), HOUR)[0]?.conflict).toMatchObject({ id: 2, seq: 1 });
  });
});

describe('after a restart', () => {
  it('goes on with what is open: the same conflicts, the next id, the same quiet', () => {
    const guard = guardOf();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0);
    heard(guard, 'arp-announcement', mac(7), lan(206), 0);
    const open = openConflicts(guard);
    const again = guardOf({ open, nextId: 3, nowMs: T + MINUTE });
    expect(openConflicts(again)).toEqual(open);
    expect(told(heard(again, 'arp-reply', PRINTER, lan(205), MINUTE))).toEqual([
      `escalated imminent -> squatter 192.0.2.205 ${PRINTER}`,
    ]);
    expect(heard(again, 'arp-announcement', mac(8), lan(206), MINUTE)[0]?.conflict.id).toBe(3);
    expect(listened(again, MINUTE, MINUTE + CLOSE_AFTER_MS)).toEqual([]);
    expect(told(swept(again, MINUTE + CLOSE_AFTER_MS))).toEqual([
      `closed squatter 192.0.2.205 ${PRINTER} quiet`,
      `closed squatter 192.0.2.206 ${mac(7)} quiet`,
      `closed squatter 192.0.2.206 ${mac(8)} quiet`,
    ]);
  });

  it('never uses an id twice, whatever it was told', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    const again = guardOf({ open: openConflicts(guard), nextId: 1 });
    expect(heard(again, 'arp-announcement', mac(8), lan(206), 1)[0]?.conflict.id).toBe(2);
  });
});

it('says which pool an address is in, and who is a speaker', () => {
  const guard = guardOf();
  expect([poolOf(guard, lan(200))?.name, poolOf(guard, lan(220))]).toEqual(['production-pool', null]);
  expect([isSpeaker(guard, NODE_1), isSpeaker(guard, PRINTER)]).toEqual([true, false]);
});
