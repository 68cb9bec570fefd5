import { describe, expect, it } from 'vitest';
import type { ConflictChange } from '../../src/core/conflict/types.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { ConflictEntry } from '../../src/ledger/guard-types.ts';
import { LARGEST_SLICE, MAX_UNSTORED } from '../../src/watch/change-backlog.ts';
import { type AlertDesk, ChangeBook } from '../../src/watch/change-book.ts';
import { change, logTo, messageOf } from '../alert/fixtures.ts';
import { fakeClock } from '../system/fake-clock.ts';

/** A book on a store that refuses as it is told to. */
function book(message: AlertDesk['message'] = (made) => (made.event === 'updated' ? null : messageOf(made.conflict, made))) {
  const stored: string[] = [];
  const attempts: number[] = [];
  const woken: string[] = [];
  const offered: string[] = [];
  const log: string[] = [];
  const clock = fakeClock();
  const refuses: { all: boolean; ids: ReadonlySet<number>; full: boolean } = { all: false, ids: new Set(), full: false };
  const keysOf = (entries: readonly ConflictEntry[]): string[] =>
    entries.map(({ change: { conflict } }) => `${conflict.id}-${conflict.seq}`);
  const store = {
    record(entries: readonly ConflictEntry[]): void {
      attempts.push(entries.length);
      // A full disk takes an update of what it knows, and no more.
      if (refuses.full && entries.some(({ message }) => message !== null)) throw new FreeholdError('ledger-full', 'full');
      if (refuses.all || entries.some(({ change: { conflict } }) => refuses.ids.has(conflict.id))) throw new Error('refused');
      stored.push(...keysOf(entries));
    },
  };
  const desk: AlertDesk = {
    message,
    channelsFor: ({ event }) => (event === 'updated' ? [] : ['hook']),
    wake: (entries) => void woken.push(...keysOf(entries)),
    offerVolatile: (entries) => void offered.push(...keysOf(entries)),
  };
  const made = new ChangeBook(store, desk, logTo(log), clock);
  /** As many ticks of the guard. */
  const ticks = (count: number): void => {
    for (let n = 0; n < count; n++) {
      clock.advance(1000);
      made.flush();
    }
  };
  const put = (...ids: number[]): void => {
    made.add(ids.map((id) => change({ id })));
    made.flush();
  };
  return { book: made, refuses, stored, attempts, woken, offered, log, ticks, put };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

describe('ChangeBook', () => {
  it('stores what was added, once, and wakes the channels', () => {
    const { book: made, stored, woken, offered, attempts, put } = book();
    put(1, 2);
    made.flush();
    expect([stored, woken, offered, attempts, made.healthy]).toEqual([['1-1', '2-1'], ['1-1', '2-1'], [], [2], true]);
  });

  it('tells from memory at once while the disk refuses, and asks the disk once a second only', () => {
    const { book: made, refuses, attempts, offered, put, ticks } = book();
    refuses.all = true;
    for (const id of upTo(100)) put(id);
    expect(offered).toEqual(upTo(100).map((id) => `${id}-1`));
    expect(attempts).toEqual([1]);
    ticks(30);
    // Beside the oldest, another one is tried: it may be the oldest's own fault.
    expect(attempts.length).toBeLessThanOrEqual(1 + 2 * 30);
    expect(attempts.slice(-2)).toEqual([1, 1]);
    expect(made.healthy).toBe(false);
  });

  it('stores all in order, in slices, when the disk takes it again, and wakes for what was told meanwhile', () => {
    const { book: made, refuses, attempts, stored, woken, put, ticks, log } = book();
    refuses.all = true;
    put(...upTo(2000));
    ticks(20);
    refuses.all = false;
    attempts.length = 0;
    ticks(1);
    expect(stored).toEqual(upTo(2000).map((id) => `${id}-1`));
    expect(woken).toEqual(stored);
    expect(Math.max(...attempts)).toBeLessThanOrEqual(LARGEST_SLICE);
    expect([made.healthy, log.filter((line) => line.includes('can be stored again')).length]).toEqual([true, 1]);
    put(3000);
    expect(stored.at(-1)).toBe('3000-1');
  });

  it('gives up on nothing while the disk is full, though small changes still fit', () => {
    const { book: made, refuses, stored, put, ticks, log } = book();
    put(1, 2, 3);
    refuses.full = true;
    for (const id of [10, 11, 12]) {
      put(id);
      made.add([1, 2, 3].map((known) => ({ ...change({ id: known, seq: 2 }), event: 'updated' as const })));
      ticks(5);
    }
    refuses.full = false;
    ticks(5);
    expect(stored).toEqual(expect.arrayContaining(['10-1', '11-1', '12-1']));
    expect(log.filter((line) => line.includes('never taken'))).toEqual([]);
    expect(made.healthy).toBe(true);
  });

  it.each([[[3]], [[1]], [[1, 2]], [[1, 2, 3, 500, 999]]])(
    'gives up on changes that are never taken (%j), and on no others',
    (bad) => {
      const { book: made, refuses, stored, offered, put, ticks, log } = book();
      refuses.ids = new Set(bad);
      put(...upTo(1000));
      for (let n = 0; n < 200 && !made.healthy; n++) ticks(1);
      expect(made.healthy).toBe(true);
      const keys = (ids: readonly number[]): string[] => ids.map((id) => `${id}-1`).toSorted();
      expect(stored.toSorted()).toEqual(keys(upTo(1000).filter((id) => !bad.includes(id))));
      expect(offered).toHaveLength(1000);
      expect(log.filter((line) => line.includes('never taken by the ledger'))).toHaveLength(bad.length);
    },
  );

  it('gives up on nothing while the disk takes nothing', () => {
    const { book: made, refuses, stored, put, ticks, log } = book();
    refuses.all = true;
    put(1, 2, 3);
    ticks(500);
    refuses.all = false;
    ticks(1);
    expect([stored, made.healthy]).toEqual([['1-1', '2-1', '3-1'], true]);
    expect(log.join('')).not.toContain('never taken');
  });

  it('stores what is left at the end, whenever it asked last', () => {
    const { book: made, refuses, stored, put } = book();
    refuses.all = true;
    put(1);
    refuses.all = false;
    put(2);
    expect(stored).toEqual([]);
    made.flush();
    expect(stored).toEqual(['1-1', '2-1']);
  });

  it('stores a change of which no message can be made', () => {
    const { stored, woken, put, log } = book((made: ConflictChange) => {
      if (made.conflict.id === 1) throw new RangeError('Invalid time value');
      return messageOf(made.conflict, made);
    });
    put(1, 2);
    expect([stored, woken]).toEqual([['1-1', '2-1'], ['1-1', '2-1'].slice(1)]);
    expect(log.join('')).toContain('no alert could be made');
  });

  it('keeps the newest of what was superseded, and no more than its bound', () => {
    const { book: made, refuses, stored, ticks, log } = book();
    refuses.all = true;
    for (let sightings = 1; sightings <= 5000; sightings++) {
      made.add([change({ id: 1, sightings }, { event: 'updated' }), change({ id: 2, sightings }, { event: 'updated' })]);
      made.flush();
    }
    made.add(upTo(MAX_UNSTORED + 5000).map((id) => change({ id: 100 + id })));
    made.flush();
    ticks(20);
    refuses.all = false;
    for (let n = 0; n < 100 && !made.healthy; n++) ticks(1);
    expect(stored.length).toBeLessThanOrEqual(MAX_UNSTORED + 1000);
    expect(stored.filter((key) => key === '1-1').length).toBeLessThanOrEqual(1);
    expect(stored.at(-1)).toBe(`${100 + MAX_UNSTORED + 5000}-1`);
    expect(log.join('')).toMatch(/"forgotten":5\d\d\d/);
  });
});
