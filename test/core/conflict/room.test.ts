import { beforeEach, describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import type { ClusterView } from '../../../src/core/conflict/cluster-view.ts';
import { dismissed, type Guard, keepSegments, openConflicts } from '../../../src/core/conflict/guard.ts';
import {
  MAX_OPEN_CONFLICTS,
  MAX_OPEN_INTENTS,
  MAX_SHARING,
  MAX_STRANGERS_PER_ADDRESS,
} from '../../../src/core/conflict/open-conflicts.ts';
import type { ConflictChange } from '../../../src/core/conflict/types.ts';
import {
  CLOSE_AFTER_MS,
  guardOf,
  heard,
  ip,
  lan,
  listened,
  MINUTE,
  mac,
  NODE_1,
  NODE_2,
  PRINTER,
  SECOND,
  setOf,
  T,
  told,
  VIEW,
} from './scene.ts';

const WIDE: ClusterView = { ...VIEW, pools: [{ name: 'wide', addresses: setOf('198.51.0.0/16') }] };
const at = (offset: number): Ipv4 => ipv4(ip('198.51.0.0') + offset);
/** Strangers with an address of their own each. */
const crowd = (guard: Guard, source: 'dhcp-request' | 'arp-announcement', from: number, count: number, atMs = 0) =>
  Array.from({ length: count }, (_, index) => heard(guard, source, mac(from + index), at(from + index), atMs)).flat();
const TOO_MANY = (address: string): string => `opened squatter ${address} nobody (too-many-conflicts)`;

describe('intents', () => {
  let guard: Guard;
  beforeEach(() => {
    guard = guardOf({}, WIDE);
    expect(crowd(guard, 'dhcp-request', 0, MAX_OPEN_INTENTS)).toHaveLength(MAX_OPEN_INTENTS);
  });

  it('take half of the book at most, and the rest is told as one', () => {
    const changes = crowd(guard, 'dhcp-request', MAX_OPEN_INTENTS, 20);
    expect(told(changes)).toEqual([
      TOO_MANY('198.51.8.0'),
      'escalated squatter -> squatter 198.51.8.0 nobody (too-many-conflicts)',
    ]);
    expect(changes[1]?.conflict.detail).toEqual({ strangers: 16, rule: 'too-many-conflicts' });
    expect(openConflicts(guard)).toHaveLength(MAX_OPEN_INTENTS + 1);
    expect(dismissed(guard)['too-many-conflicts']).toBe(20);
  });

  it('leave room for uses, and the oldest of them gives way when that is used up', () => {
    crowd(guard, 'arp-announcement', 10_000, MAX_OPEN_INTENTS);
    expect(told(heard(guard, 'arp-announcement', PRINTER, at(30_000), 5))).toEqual([
      `closed imminent 198.51.0.0 ${mac(0)} dismissed (too-many-conflicts)`,
      TOO_MANY('198.51.0.0'),
      `opened squatter 198.51.117.48 ${PRINTER}`,
    ]);
    expect(told(heard(guard, 'arp-announcement', mac(9), at(30_001), 6)).slice(0, 1)).toEqual([
      `closed imminent 198.51.0.1 ${mac(1)} dismissed (too-many-conflicts)`,
    ]);
    expect(openConflicts(guard).length).toBeLessThanOrEqual(MAX_OPEN_CONFLICTS + 1);
  });

  it('that have become uses are none any more', () => {
    crowd(guard, 'arp-announcement', 0, 10);
    expect(told(crowd(guard, 'dhcp-request', 5_000, 11)).slice(9)).toEqual([
      `opened imminent 198.51.19.145 ${mac(5_009)}`,
      TOO_MANY('198.51.19.146'),
    ]);
  });

  it('give way to a split brain as well', () => {
    crowd(guard, 'arp-announcement', 10_000, MAX_OPEN_INTENTS);
    const events: string[] = [];
    for (let atMs = 0; atMs <= MINUTE; atMs += 10 * SECOND) {
      for (const node of [NODE_1, NODE_2]) events.push(...told(heard(guard, 'arp-reply', node, at(40_000), atMs)));
    }
    expect(events).toContain('opened split-brain 198.51.156.64 nobody');
  });
});

describe('a full book', () => {
  const full = (): Guard => {
    const guard = guardOf({}, WIDE);
    crowd(guard, 'arp-announcement', 0, MAX_OPEN_CONFLICTS);
    return guard;
  };

  it('is not silent: one conflict for the segment stands for all that find no room', () => {
    const guard = full();
    const [first] = crowd(guard, 'arp-announcement', 10_000, 1);
    expect(told(first === undefined ? [] : [first])).toEqual([TOO_MANY('198.51.39.16')]);
    expect(first?.conflict).toMatchObject({ macs: [mac(10_000)], detail: { strangers: 1 }, pool: 'wide', segment: 'lan' });
    const counts = crowd(guard, 'arp-announcement', 10_001, 1_000).flatMap(({ event, conflict }) =>
      event === 'escalated' ? [conflict.detail.strangers] : [],
    );
    expect(counts).toEqual([16, 32, 64, 128]);
    expect(dismissed(guard)['too-many-conflicts']).toBe(1_001);
    expect(told(heard(guard, 'arp-announcement', PRINTER, at(60_000), 0, { segment: 'other' }))).toEqual([
      TOO_MANY('198.51.234.96'),
    ]);
    expect(keepSegments(guard, ['lan'], T).map(({ conflict }) => conflict.address)).toEqual([at(60_000)]);
  });

  it('is told until it is quiet, across a restart too', () => {
    const before = full();
    crowd(before, 'arp-announcement', 10_000, 3);
    const guard = guardOf({ open: openConflicts(before), nextId: 10_000 }, WIDE);
    expect(told(crowd(guard, 'arp-announcement', 20_000, 1, MINUTE))).toEqual([
      'updated squatter 198.51.39.16 nobody (too-many-conflicts)',
    ]);
    const looked = { looked: setOf('198.51.0.0/16') };
    const closed = told(listened(guard, 0, MINUTE + CLOSE_AFTER_MS + 1, looked));
    expect(closed).toHaveLength(MAX_OPEN_CONFLICTS + 1);
    expect(closed.at(-1)).toBe('closed squatter 198.51.39.16 nobody quiet (too-many-conflicts)');
  });
});

it('ever more strangers at one address are told anew each time they have doubled', () => {
  const guard = guardOf();
  const strangers = (count: number): readonly ConflictChange[] =>
    Array.from({ length: count }, (_, index) => heard(guard, 'arp-announcement', mac(index + 1), lan(205), index)).flat();
  const alerts = strangers(1_000).filter(({ event }) => event !== 'updated');
  expect(alerts.map(({ event, from, conflict }) => [event, from, conflict.detail.strangers])).toEqual([
    ...Array.from({ length: MAX_STRANGERS_PER_ADDRESS }, () => ['opened', null, undefined]),
    ['opened', null, MAX_STRANGERS_PER_ADDRESS + 1],
    ...[16, 32, 64, 128].map((count) => ['escalated', 'squatter', count]),
  ]);
  expect(openConflicts(guard).at(-1)?.detail.strangers).toBe(MAX_STRANGERS_PER_ADDRESS + MAX_SHARING);
  expect(strangers(1_000).filter(({ event }) => event !== 'updated')).toEqual([]);
});
