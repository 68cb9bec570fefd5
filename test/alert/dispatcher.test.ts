import { describe, expect, it } from 'vitest';
import { Dispatcher } from '../../src/alert/dispatcher.ts';
import { DELIVERED, rejected, retry, type SendOutcome } from '../../src/alert/types.ts';
import { createLogger } from '../../src/system/logger.ts';
import { newLedger, openAt } from '../ledger/fixtures.ts';
import { dispatcher, never } from './dispatcher-fixtures.ts';
import { entry, manualTime, scripted, settle, T0 } from './fixtures.ts';

describe('Dispatcher', () => {
  it('delivers what is written, tells how long it took, and is done with it', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox, time, settled, record } = dispatcher([channel]);
    made.start();
    await settle();
    time.clock.advance(15);
    record(entry(1, 1, ['hook']), entry(2, 1, ['hook']));
    await settle();
    expect(told).toEqual(['1-1', '2-1']);
    expect(settled).toEqual([
      ['hook', 'delivered', 15],
      ['hook', 'delivered', 15],
    ]);
    expect(outbox.depth().size).toBe(0);
    await time.pass(3_600_000);
    expect(told).toHaveLength(2);
  });

  it('begins with what an earlier run left', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox } = dispatcher([channel]);
    outbox.record([entry(1, 1, ['hook'])]);
    made.start();
    await settle();
    expect(told).toEqual(['1-1']);
  });

  it('wakes only the channels that have something to tell', async () => {
    const a = scripted('a', () => DELIVERED);
    const b = scripted('b', () => DELIVERED);
    const { dispatcher: made, outbox, record } = dispatcher([a.channel, b.channel]);
    made.start();
    await settle();
    const { reads } = outbox;
    record(entry(1, 1, ['b']));
    await settle();
    expect([a.told, b.told, outbox.reads - reads]).toEqual([[], ['1-1'], 1]);
  });

  it('keeps the order of one conflict, while others overtake it', async () => {
    let works = false;
    const { channel, told, tried } = scripted('hook', ({ id }) => (id === '1-1' && !works ? retry('busy') : DELIVERED));
    const { dispatcher: made, time, record } = dispatcher([channel]);
    made.start();
    record(entry(1, 1, ['hook']), entry(1, 2, ['hook']), entry(2, 1, ['hook']), entry(2, 2, ['hook']), entry(3, 1, ['hook']));
    await time.pass(1500);
    expect(told).toEqual(['2-1', '3-1', '2-2']);
    await time.pass(600_000);
    expect(tried).not.toContain('1-2');
    works = true;
    await time.pass(300_000);
    expect(told).toEqual(['2-1', '3-1', '2-2', '1-1', '1-2']);
  });

  it('sends eight at a time, and no more than the channel takes', async () => {
    for (const [over, most] of [
      [{}, 8],
      [{ concurrency: 2 }, 2],
    ] as const) {
      const { channel, tried } = scripted('hook', never, over);
      const { dispatcher: made, record } = dispatcher([channel]);
      made.start();
      record(...Array.from({ length: 30 }, (_, n) => entry(n + 1, 1, ['hook'])));
      await settle();
      expect(tried).toHaveLength(most);
    }
  });

  it('lets no channel delay another, whether it hangs, refuses, throws or is slow to end', async () => {
    const dead = [
      scripted('hangs', never).channel,
      scripted('refuses', () => retry('refused')).channel,
      scripted('throws', () => Promise.reject(new Error('token=hunter2'))).channel,
    ];
    const { channel, told } = scripted('good', () => DELIVERED);
    const { dispatcher: made, time, log, record } = dispatcher([...dead, channel]);
    made.start();
    const names = ['hangs', 'refuses', 'throws', 'good'];
    for (let id = 1; id <= 50; id++) record(entry(id, 1, names));
    await settle();
    expect(told).toHaveLength(50);
    await time.pass(60_000);
    expect(log.join('')).not.toContain('hunter2');
    expect(made.states().get('good')).toEqual({ failing: null, volatile: 0 });
    expect(made.states().get('refuses')?.failing).toBe('refused');
    expect(made.states().get('throws')?.failing).toBe('unexpected failure (Error)');
  });

  it('backs a failing channel off, one try at a time, for ten minutes; then all arrives in order', async () => {
    let works = false;
    const attempts: number[] = [];
    const { channel, told, tried } = scripted('hook', () => (works ? DELIVERED : retry('no connection', null, 'channel')));
    const { dispatcher: made, outbox, time, log, record } = dispatcher([channel]);
    made.start();
    for (let id = 1; id <= 200; id++) record(entry(id, 1, ['hook']), entry(id, 2, ['hook']));
    await time.pass(1500);
    // Eight failed together: that is one failure.
    expect(tried).toHaveLength(9);
    for (let minute = 0; minute < 10; minute++) {
      const before = tried.length;
      await time.pass(60_000);
      attempts.push(tried.length - before);
    }
    // 8 were under way when it failed for the first time; then waits of 1, 2, 4 … 256, 300 seconds.
    expect(tried.length).toBeLessThanOrEqual(8 + 10);
    expect(attempts.at(-1)).toBeLessThanOrEqual(1);
    expect(outbox.depth().get('hook')).toBe(400);
    expect(log.filter((line) => line.includes('cannot be delivered')).length).toBeLessThanOrEqual(2);
    works = true;
    await time.pass(400_000);
    expect(told).toHaveLength(400);
    expect(new Set(told).size).toBe(400);
    for (let id = 1; id <= 200; id++) expect(told.indexOf(`${id}-1`)).toBeLessThan(told.indexOf(`${id}-2`));
    expect(log.some((line) => line.includes('delivered again'))).toBe(true);
  });

  it('does not hang on one message that is always refused', async () => {
    const { channel, told, tried } = scripted('hook', ({ id }) => (id === '1-1' ? retry('answered 500') : DELIVERED));
    const { dispatcher: made, time, record } = dispatcher([channel]);
    made.start();
    record(entry(1, 1, ['hook']));
    await time.pass(3_600_000);
    for (let id = 2; id <= 100; id++) record(entry(id, 1, ['hook']));
    await settle();
    expect(told.length).toBeGreaterThan(0);
    await time.pass(10_000);
    expect(told).toHaveLength(99);
    await time.pass(3_600_000);
    expect(tried.filter((id) => id === '1-1').length).toBeLessThan(50);
  });

  it('waits as long as the receiver asks for, with everything', async () => {
    let asked = 0;
    const { channel, told, tried } = scripted('hook', () => (asked++ === 0 ? retry('answered 429', 120_000) : DELIVERED));
    const { dispatcher: made, time, record } = dispatcher([channel]);
    made.start();
    record(entry(1, 1, ['hook']));
    await time.pass(1000);
    record(entry(2, 1, ['hook']));
    await time.pass(118_000);
    expect(told).toEqual([]);
    await time.pass(2000);
    expect(told).toHaveLength(2);
    // What was never tried goes first: the fault may be the other one's.
    expect(tried).toEqual(['1-1', '2-1', '1-1']);
  });

  it('is done with what is rejected, and says so loudly', async () => {
    const { channel, told } = scripted('hook', ({ id }) => (id === '1-1' ? rejected('answered 400') : DELIVERED));
    const { dispatcher: made, outbox, time, log, settled, record } = dispatcher([channel]);
    made.start();
    record(entry(1, 1, ['hook']), entry(1, 2, ['hook']));
    await time.pass(10_000);
    expect(told).toEqual(['1-2']);
    expect(settled[0]).toEqual(['hook', 'rejected', null]);
    expect(outbox.depth().size).toBe(0);
    expect(log.join('')).toMatch(/"level":"error".*"alert":"1-1","reason":"answered 400"/);
  });

  it('does not take a rejection for a sign that the channel works', async () => {
    const { channel } = scripted('hook', ({ id }) => (id === '4-1' ? rejected('answered 413') : retry('answered 500')));
    const { dispatcher: made, time, log, settled, record } = dispatcher([channel]);
    made.start();
    record(...[1, 2, 3].map((id) => entry(id, 1, ['hook'])));
    await settle();
    record(entry(4, 1, ['hook']));
    await time.pass(5000);
    expect(settled).toEqual([['hook', 'rejected', null]]);
    expect(made.states().get('hook')?.failing).toBe('answered 500');
    expect(log.join('')).not.toContain('delivered again');
  });

  it('gives up on a send that never ends, and its place is free again', async () => {
    const hung: AbortSignal[] = [];
    const retries: string[] = [];
    const { channel, told } = scripted('hook', (_, signal) => {
      // Deaf to its signal, too.
      if (hung.push(signal) <= 2) return new Promise(() => undefined);
      return DELIVERED;
    });
    const {
      dispatcher: made,
      outbox,
      time,
      record,
    } = dispatcher([{ ...channel, concurrency: 2 }], {
      limitMs: 20,
      onRetry: (name) => void retries.push(name),
    });
    made.start();
    record(...[1, 2, 3].map((id) => entry(id, 1, ['hook'])));
    await settle();
    expect(hung).toHaveLength(2);
    await expect.poll(() => retries, { timeout: 20_000 }).toEqual(['hook', 'hook']);
    expect(outbox.reasons).toEqual(Array.from({ length: 2 }, () => 'no outcome within 0.02 s: given up'));
    expect(hung.every(({ aborted }) => aborted)).toBe(true);
    await time.pass(10_000);
    expect(told.toSorted()).toEqual(['1-1', '2-1', '3-1']);
  });

  it('finds a new message behind a hundred of one conflict that is refused', async () => {
    const { channel, told } = scripted('hook', ({ id }) => (id === '1-1' ? retry('answered 500') : DELIVERED));
    const { dispatcher: made, outbox } = dispatcher([channel]);
    outbox.record(Array.from({ length: 300 }, (_, n) => entry(1, n + 1, ['hook'])));
    outbox.record([entry(2, 1, ['hook'])]);
    made.start();
    await settle();
    await settle();
    expect(told).toEqual(['2-1']);
  });

  it('reads no row twice, however long the channel is dead', async () => {
    const { channel } = scripted('hook', () => retry('no connection', null, 'channel'));
    const { dispatcher: made, outbox, time } = dispatcher([channel]);
    outbox.record(Array.from({ length: 500 }, (_, n) => entry(n + 1, 1, ['hook'])));
    made.start();
    for (let hour = 0; hour < 10; hour++) {
      outbox.record([entry(1000 + hour, 1, ['hook'])]);
      made.wake();
      await time.pass(3_600_000);
    }
    expect(outbox.rowsRead).toBeLessThanOrEqual(510);
  });

  it('keeps little in memory of a long outbox', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox } = dispatcher([channel]);
    outbox.record(Array.from({ length: 1000 }, (_, n) => entry(n + 1, 1, ['hook'])));
    made.start();
    for (let n = 0; n < 40; n++) await settle();
    expect(told).toEqual(Array.from({ length: 1000 }, (_, n) => `${n + 1}-1`));
    expect(outbox.reads).toBeLessThan(60);
  });

  it('does not wait for a year when somebody sets the clock back', async () => {
    let works = false;
    const { channel, told } = scripted('hook', () => (works ? DELIVERED : retry('no')));
    const { dispatcher: made, outbox, time, record } = dispatcher([channel]);
    made.start();
    record(entry(1, 1, ['hook']));
    await settle();
    await made.stop();
    works = true;
    time.clock.setNow(T0 - 31_536_000_000);
    const after = dispatcher([channel], { outbox });
    after.time.clock.setNow(T0 - 31_536_000_000);
    after.dispatcher.start();
    await after.time.pass(600_000);
    expect(told).toEqual(['1-1']);
  });
});

