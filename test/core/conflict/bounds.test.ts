import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import { setContains } from '../../../src/core/address/range-set.ts';
import {
  acknowledge,
  createGuard,
  type Guard,
  hear,
  keepSegments,
  nextTickMs,
  noteOwnLook,
  noteServers,
  noteSweep,
  openConflicts,
  setSegments,
  setStandIns,
  setView,
  tick,
} from '../../../src/core/conflict/guard.ts';
import { MAX_HOLDS, MAX_HOLDS_PER_ADDRESS } from '../../../src/core/conflict/holds.ts';
import { MAX_LOOKS } from '../../../src/core/conflict/listening.ts';
import {
  MAX_MACS_PER_CONFLICT,
  MAX_OPEN_CONFLICTS,
  MAX_OPEN_INTENTS,
  MAX_SHARING,
  MAX_STRANGERS_PER_ADDRESS,
} from '../../../src/core/conflict/open-conflicts.ts';
import { MAX_MACS } from '../../../src/core/conflict/recent-addresses.ts';
import { MAX_VIRTUAL_ROUTERS } from '../../../src/core/conflict/rules.ts';
import type { Conflict, ConflictChange } from '../../../src/core/conflict/types.ts';
import { MAX_ADDRESSES_IN_USE } from '../../../src/core/conflict/uses.ts';
import { SIGHTING_SOURCES } from '../../../src/core/evidence/sighting.ts';
import {
  assigned,
  guardOf,
  HOUR,
  heard,
  ip,
  LAN,
  lan,
  mac,
  NODE_1,
  NODE_2,
  setOf,
  sighting,
  T,
  ticked,
  told,
  VIEW,
} from './scene.ts';

describe('strangers at one address', () => {
  it('are kept apart up to a bound; the others share one conflict, which tells of each new one', () => {
    const guard = guardOf();
    const crowd = (from: number, count: number, atMs: number): readonly ConflictChange[] =>
      Array.from({ length: count }, (_, index) => heard(guard, 'arp-announcement', mac(from + index), lan(205), atMs)).flat();
    expect(crowd(1, MAX_STRANGERS_PER_ADDRESS, 0)).toHaveLength(MAX_STRANGERS_PER_ADDRESS);
    const [shared] = crowd(100, 1, 0);
    expect(shared).toMatchObject({ event: 'opened', conflict: { stranger: null, macs: [mac(100)], detail: { strangers: 9 } } });
    crowd(100, 1, 1);
    crowd(101, 1, 2);
    expect(ticked(guard, 5_000)).toMatchObject([
      { event: 'updated', conflict: { macs: [mac(100), mac(101)], detail: { strangers: 10 }, sightings: 3 } },
    ]);
    expect(told(crowd(102, 1, 11_000))).toEqual(['updated squatter 192.0.2.205 nobody']);
    crowd(1_000, 1_000, 12_000);
    const open = openConflicts(guard);
    expect(open).toHaveLength(MAX_STRANGERS_PER_ADDRESS + 1);
    expect(open.at(-1)).toMatchObject({ detail: { strangers: MAX_STRANGERS_PER_ADDRESS + MAX_SHARING }, sightings: 1_004 });
    // The newest are named, so that each new one changes what is told.
    expect(open.at(-1)?.macs.at(-1)).toBe(mac(1_999));
    expect(open.at(-1)?.macs).toHaveLength(MAX_MACS_PER_CONFLICT);
  });

  it('escalate together', () => {
    const guard = guardOf();
    for (let number = 1; number <= MAX_STRANGERS_PER_ADDRESS + 1; number++) {
      heard(guard, 'dhcp-request', mac(number), lan(205), 0);
    }
    expect(told(heard(guard, 'arp-announcement', mac(55), lan(205), 1))).toEqual([
      'escalated imminent -> squatter 192.0.2.205 nobody',
    ]);
  });
});

it('virtual routers and addresses in use have a bound', () => {
  const guard = guardOf({}, { ...VIEW, pools: [{ name: 'wide', addresses: setOf('198.51.0.0/16') }] });
  for (let number = 0; number < MAX_ADDRESSES_IN_USE + 1_000; number++) {
    const from = mac(number)
      .replace('02:00', '00:07')
      .replace(/^00:07:../, '00:07:b4') as typeof NODE_1;
    heard(guard, 'arp-announcement', from, lan(50), number);
    heard(guard, 'arp-announcement', NODE_1, ipv4(ip('198.51.0.0') + number), number);
  }
  expect(guard.segments.get('lan')?.virtualRouters.size).toBe(MAX_VIRTUAL_ROUTERS);
  expect(guard.uses.size).toBe(MAX_ADDRESSES_IN_USE);
});

