import { describe, expect, it } from 'vitest';
import type { Mac } from '../../../src/core/address/mac.ts';
import { type Guard, openConflicts } from '../../../src/core/conflict/guard.ts';
import type { ConflictChange } from '../../../src/core/conflict/types.ts';
import type { SightingSource } from '../../../src/core/evidence/sighting.ts';
import {
  CLOSE_AFTER_MS,
  GRACE_MS,
  guardOf,
  HOUR,
  heard,
  lan,
  MINUTE,
  mac,
  NODE_1,
  NODE_2,
  SECOND,
  setOf,
  swept,
  T,
  told,
  VIEW,
} from './scene.ts';

const VIP = lan(205);
type Frame = readonly [atMs: number, from: Mac, source?: SightingSource];

const play = (guard: Guard, frames: readonly Frame[]): readonly ConflictChange[] =>
  [...frames].sort(([a], [b]) => a - b).flatMap(([atMs, from, source = 'arp-reply']) => heard(guard, source, from, VIP, atMs));

/** What a sweep hears: each of them answers, a millisecond apart. */
const look = (atMs: number, ...from: readonly Mac[]): Frame[] => from.map((one, index) => [atMs + index, one]);
/** MetalLB's speaker: five bursts of a request and a reply, 1.1 s apart. */
const bursts = (atMs: number, from: Mac): Frame[] =>
  [0, 1, 2, 3, 4].flatMap((burst): Frame[] => [
    [atMs + burst * 1_100, from, 'arp-announcement'],
    [atMs + burst * 1_100 + 1, from, 'arp-announcement'],
  ]);
const every = (fromMs: number, untilMs: number, stepMs: number): number[] =>
  Array.from({ length: Math.ceil((untilMs - fromMs) / stepMs) }, (_, index) => fromMs + index * stepMs);

