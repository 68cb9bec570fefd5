import { describe, expect, it } from 'vitest';
import { makeAll, SLICE } from '../../src/alert/refresh.ts';
import { type Channel, DELIVERED, rejected, retry, type SendOutcome } from '../../src/alert/types.ts';
import { dispatcher, openAlerts } from './dispatcher-fixtures.ts';
import { entry, messageOf, scripted, settle } from './fixtures.ts';

describe('Dispatcher, refreshing', () => {
  const open = [messageOf({ id: 1 }), messageOf({ id: 2 })];
  const refreshing = (over: Partial<Channel> = {}, answer = (): SendOutcome | Promise<SendOutcome> => DELIVERED) => {
    const refreshed: string[][] = [];
    const made = scripted('am', answer, {
      type: 'alertmanager',
      refreshMs: 60_000,
      async refresh(messages) {
        refreshed.push(messages.map(({ id }) => id));
        return DELIVERED;
      },
      ...over,
    });
    return { ...made, refreshed };
  };

  it('tells what is open at the start and again and again', async () => {
    const { channel, refreshed } = refreshing();
    const { dispatcher: made, time } = dispatcher([channel], { openMessages: () => openAlerts(open) });
    made.start();
    await time.pass(180_500);
    expect(refreshed).toEqual(Array.from({ length: 4 }, () => ['1-1', '2-1']));
  });

  it('asks nobody where nothing is open', async () => {
    const { channel, refreshed } = refreshing();
    const { dispatcher: made, time } = dispatcher([channel]);
    made.start();
    await time.pass(180_500);
    expect(refreshed).toEqual([]);
  });

  it('leaves out what waits for its own delivery, and holds back what it is just telling', async () => {
    let release = (): void => undefined;
    const { channel, told, refreshed } = refreshing({
      refresh: (messages) => {
        refreshed.push(messages.map(({ id }) => id));
        return new Promise((resolve) => {
          release = () => resolve(DELIVERED);
        });
      },
    });
    const { dispatcher: made, record } = dispatcher([channel], { openMessages: () => openAlerts(open) });
    made.start();
    await settle();
    expect(refreshed).toEqual([['1-1', '2-1']]);
    record(entry(1, 2, ['am']), entry(3, 1, ['am']));
    await settle();
    expect(told).toEqual(['3-1']);
    release();
    await settle();
    expect(told).toEqual(['3-1', '1-2']);

    const hanging = refreshing({}, () => new Promise(() => undefined));
    const second = dispatcher([hanging.channel], { openMessages: () => openAlerts(open) });
    second.record(entry(1, 1, ['am']));
    second.dispatcher.start();
    await settle();
    expect(hanging.refreshed).toEqual([['2-1']]);
  });

  it('backs off with the channel, and goes on when it works again', async () => {
    let tries = 0;
    const { channel } = refreshing({ refresh: async () => (++tries < 4 ? retry('answered 502') : DELIVERED) });
    const { dispatcher: made, time, log } = dispatcher([channel], { openMessages: () => openAlerts(open) });
    made.start();
    await time.pass(8000);
    expect(tries).toBe(4);
    expect(log.filter((line) => line.includes('answered 502'))).toHaveLength(1);
    await time.pass(61_000);
    expect(tries).toBe(5);
  });

  it('waits no longer than its interval while the channel fails, whatever the receiver asks for, and tells at once when it is back', async () => {
    let works = false;
    const times: number[] = [];
    const { channel } = refreshing({
      refresh: async () => {
        times.push(time.clock.monotonicMs());
        return works ? DELIVERED : retry('down', 600_000, 'channel');
      },
    });
    const { dispatcher: made, time } = dispatcher([channel], { openMessages: () => openAlerts(open) });
    made.start();
    await time.pass(3_600_000);
    const waits = times.slice(1).map((ms, n) => ms - (times[n] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    works = true;
    times.length = 0;
    await time.pass(120_000);
    expect(times[0]).toBeLessThanOrEqual(3_600_000 + 60_000);
    expect(times).toHaveLength(2);
  });

  it('tells what is open at once when a message shows that the channel is back', async () => {
    let works = true;
    const { channel, refreshed } = refreshing({}, () => (works ? DELIVERED : retry('down', null, 'channel')));
    const { dispatcher: made, time, record } = dispatcher([channel], { openMessages: () => openAlerts(open) });
    made.start();
    await time.pass(1000);
    expect(refreshed).toHaveLength(1);
    works = false;
    record(entry(3, 1, ['am']));
    await time.pass(500);
    works = true;
    await time.pass(5000);
    expect(refreshed).toHaveLength(2);
  });

  it('says that it fails where a refresh is rejected, until one is taken', async () => {
    let answer: SendOutcome = rejected('answered 413');
    const { channel } = refreshing({ refresh: async () => answer });
    const { dispatcher: made, time, settled, record } = dispatcher([channel], { openMessages: () => openAlerts(open) });
    made.start();
    await time.pass(1000);
    record(entry(3, 1, ['am']));
    await settle();
    expect(made.states().get('am')?.failing).toBe('answered 413');
    expect(settled[0]).toEqual(['am', 'rejected', null]);
    answer = DELIVERED;
    await time.pass(60_000);
    expect(made.states().get('am')?.failing).toBeNull();
  });

  it('gives up on a refresh that never ends, so that nothing is held back for ever', async () => {
    const { channel, told } = refreshing({ refresh: () => new Promise(() => undefined) });
    const { dispatcher: made, time, record } = dispatcher([channel], { openMessages: () => openAlerts(open), limitMs: 20 });
    made.start();
    await settle();
    record(entry(1, 2, ['am']));
    await settle();
    expect(told).toEqual([]);
    await expect.poll(() => made.states().get('am')?.failing, { timeout: 20_000 }).toContain('no outcome within');
    await time.pass(1000);
    expect(told).toEqual(['1-2']);
  });

  it('makes thousands in slices, with turns for others in between', async () => {
    let made = 0;
    const atTurns: number[] = [];
    const many = Array.from({ length: 4096 }, (_, n) => ({
      conflictId: n + 1,
      make: () => {
        made++;
        return messageOf({ id: n + 1 });
      },
    }));
    const ended = makeAll(many, new AbortController().signal);
    let done = false;
    void ended.then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      atTurns.push(made);
    }
    const steps = atTurns.map((count, n) => count - (atTurns[n - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(2 * SLICE);
    expect(await ended).toHaveLength(4096);
  });
});