describe('Dispatcher, stopping', () => {
  it('ends within a second though a channel ignores its signal, and touches the outbox no more', async () => {
    let answer = (_: SendOutcome): void => undefined;
    const deaf = scripted('deaf', () => new Promise<SendOutcome>((resolve) => (answer = resolve)), {
      close: () => new Promise(() => undefined),
    });
    const polite = scripted('polite', never);
    const { dispatcher: made, outbox, record } = dispatcher([deaf.channel, polite.channel]);
    made.start();
    record(entry(1, 1, ['deaf', 'polite']));
    await settle();
    await Promise.all([made.stop(), made.stop()]);
    answer(DELIVERED);
    await settle();
    expect([...outbox.depth()]).toEqual([
      ['deaf', 1],
      ['polite', 1],
    ]);
    // What was stopped is no failure: the next run sends it at once.
    expect(outbox.reasons).toEqual([]);
    made.start();
    record(entry(2, 1, ['polite']));
    await settle();
    expect(polite.tried).toEqual(['1-1']);
  });

  it('loses nothing and repeats nothing that was settled, over a hundred restarts on a real ledger', async () => {
    const { ledger, path } = newLedger(true);
    const total = 100;
    ledger.guard.record(Array.from({ length: total }, (_, n) => entry(n + 1, 1, ['hook'])));
    ledger.close();
    const counts = new Map<string, number>();
    let sends = 0;
    for (let run = 0; run < total; run++) {
      const reopened = openAt(path);
      const { channel } = scripted('hook', ({ id }, signal) => {
        // The third of each run never comes back: the process is killed meanwhile.
        if (++sends % 3 === 0) return never(id, signal);
        counts.set(id, (counts.get(id) ?? 0) + 1);
        return DELIVERED;
      });
      const time = manualTime();
      const made = new Dispatcher({
        outbox: reopened.guard,
        channels: [{ ...channel, concurrency: 1 }],
        logger: createLogger({ level: 'silent' }),
        openMessages: () => [],
        clock: time.clock,
        sleep: time.sleep,
      });
      made.start();
      await settle();
      await made.stop();
      const left = reopened.guard.depth().get('hook') ?? 0;
      reopened.close();
      if (left === 0) break;
    }
    expect(counts.size).toBe(total);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
  });
});
