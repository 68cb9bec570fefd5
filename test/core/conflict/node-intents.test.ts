import { describe, expect, it } from 'vitest';
import {
  dismissed,
  type Guard,
  hear,
  keepSegments,
  openConflicts,
  setSegments,
  setView,
} from '../../../src/core/conflict/guard.ts';
import { MAX_MACS_PER_CONFLICT } from '../../../src/core/conflict/open-conflicts.ts';
import { severityOf } from '../../../src/core/conflict/types.ts';
import type { SightingSource } from '../../../src/core/evidence/sighting.ts';
import {
  guardOf,
  heard,
  LAN,
  lan,
  listened,
  MINUTE,
  mac,
  NODE_1,
  NODE_2,
  PRINTER,
  SECOND,
  setOf,
  sourcesIn,
  T,
  ticked,
  told,
  VIEW,
} from './scene.ts';

const OPENED = `opened infrastructure 192.0.2.205 ${NODE_1}`;
const leased = (guard: Guard) => heard(guard, 'dhcp-ack', NODE_1, lan(205), 0, { hostname: 'worker-1' });

describe('a node that takes a pool address for itself', () => {
  it.each<SightingSource>(['dhcp-request', 'dhcp-offer', 'dhcp-ack', 'lease-file', 'arp-probe'])('is told: %s', (source) => {
    const guard = guardOf();
    const changes = [...heard(guard, source, NODE_1, lan(205), 0), ...ticked(guard, SECOND)];
    expect(told(changes)).toEqual([OPENED]);
    expect(changes[0]?.conflict).toMatchObject({ macs: [NODE_1], detail: { role: 'node' }, segment: 'lan' });
    expect(severityOf(changes[0]?.conflict.kind ?? 'unannounced')).toBe('warning');
    expect(dismissed(guard)['speaker']).toBe(0);
  });

  it('is one conflict for each address, all the way from the request to its use, and with another node', () => {
    const guard = guardOf();
    expect(told(heard(guard, 'dhcp-request', NODE_1, lan(205), 0))).toEqual([OPENED]);
    heard(guard, 'dhcp-ack', NODE_1, lan(205), 10);
    heard(guard, 'arp-probe', NODE_1, lan(205), 20);
    heard(guard, 'arp-announcement', NODE_1, lan(205), 3_000);
    const [change] = heard(guard, 'dhcp-request', NODE_2, lan(205), 6_000);
    expect(change).toMatchObject({
      event: 'updated',
      conflict: { id: 1, stranger: NODE_1, macs: [NODE_1, NODE_2], sightings: 5 },
    });
    expect(sourcesIn(change)).toEqual(['arp-announcement', 'arp-probe', 'dhcp-request', 'dhcp-ack']);
    expect(told(heard(guard, 'dhcp-request', NODE_1, lan(206), 6_000))).toHaveLength(1);
  });

  it('goes on while the node uses the address, and not by what another does there', () => {
    const guard = guardOf();
    leased(guard);
    heard(guard, 'arp-reply', NODE_1, lan(205), MINUTE);
    heard(guard, 'arp-announcement', NODE_2, lan(205), 3 * MINUTE);
    expect(listened(guard, 0, 6 * MINUTE)).toEqual([]);
    expect(told(listened(guard, 6 * MINUTE, 7 * MINUTE))).toEqual([`closed infrastructure 192.0.2.205 ${NODE_1} quiet`]);
  });

  it('does not make the node a stranger, nor hide one', () => {
    const guard = guardOf();
    leased(guard);
    expect(told(heard(guard, 'arp-announcement', PRINTER, lan(205), 1))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
    expect(told(heard(guard, 'arp-announcement', NODE_1, lan(205), 2))).toEqual([
      `escalated squatter -> contested 192.0.2.205 ${PRINTER}`,
    ]);
  });

  it('stands through whatever is compared anew, a restart too, and beside the address of a node that lies in the pool', () => {
    const before = guardOf();
    leased(before);
    const guard = guardOf({ open: openConflicts(before), nextId: 2 });
    expect(setView(guard, VIEW, T + 1)).toEqual([]);
    expect(setSegments(guard, [LAN], T + 2)).toEqual([]);
    const nodeAddresses = [{ address: lan(205), node: 'node-1' }];
    expect(told(setView(guard, { ...VIEW, nodeAddresses }, T + 3))).toEqual(['opened infrastructure 192.0.2.205 nobody']);
    expect(told(setView(guard, VIEW, T + 4))).toEqual(['closed infrastructure 192.0.2.205 nobody mended']);
    expect(told(heard(guard, 'arp-announcement', NODE_1, lan(205), 9_000))).toEqual([
      `updated infrastructure 192.0.2.205 ${NODE_1}`,
    ]);
  });

  it.each<[string, (guard: Guard) => ReturnType<typeof setView>]>([
    ['pool', (guard) => setView(guard, { ...VIEW, pools: [{ name: 'small', addresses: setOf('192.0.2.210') }] }, T + 1)],
    ['segment', (guard) => keepSegments(guard, ['other'], T + 1)],
  ])('is over with its %s', (_name, happens) => {
    const guard = guardOf();
    leased(guard);
    expect(told(happens(guard))).toEqual([`closed infrastructure 192.0.2.205 ${NODE_1} not-in-pool`]);
  });

  it('is taken back by a refusal like any intent, and not once the address is in use', () => {
    const guard = guardOf();
    for (const last of [205, 206]) heard(guard, 'dhcp-request', NODE_1, lan(last), 0);
    heard(guard, 'arp-announcement', NODE_1, lan(206), 1);
    hear(guard, { kind: 'dhcp-nak', segment: 'lan', client: NODE_1, atMs: T + 2 }, T + 2);
    expect(told(ticked(guard, MINUTE + 2)).filter((event) => event.startsWith('closed'))).toEqual([
      `closed infrastructure 192.0.2.205 ${NODE_1} withdrawn`,
    ]);
  });

  it('keeps its MAC in front, however many others there are', () => {
    const many = Array.from({ length: 40 }, (_, index) => mac(0x100 + index));
    const guard = guardOf({}, { ...VIEW, speakers: [...VIEW.speakers, ...many.map((one) => ({ mac: one, node: null }))] });
    leased(guard);
    for (const one of many) heard(guard, 'dhcp-request', one, lan(205), 1);
    expect(openConflicts(guard)[0]?.macs).toHaveLength(MAX_MACS_PER_CONFLICT);
    expect(openConflicts(guard)[0]?.macs[0]).toBe(NODE_1);
  });
});

describe('a scan from a node', () => {
  it('raises nothing', () => {
    const guard = guardOf();
    for (let last = 195; last < 215; last++) heard(guard, 'arp-probe', NODE_1, lan(last), last);
    expect(ticked(guard, MINUTE)).toEqual([]);
    expect(dismissed(guard)['scanner']).toBeGreaterThan(10);
  });

  it('takes back what it raised, once it is known for one', () => {
    const guard = guardOf();
    for (let index = 0; index < 11; index++) {
      heard(guard, 'arp-probe', NODE_1, lan(200 + index), index * 4 * SECOND);
      ticked(guard, index * 4 * SECOND + SECOND);
    }
    expect(openConflicts(guard)).toHaveLength(11);
    expect(heard(guard, 'arp-probe', NODE_1, lan(100), 44 * SECOND)).toHaveLength(11);
    expect(openConflicts(guard)).toEqual([]);
  });
});

it('a MAC that is no speaker any more has used nothing: what it used is not held', () => {
  const guard = guardOf();
  for (const last of [205, 206]) heard(guard, 'arp-announcement', NODE_1, lan(last), 0);
  heard(guard, 'arp-announcement', NODE_2, lan(206), -1);
  setView(guard, { ...VIEW, speakers: VIEW.speakers.slice(1) }, T + 1);
  expect(told(heard(guard, 'arp-announcement', PRINTER, lan(205), 2))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
  const [change] = heard(guard, 'arp-announcement', PRINTER, lan(206), 3);
  expect(change?.conflict).toMatchObject({ kind: 'contested', macs: [PRINTER, NODE_2] });
});
