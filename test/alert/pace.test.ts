import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_FRESH_MS, Pace } from '../../src/alert/pace.ts';
import { DELIVERED, retry } from '../../src/alert/types.ts';
import { dispatcher } from './dispatcher-fixtures.ts';
import { entry, scripted, settle } from './fixtures.ts';

const pace = (longestMs: number | null = null): Pace => new Pace({ random: () => 1, longestMs });

describe('Pace', () => {
  it('takes refusals for the trouble of the messages, until three different ones failed in a row', () => {
    const made = pace();
    for (let tries = 0; tries < 5; tries++) made.failed(retry('500'), '1-1', tries, made.round, 0);
    made.failed(retry('500'), '2-1', 0, made.round, 0);
    expect([made.failing, made.mayTry('1-1', 5, 0), made.mayTry('3-1', 0, 0)]).toEqual([false, true, true]);
    made.failed(retry('500'), '3-1', 0, made.round, 0);
    expect([made.failing, made.mayTry('1-1', 5, 999), made.mayTry('4-1', 0, 999)]).toEqual([true, false, false]);
    expect([made.mayTry('1-1', 5, 1000), made.mayTry('4-1', 0, 1000)]).toEqual([true, true]);
    expect(made.worked()).toBe(true);
    expect([made.failing, made.mayTry('1-1', 5, 0)]).toEqual([false, true]);
  });

  it('takes a connection that fails for the trouble of the channel, though one other message may show otherwise', () => {
    const made = pace();
    made.failed(retry('refused', null, 'channel'), '1-1', 0, made.round, 0);
    expect([made.mayTry('1-1', 1, 0), made.mayTry('2-1', 0, 0)]).toEqual([false, true]);
    made.failed(retry('refused', null, 'channel'), '2-1', 0, made.round, 0);
    expect([made.mayTry('3-1', 0, 1999), made.mayTry('3-1', 0, 2000)]).toEqual([false, true]);
  });

  it('holds everything back that the receiver asked for, also after a success', () => {
    const made = pace();
    made.failed(retry('429', 90_000), '1-1', 0, made.round, 0);
    made.worked();
    expect([made.isOpen(89_999), made.mayTry('2-1', 0, 89_999), made.isOpen(90_000)]).toEqual([false, false, true]);
  });

  it('keeps within its own bound, also where the receiver asks for more', () => {
    const made = pace(60_000);
    for (let n = 0; n < 20; n++) made.failed(retry('no', 600_000, 'channel'), `${n}-1`, 0, made.round, 0);
    expect([made.blockedUntilMs, made.waitMs(20, 600_000)]).toEqual([60_000, 60_000]);
  });

  it('never lets a message that was never tried wait for long, while answers come', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(9), fc.nat(600_000)), { maxLength: 60 }), (fails) => {
        const made = pace();
        let now = 0;
        for (const [id, attempts, afterMs] of fails) {
          now += afterMs;
          made.failed(retry('500'), `${id}-1`, attempts, made.round, now);
        }
        expect(made.mayTry('new', 0, now + LONGEST_FRESH_MS)).toBe(true);
      }),
    );
  });
});

/** A generator of numbers 0 .. 1 that is the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe('messages that are always refused', () => {
  it.each([1, 2, 3, 4, 5])('%i of them hold no other up', async (poisons) => {
    for (const concurrency of [1, 8]) {
      const isPoison = (id: string): boolean => Number(id.split('-')[0]) <= poisons;
      const { channel, told, tried } = scripted('ops', ({ id }) => (isPoison(id) ? retry('500') : DELIVERED), { concurrency });
      const random = dice(poisons);
      const { dispatcher: made, time, record } = dispatcher([channel], { random });
      made.start();
      for (let id = 1; id <= poisons; id++) record(entry(id, 1, ['ops']));
      await time.pass(3_600_000);
      const delays: number[] = [];
      for (let id = 100; id < 130; id++) {
        record(entry(id, 1, ['ops']));
        await settle();
        let waitedMs = 0;
        for (; !told.includes(`${id}-1`) && waitedMs < 600_000; waitedMs += 500) await time.pass(500);
        delays.push(waitedMs);
        await time.pass(Math.floor(random() * 900_000));
      }
      delays.sort((a, b) => a - b);
      expect(delays[15]).toBeLessThanOrEqual(1000);
      expect(delays.at(-1)).toBeLessThanOrEqual(30_000);
      // They are tried still, but not often.
      const hours = time.clock.monotonicMs() / 3_600_000;
      expect(tried.filter(isPoison).length / poisons / hours).toBeLessThan(60);
      await made.stop();
    }
  });

  it('hold up nobody who comes together with them, one at a time', async () => {
    const { channel, told } = scripted('ops', ({ id }) => (Number(id.split('-')[0]) <= 5 ? retry('500') : DELIVERED), {
      concurrency: 1,
    });
    const { dispatcher: made, time, record } = dispatcher([channel]);
    made.start();
    record(...Array.from({ length: 6 }, (_, n) => entry(n + 1, 1, ['ops'])));
    await time.pass(30_000);
    expect(told).toEqual(['6-1']);
  });

  it('are asked about gently where every message is refused', async () => {
    const { channel, tried } = scripted('ops', () => retry('answered 503'));
    const { dispatcher: made, time, record } = dispatcher([channel]);
    made.start();
    for (let id = 1; id <= 200; id++) record(entry(id, 1, ['ops']));
    await time.pass(600_000);
    // Eight together, then one every 25 s, and now and then one again.
    expect(tried.length).toBeLessThanOrEqual(8 + 24 + 5 + 10);
  });
});