it('a flood of random senders and addresses costs no memory, and hides no stranger', () => {
  const guard = guardOf();
  let random = 1;
  const next = (below: number): number => {
    random = Math.imul(random, 1_103_515_245) + 12_345;
    return ((random >>> 8) & 0xffffff) % below;
  };
  const real: string[] = [];
  const changes: ConflictChange[] = [];
  const sources = ['arp-request', 'arp-reply', 'arp-probe', 'arp-announcement'] as const;
  for (let frame = 0; frame < 200_000; frame++) {
    const nowMs = frame / 200;
    const source = sources[frame % 4] ?? 'arp-reply';
    // Nothing of the flood falls into the pool.
    changes.push(...heard(guard, source, mac(0x1000_0000 + next(0xffffff)), lan(1 + next(199)), nowMs));
    if (frame % 10_000 === 5_000) {
      const offset = real.length;
      real.push(`opened squatter 192.0.2.${200 + offset} ${mac(offset + 1)}`);
      changes.push(
        ...heard(guard, offset % 2 === 0 ? 'arp-announcement' : 'arp-request', mac(offset + 1), lan(200 + offset), nowMs),
      );
    }
  }
  expect(told(changes)).toEqual(real);
  expect(real).toHaveLength(20);
  for (const { table } of [guard.probed, guard.answered, guard.answeredInPool, guard.answeredOutside, guard.answeredForOthers]) {
    expect(table.high.length).toBe(MAX_MACS);
  }
  expect([guard.holds.waiting.length, guard.uses.size, guard.segments.size]).toEqual([0, 0, 1]);
});

it('a frame that concerns no pool returns always the same list', () => {
  const guard = guardOf();
  const first = heard(guard, 'arp-request', mac(1), lan(50), 0);
  expect(heard(guard, 'arp-probe', mac(2), lan(51), 0)).toBe(first);
  expect(heard(guard, 'arp-reply', mac(3), lan(52), 0)).toBe(first);
});

