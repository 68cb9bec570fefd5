import { describe, expect, it } from 'vitest';
import { DELIVERED, retry } from '../../src/alert/types.ts';
import { dispatcher, never } from './dispatcher-fixtures.ts';
import { entry, scripted, settle } from './fixtures.ts';

describe('Dispatcher, with other channels', () => {
  it('carries over what is only in memory: what is untold is told, what was told is not told again', async () => {
    const before = scripted('hook', ({ id }) => (id === '1-1' ? DELIVERED : retry('down')));
    const after = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox, time } = dispatcher([before.channel]);
    made.start();
    await settle();
    outbox.refuses = true;
    const entries = [entry(1, 1, ['hook']), entry(2, 1, ['hook']), entry(2, 2, ['hook'])];
    made.offerVolatile(entries);
    await settle();
    await made.replace(new Set(), [after.channel]);
    await time.pass(1000);
    expect([before.told, after.told]).toEqual([['1-1'], ['2-1', '2-2']]);
    outbox.refuses = false;
    outbox.record(entries);
    made.wake(entries);
    await time.pass(1000);
    expect(after.told).toEqual(['2-1', '2-2']);
    expect(outbox.depth().size).toBe(0);
  });

  it('remembers what was told, and what the outbox did not take', async () => {
    const before = scripted('hook', () => {
      outbox.refuses = true;
      return DELIVERED;
    });
    const after = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox, time, record } = dispatcher([before.channel]);
    made.start();
    record(entry(1, 1, ['hook']));
    await settle();
    await made.replace(new Set(), [after.channel]);
    outbox.refuses = false;
    await time.pass(5000);
    expect([before.told, after.tried, outbox.depth().size]).toEqual([['1-1'], [], 0]);
  });

  it('lets a channel that stays go on with what is under way, ends those that go, and begins with new ones', async () => {
    let answer = (): void => undefined;
    const closed: string[] = [];
    const close = (name: string) => ({ close: async () => void closed.push(name) });
    const stays = scripted('stays', () => new Promise((resolve) => (answer = () => resolve(DELIVERED))), close('stays'));
    const goes = scripted('goes', never, close('goes'));
    const comes = scripted('comes', () => DELIVERED);
    const { dispatcher: made, record } = dispatcher([stays.channel, goes.channel]);
    made.start();
    record(entry(1, 1, ['stays', 'goes']));
    await settle();
    await made.replace(new Set(['stays']), [comes.channel]);
    answer();
    record(entry(2, 1, ['comes', 'goes']));
    await settle();
    expect([stays.tried, stays.told, goes.tried, comes.told, closed]).toEqual([['1-1'], ['1-1'], ['1-1'], ['2-1'], ['goes']]);
    expect([...made.states().keys()]).toEqual(['stays', 'comes']);
  });

  it('begins nothing once it was stopped, and closes what it was given', async () => {
    let closed = 0;
    const { channel, tried } = scripted('hook', () => DELIVERED, { close: async () => void closed++ });
    const { dispatcher: made, outbox } = dispatcher([]);
    made.start();
    await made.stop();
    outbox.record([entry(1, 1, ['hook'])]);
    await made.replace(new Set(), [channel]);
    await settle();
    expect([tried, closed]).toEqual([[], 1]);
  });
});