describe('two nodes that answer for one address', () => {
  it('are a split brain once it goes on for the grace time: sweep after sweep', () => {
    const guard = guardOf();
    const changes = play(
      guard,
      every(0, 3 * MINUTE, 15 * SECOND).flatMap((atMs) => look(atMs, NODE_1, NODE_2)),
    );
    expect(told(changes)[0]).toBe('opened split-brain 192.0.2.205 nobody');
    expect(changes[0]).toMatchObject({
      causedMs: T + 2 * 15 * SECOND + 1,
      conflict: { stranger: null, detail: { nodes: ['node-1', 'node-2'] }, firstSeenMs: T + 1 },
    });
    expect(new Set(changes[0]?.conflict.macs)).toEqual(new Set([NODE_1, NODE_2]));
    expect(openConflicts(guard)).toHaveLength(1);
    expect(changes.slice(1).every(({ event }) => event === 'updated')).toBe(true);
  });

  it.each([
    ['one after the other, seconds apart', 4 * SECOND],
    ['both loud', 300],
  ])('are heard without any sweep too, by turns: %s', (_name, stepMs) => {
    const frames = every(0, MINUTE, stepMs).map(
      (atMs, index): Frame => [atMs, index % 2 === 0 ? NODE_1 : NODE_2, 'arp-announcement'],
    );
    // By turns of 4 s each comes back after 8 s: that is no "at once".
    expect(told(play(guardOf(), frames)).filter((event) => event.startsWith('opened'))).toHaveLength(stepMs > 3_000 ? 0 : 1);
  });

  it('a chatty one does not hide that the other answers each sweep', () => {
    const frames: Frame[] = [
      ...every(0, 2 * MINUTE, 3 * SECOND).map((atMs): Frame => [atMs + 100, NODE_1, 'arp-announcement']),
      ...every(0, 2 * MINUTE, 30 * SECOND).flatMap((atMs) => look(atMs, NODE_1, NODE_2)),
    ];
    expect(told(play(guardOf(), frames))[0]).toBe('opened split-brain 192.0.2.205 nobody');
  });

  it('of one node are one node: two network cards', () => {
    const guard = guardOf({}, { ...VIEW, speakers: [NODE_1, NODE_2].map((one) => ({ mac: one, node: 'node-1' })) });
    expect(
      play(
        guard,
        every(0, 5 * MINUTE, 15 * SECOND).flatMap((atMs) => look(atMs, NODE_1, NODE_2)),
      ),
    ).toEqual([]);
  });

  it('of which no node is known are two', () => {
    const guard = guardOf({}, { ...VIEW, speakers: [NODE_1, NODE_2].map((one) => ({ mac: one, node: null })) });
    const changes = play(
      guard,
      every(0, 5 * MINUTE, 15 * SECOND).flatMap((atMs) => look(atMs, NODE_1, NODE_2)),
    );
    expect(changes[0]?.conflict).toMatchObject({ kind: 'split-brain', detail: { nodes: [NODE_1, NODE_2].toSorted() } });
  });

  it('are none after a failover and a failback, however often we look meanwhile', () => {
    const frames: Frame[] = [
      ...every(0, 20 * SECOND, 1_100).map((atMs): Frame => [atMs, NODE_1]),
      ...bursts(20 * SECOND, NODE_2),
      ...every(20 * SECOND + 400, 32 * SECOND, 1_100).map((atMs): Frame => [atMs, NODE_2]),
      ...bursts(32 * SECOND, NODE_1),
      ...every(32 * SECOND + 400, 90 * SECOND, 1_100).map((atMs): Frame => [atMs, NODE_1]),
    ];
    for (const graceMs of [2 * SECOND, GRACE_MS]) {
      const guard = guardOf({ settings: { closeAfterMs: CLOSE_AFTER_MS, splitBrainGraceMs: graceMs } });
      expect(told(play(guard, frames))).toEqual([]);
    }
  });

  it('are none where two failovers lie between rare sweeps', () => {
    const guard = guardOf();
    const turns = (atMs: number): Frame[] =>
      [0, 300, 600, 900, 1200].map(
        (afterMs, index): Frame => [atMs + afterMs, index % 2 === 0 ? NODE_1 : NODE_2, 'arp-announcement'],
      );
    const changes: ConflictChange[] = [];
    for (let hour = 0; hour <= 5; hour++) {
      changes.push(...play(guard, look(hour * HOUR, NODE_1)), ...swept(guard, hour * HOUR));
      if (hour === 3) changes.push(...play(guard, [...turns(3 * HOUR + 5 * MINUTE), ...turns(3 * HOUR + 40 * MINUTE)]));
    }
    expect(told(changes)).toEqual([]);
  });

  it('can be three', () => {
    const third = mac(0x0303);
    const guard = guardOf({}, { ...VIEW, speakers: [...VIEW.speakers, { mac: third, node: 'node-3' }] });
    play(
      guard,
      every(0, MINUTE, 15 * SECOND).flatMap((atMs) => look(atMs, NODE_1, NODE_2, third)),
    );
    expect(openConflicts(guard)[0]?.detail.nodes).toEqual(['node-1', 'node-2', 'node-3']);
  });
});

describe('sweeps that are far apart', () => {
  /** Each sweep is answered by those; what was opened, and when. */
  const opened = (guard: Guard, stepMs: number, answered: (sweep: number) => readonly Mac[]): readonly number[] =>
    every(0, 12 * stepMs, stepMs).flatMap((atMs, sweep) => [
      ...play(guard, look(atMs, ...answered(sweep))).flatMap(({ event }) => (event === 'opened' ? [sweep] : [])),
      ...swept(guard, atMs).flatMap(({ event }) => (event === 'closed' ? [-sweep] : [])),
    ]);

  it.each([6, 10, 60])('find two nodes with the second look that both answer: every %i min', (minutes) => {
    expect(opened(guardOf(), minutes * MINUTE, () => [NODE_1, NODE_2])).toEqual([1]);
  });

  it('bear a look that nobody answered in between', () => {
    const everyOther = (sweep: number) => (sweep === 3 || sweep === 5 ? [NODE_1, NODE_2] : []);
    expect(opened(guardOf(), 10 * MINUTE, everyOther)).toEqual([5, -7]);
  });

  it.each<[string, (sweep: number) => readonly Mac[]]>([
    ['a single node answers in between', (sweep) => (sweep % 2 === 0 ? [NODE_1, NODE_2] : [NODE_2])],
    ['two looks go by without an answer', (sweep) => (sweep % 3 === 0 ? [NODE_1, NODE_2] : [])],
    ['it is a single look', (sweep) => (sweep === 4 ? [NODE_1, NODE_2] : [NODE_1])],
  ])('find nothing where %s', (_name, answered) => {
    expect(opened(guardOf(), 10 * MINUTE, answered)).toEqual([]);
  });

  it('count those that looked at the address only', () => {
    const guard = guardOf();
    play(guard, look(0, NODE_1, NODE_2));
    swept(guard, 0);
    for (const atMs of [HOUR, 2 * HOUR]) swept(guard, atMs, { looked: setOf('192.0.2.1-192.0.2.204') });
    expect(told(play(guard, look(3 * HOUR, NODE_1, NODE_2)))).toEqual(['opened split-brain 192.0.2.205 nobody']);
  });
});