/** Whatever may happen to a guard, on few addresses and MACs, so that things meet. */
const address = fc.integer({ min: 195, max: 224 }).map(lan);
const who = fc.oneof(fc.integer({ min: 1, max: 14 }).map(mac), fc.constantFrom(NODE_1, NODE_2));
const what = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant('hear' as const),
      source: fc.constantFrom(...SIGHTING_SOURCES),
      mac: fc.option(who, { freq: 8 }),
      address,
      solicited: fc.boolean(),
      client: fc.option(who),
      segment: fc.constantFrom('lan', 'lan', 'lan', 'other'),
      hostname: fc.option(fc.string(), { nil: undefined }),
      skewMs: fc.integer({ min: -5_000, max: 5_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nak' as const), client: who }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), valid: fc.boolean(), longMs: fc.constantFrom(0, 1_000) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('view' as const),
      pools: fc.constantFrom([], ['192.0.2.200-192.0.2.219'], ['192.0.2.205-192.0.2.224', '192.0.2.197']),
      assigned: fc.option(fc.array(fc.integer({ min: 195, max: 224 }), { maxLength: 5 })),
      third: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('own-look' as const), longMs: fc.option(fc.constantFrom(0, 60_000)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stand-ins' as const), macs: fc.array(who, { maxLength: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('segments' as const),
      role: fc.constantFrom('gateway' as const, 'own' as const),
      address,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('keep' as const), names: fc.subarray(['lan', 'other']) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('servers' as const),
      servers: fc.array(fc.record({ server: address, first: address, size: fc.nat(8), mac: fc.option(who) }), { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), id: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);
type Happening = typeof what extends fc.Arbitrary<infer One> ? One : never;

function happen(guard: Guard, event: Happening, nowMs: number): readonly ConflictChange[] {
  switch (event.kind) {
    case 'hear': {
      const { source, mac: from, address: at, solicited, client, segment, hostname, skewMs } = event;
      const more = { solicited, client, segment, ...(hostname === undefined ? {} : { hostname }) };
      return hear(guard, sighting(source, from, at, nowMs - T + skewMs, more), nowMs);
    }
    case 'nak':
      return hear(guard, { kind: 'dhcp-nak', segment: 'lan', client: event.client, atMs: nowMs }, nowMs);
    case 'sweep': {
      const looked = setOf('192.0.2.0/24');
      return noteSweep(
        guard,
        { segment: 'lan', startedMs: nowMs - event.longMs, endedMs: nowMs, valid: event.valid, looked },
        nowMs,
      );
    }
    case 'tick':
      return tick(guard, nowMs);
    case 'view': {
      const pools = event.pools.map((range, index) => ({ name: `pool-${index}`, addresses: setOf(range) }));
      const third = event.third ? [{ mac: mac(3), node: null }] : [];
      const assignments = event.assigned === null ? null : assigned(...event.assigned).assignments;
      return setView(guard, { ...VIEW, pools, assignments, speakers: [...VIEW.speakers, ...third] }, nowMs);
    }
    case 'own-look':
      noteOwnLook(guard, 'lan', nowMs, event.longMs === null ? null : nowMs + event.longMs);
      return [];
    case 'stand-ins':
      setStandIns(guard, 'lan', event.macs);
      return [];
    case 'segments':
      return setSegments(guard, [{ ...LAN, infrastructure: [{ address: event.address, role: event.role }] }], nowMs);
    case 'keep':
      return keepSegments(guard, event.names, nowMs);
    case 'servers':
      return noteServers(
        guard,
        event.servers.map(({ server, first, size, mac: from }) => ({
          segment: 'lan',
          server,
          mac: from,
          span: { first, last: (first + size) as Ipv4 },
          firstHeardMs: nowMs,
          lastHeardMs: nowMs,
          messages: 1,
        })),
        nowMs,
      );
    case 'acknowledge': {
      const change = acknowledge(guard, event.id, 'ops', '', nowMs);
      return change === null ? [] : [change];
    }
    case 'restart':
      return [];
  }
}

const RANK = ['imminent', 'squatter', 'contested'];

describe('whatever happens', () => {
  const history = fc.array(fc.tuple(what, fc.constantFrom(0, 1, 50, 200, 1_000, 30_000, HOUR, -10_000)), {
    minLength: 1,
    maxLength: 250,
    // Without it fast-check makes lists of ten.
    size: 'max',
  });

  it('the changes tell the whole story of each conflict, and the bounds hold', () => {
    fc.assert(
      fc.property(history, (events) => {
        let guard = guardOf();
        let nowMs = T;
        let largestId = 0;
        const story = new Map<number, Conflict>();
        for (const [event, stepMs] of events) {
          nowMs += stepMs;
          const { pools } = guard.view;
          const changes: ConflictChange[] = [];
          if (event.kind === 'restart') {
            const { view, settings } = guard;
            guard = createGuard({ settings, open: openConflicts(guard), nextId: largestId + 1, nowMs });
            changes.push(...setView(guard, view, nowMs), ...setSegments(guard, [LAN], nowMs));
          } else changes.push(...happen(guard, event, nowMs));
          for (const change of changes) {
            const { conflict } = change;
            const before = story.get(conflict.id);
            if (change.event === 'opened') {
              expect(conflict.id).toBeGreaterThan(largestId);
              expect([conflict.seq, conflict.closedMs]).toEqual([1, null]);
              largestId = conflict.id;
            } else {
              // Opened before, not closed yet, and never less than it was.
              expect(before?.closedMs).toBeNull();
              const step = change.event === 'escalated' || change.event === 'closed' ? 1 : 0;
              expect(conflict.seq).toBe((before?.seq ?? 0) + step);
              expect(change.from).toBe(change.event === 'escalated' ? before?.kind : null);
              expect(RANK.indexOf(conflict.kind)).toBeGreaterThanOrEqual(RANK.indexOf(before?.kind ?? conflict.kind));
            }
            expect(conflict.closeReason === null).toBe(change.event !== 'closed');
            if (event.kind === 'hear' && change.event === 'opened') {
              expect(pools.some((pool) => setContains(pool.addresses, conflict.address))).toBe(true);
            }
            expect(conflict.macs.length).toBeLessThanOrEqual(MAX_MACS_PER_CONFLICT);
            if (conflict.stranger !== null) expect(conflict.macs[0]).toBe(conflict.stranger);
            story.set(conflict.id, conflict);
          }
          const open = openConflicts(guard);
          expect(open.map(({ id }) => id)).toEqual(
            [...story.values()].filter(({ closedMs }) => closedMs === null).map(({ id }) => id),
          );
          const keys = open.map(({ kind, address: at, stranger, detail, pool }) => {
            const which = kind === 'scope-overlap' ? `${detail.server} ${pool}` : stranger;
            return `${RANK.includes(kind) ? 'stranger' : kind} ${at} ${which}`;
          });
          expect(new Set(keys).size).toBe(keys.length);
          expect(guard.open.untold.size).toBeLessThanOrEqual(open.length);
          expect(open.length).toBeLessThanOrEqual(MAX_OPEN_CONFLICTS + guard.segments.size);
          const intents = open.filter(
            ({ kind, stranger }) => kind === 'imminent' || (kind === 'infrastructure' && stranger !== null),
          );
          expect([...guard.open.intents].map(({ now }) => now.id).sort((a, b) => a - b)).toEqual(intents.map(({ id }) => id));
          expect(intents.length).toBeLessThanOrEqual(MAX_OPEN_INTENTS);
          for (const { now } of guard.open.withdrawn) expect(open.some(({ id }) => id === now.id)).toBe(true);
          for (const { listening } of guard.segments.values()) expect(listening.looks.length).toBeLessThanOrEqual(MAX_LOOKS);
          expect(guard.holds.waiting.length).toBeLessThanOrEqual(MAX_HOLDS);
          for (const waiting of guard.holds.byAddress.values()) expect(waiting.length).toBeLessThanOrEqual(MAX_HOLDS_PER_ADDRESS);
          expect(nextTickMs(guard) === null).toBe(guard.holds.waiting.length === 0);
          const strangers = [...guard.open.strangersAt.values()].map((here) => here.length);
          expect(Math.max(0, ...strangers)).toBeLessThanOrEqual(MAX_STRANGERS_PER_ADDRESS + 1);
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
