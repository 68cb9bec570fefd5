import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/watch/guard-types.ts';
import { createLiveEvents, LIVE_EVENTS_KEPT } from '../../src/watch/live-events.ts';
import { AT_MS, conflictEvent, noticeEvent, sightingEvent } from '../http/guard-fixtures.ts';

const seqs = (events: readonly LiveEvent[]): number[] => events.map(({ seq }) => seq);

describe('the stream of live events', () => {
  it('numbers events from 1 on, and tells them in order', () => {
    const live = createLiveEvents({ run: 'a' });
    expect([live.newest, live.since(0)]).toEqual([0, { events: [], missed: false }]);
    const heard: LiveEvent[] = [];
    const leave = live.subscribe((event) => heard.push(event));
    live.publish(noticeEvent('one'), AT_MS);
    live.publish(conflictEvent(), AT_MS + 1);
    leave();
    live.publish(noticeEvent('three'), AT_MS + 2);
    expect(heard).toMatchObject([
      { seq: 1, type: 'notice', atMs: AT_MS },
      { seq: 2, type: 'conflict', atMs: AT_MS + 1 },
    ]);
    expect(seqs(live.since(0).events)).toEqual([1, 2, 3]);
    expect(seqs(live.since(2).events)).toEqual([3]);
    expect(live.since(3)).toEqual({ events: [], missed: false });
    expect(live.newest).toBe(3);
  });

  it('keeps the newest 2,000, and says where some are gone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 * LIVE_EVENTS_KEPT }), fc.nat(3 * LIVE_EVENTS_KEPT), (published, asked) => {
        const live = createLiveEvents();
        for (let n = 1; n <= published; n++) live.publish(noticeEvent(String(n)), AT_MS);
        const seq = Math.min(asked, published);
        const { events, missed } = live.since(seq);
        const oldest = Math.max(1, published - LIVE_EVENTS_KEPT + 1);
        expect(events.length).toBe(published - Math.max(seq, oldest - 1));
        expect(events.every((event, i) => event.seq === Math.max(seq + 1, oldest) + i)).toBe(true);
        expect(events.every((event) => event.type === 'notice' && event.text === String(event.seq))).toBe(true);
        expect(missed).toBe(seq < oldest - 1);
      }),
      { numRuns: 30 },
    );
  });

  it('gives each run a name of its own', () => {
    expect(createLiveEvents().run).toMatch(/^[0-9a-f]{12}$/);
    expect(createLiveEvents().run).not.toBe(createLiveEvents().run);
  });

  it('goes on where a listener throws, and tells of it', () => {
    const errors: unknown[] = [];
    const live = createLiveEvents({ onListenerError: (error) => errors.push(error) });
    live.subscribe(() => {
      throw new Error('broken');
    });
    const heard: number[] = [];
    live.subscribe(({ seq }) => heard.push(seq));
    live.publish(noticeEvent('one'), AT_MS);
    expect([heard, errors]).toEqual([[1], [new Error('broken')]]);
  });

  it('takes 64 listeners and no more; who leaves makes room, and leaves alone', () => {
    const live = createLiveEvents();
    let heard = 0;
    const listener = (): void => {
      heard++;
    };
    const leaving = Array.from({ length: 64 }, () => live.subscribe(listener));
    expect(() => live.subscribe(listener)).toThrow(expect.objectContaining({ code: 'too-many-streams' }));
    leaving[0]?.();
    leaving[0]?.();
    live.publish(noticeEvent('one'), AT_MS);
    expect(heard).toBe(63);
    live.subscribe(listener);
  });
});

describe('a flood of sightings', () => {
  it('is cut to 200 a second, and the rest is told as a number', () => {
    const live = createLiveEvents();
    for (let n = 0; n < 1000; n++) live.publish(sightingEvent(), AT_MS + (n % 999));
    expect(live.newest).toBe(200);
    live.publish(sightingEvent(), AT_MS + 1000);
    expect(live.since(200).events).toMatchObject([
      { type: 'notice', code: 'sightings-not-shown', segment: 'lan', text: expect.stringMatching(/^800 more sightings/) },
      { type: 'sighting', seq: 202 },
    ]);
    live.publish(sightingEvent(), AT_MS + 2000);
    expect(live.since(202).events).toMatchObject([{ type: 'sighting' }]);
  });

  it('hides no conflict, however many', () => {
    const live = createLiveEvents();
    for (let n = 1; n <= 500; n++) {
      for (let m = 0; m < 20; m++) live.publish(sightingEvent(), AT_MS);
      live.publish(conflictEvent({ id: n }), AT_MS);
    }
    const ids = live.since(0).events.flatMap((event) => (event.type === 'conflict' ? [event.change.conflict.id] : []));
    expect(ids).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  });

  it('is cut as well where stamps of two sockets alternate, and goes on where the clock is set back', () => {
    const live = createLiveEvents();
    for (let n = 0; n < 1000; n++) live.publish(sightingEvent(), AT_MS - (n % 2) * 1500);
    expect(live.newest).toBe(200);
    live.publish(sightingEvent(), AT_MS - 3_600_000);
    expect(live.newest).toBe(202);
  });
});