describe('a failover', () => {
  const sweeps = (frames: (atMs: number) => Mac, untilMs: number): Frame[] =>
    every(0, untilMs, 30 * SECOND).flatMap((atMs) => look(atMs, frames(atMs)));

  it.each<[string, readonly Frame[]]>([
    ['with MetalLB’s bursts', bursts(45 * SECOND, NODE_2)],
    ['with a late answer of the old node among them', [...bursts(45 * SECOND, NODE_2), [47 * SECOND, NODE_1]]],
    ['with late answers all through the bursts', [...bursts(45 * SECOND, NODE_2), ...bursts(45 * SECOND + 500, NODE_1)]],
    ['in the middle of a sweep', [...look(45 * SECOND, NODE_1, NODE_2), ...bursts(45 * SECOND + 5, NODE_2)]],
  ])('raises nothing: %s', (_name, frames) => {
    const holder = (atMs: number): Mac => (atMs < 45 * SECOND ? NODE_1 : NODE_2);
    expect(play(guardOf(), [...sweeps(holder, 10 * MINUTE), ...frames])).toEqual([]);
  });

  it('and a failback a minute later, both with late answers, raise nothing', () => {
    const holder = (atMs: number): Mac => (atMs < 40 * SECOND || atMs > 100 * SECOND ? NODE_1 : NODE_2);
    const frames: Frame[] = [
      ...sweeps(holder, 5 * MINUTE),
      ...bursts(40 * SECOND, NODE_2),
      [42 * SECOND, NODE_1],
      ...bursts(100 * SECOND, NODE_1),
      [102 * SECOND, NODE_2],
    ];
    expect(play(guardOf(), frames)).toEqual([]);
  });

  it('without a sweep in between raises nothing either, back and forth', () => {
    const frames: Frame[] = [
      ...look(0, NODE_1),
      ...bursts(10 * SECOND, NODE_2),
      [11 * SECOND, NODE_1],
      ...bursts(70 * SECOND, NODE_1),
    ];
    expect(play(guardOf(), frames)).toEqual([]);
  });

  it.each([
    ['minute', MINUTE],
    ['ten minutes', 10 * MINUTE],
  ])(
    'every twenty minutes is no stretch, in the middle of a sweep too, where the next one finds one node: every %s',
    (_name, stepMs) => {
      const guard = guardOf();
      const changes = every(0, 4 * HOUR, stepMs).flatMap((atMs) => {
        const [to, from] = Math.floor(atMs / (20 * MINUTE)) % 2 === 0 ? [NODE_2, NODE_1] : [NODE_1, NODE_2];
        const moves = atMs % (20 * MINUTE) === 0;
        const frames = moves ? [...look(atMs, from, to), ...bursts(atMs + 10, to)] : look(atMs, to);
        return [...play(guard, frames), ...swept(guard, atMs)];
      });
      expect(changes).toEqual([]);
    },
  );
});

describe('a split brain that is open', () => {
  const split = (guard: Guard) =>
    play(
      guard,
      every(0, 2 * GRACE_MS, 10 * SECOND).flatMap((atMs) => look(atMs, NODE_1, NODE_2)),
    );

  it('goes on after a restart, and closes when one node has answered alone for the quiet time', () => {
    const before = guardOf();
    split(before);
    const guard = guardOf({ open: openConflicts(before), nextId: 2 });
    expect(told(play(guard, look(MINUTE, NODE_2, NODE_1)))).toEqual(['updated split-brain 192.0.2.205 nobody']);
    for (const atMs of every(MINUTE, MINUTE + CLOSE_AFTER_MS, MINUTE)) {
      play(guard, look(atMs + 10 * SECOND, NODE_2));
      expect(swept(guard, atMs)).toEqual([]);
    }
    expect(told(swept(guard, MINUTE + CLOSE_AFTER_MS + 1))).toEqual(['closed split-brain 192.0.2.205 nobody quiet']);
  });
});
