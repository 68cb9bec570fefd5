import { describe, expect, it } from 'vitest';
import { MAX_VOLATILE } from '../../src/alert/lane-queue.ts';
import { DELIVERED, retry } from '../../src/alert/types.ts';
import { dispatcher } from './dispatcher-fixtures.ts';
import { entry, scripted, settle } from './fixtures.ts';

describe('Dispatcher, when the outbox refuses', () => {
  it('repeats only the settling where that fails', async () => {
    const { channel, tried } = scripted('hook', () => {
      outbox.refuses = true;
      return DELIVERED;
    });
    const { dispatcher: made, outbox, time, log, record } = dispatcher([channel]);
    made.start();
    record(entry(1, 1, ['hook']));
    await time.pass(60_000);
    expect(outbox.depth().get('hook')).toBe(1);
    outbox.refuses = false;
    made.wake();
    await time.pass(2000);
    expect(outbox.depth().size).toBe(0);
    expect(tried).toEqual(['1-1']);
    expect(log.filter((line) => line.includes('outbox refuses'))).toHaveLength(1);
  });

  it('tells from memory, in order, and not again when it is stored at last', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox, time } = dispatcher([channel]);
    made.start();
    await settle();
    outbox.refuses = true;
    const entries = [entry(1, 1, ['hook']), entry(1, 2, ['hook']), entry(2, 1, ['hook'])];
    made.offerVolatile(entries);
    made.offerVolatile(entries);
    await time.pass(5000);
    expect(told).toEqual(['1-1', '2-1', '1-2']);
    outbox.refuses = false;
    outbox.record(entries);
    made.wake(entries);
    await time.pass(5000);
    expect(told).toHaveLength(3);
    expect(outbox.depth().size).toBe(0);
    made.offerVolatile(entries.map((one) => ({ ...one, channels: ['other'] })));
    expect(told).toHaveLength(3);
  });

  it('goes on from the outbox with what it had not told when that was stored', async () => {
    let works = false;
    const { channel, told } = scripted('hook', () => (works ? DELIVERED : retry('no')));
    const { dispatcher: made, outbox, time } = dispatcher([channel]);
    made.start();
    await settle();
    outbox.refuses = true;
    made.offerVolatile([entry(1, 1, ['hook'])]);
    await time.pass(500);
    expect(made.states().get('hook')?.volatile).toBe(1);
    outbox.refuses = false;
    outbox.record([entry(1, 1, ['hook'])]);
    made.wake();
    works = true;
    await time.pass(10_000);
    expect([told, outbox.depth().size, made.states().get('hook')?.volatile]).toEqual([['1-1'], 0, 0]);
  });

  it('never tells the end of a conflict whose beginning may lie unread on a disk that does not answer', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox, time } = dispatcher([channel]);
    outbox.record([entry(1, 1, ['hook'])]);
    outbox.refuses = true;
    made.start();
    made.offerVolatile([entry(1, 2, ['hook']), entry(2, 1, ['hook'])]);
    await time.pass(10_000);
    expect(told).toEqual(['2-1']);
    outbox.refuses = false;
    await time.pass(10_000);
    expect(told).toEqual(['2-1', '1-1', '1-2']);
  });

  it('keeps 10,000 in memory at most; the rest waits for the disk, and loses no order', async () => {
    let works = false;
    const { channel, told } = scripted('hook', () => (works ? DELIVERED : retry('no', 1000)));
    const { dispatcher: made, outbox, time, log } = dispatcher([channel]);
    made.start();
    await settle();
    outbox.refuses = true;
    const entries = Array.from({ length: MAX_VOLATILE + 3 }, (_, n) => entry(n + 1, 1, ['hook']));
    made.offerVolatile(entries);
    made.offerVolatile(entries);
    expect(made.states().get('hook')?.volatile).toBe(MAX_VOLATILE);
    expect(log.filter((line) => line.includes('too many alerts'))).toHaveLength(1);
    works = true;
    await time.pass(5000);
    made.offerVolatile([entry(MAX_VOLATILE + 1, 2, ['hook'])]);
    for (let n = 0; n < 500 && told.length < MAX_VOLATILE; n++) await time.pass(1000);
    expect(told).toHaveLength(MAX_VOLATILE);
    outbox.refuses = false;
    outbox.record([...entries.slice(-3), entry(MAX_VOLATILE + 1, 2, ['hook'])]);
    made.wake();
    await time.pass(5000);
    expect(told.slice(MAX_VOLATILE)).toEqual([
      `${MAX_VOLATILE + 1}-1`,
      `${MAX_VOLATILE + 2}-1`,
      `${MAX_VOLATILE + 3}-1`,
      `${MAX_VOLATILE + 1}-2`,
    ]);
    // The disk took everything: there is room in memory again.
    outbox.refuses = true;
    made.offerVolatile([entry(MAX_VOLATILE + 9, 1, ['hook'])]);
    await time.pass(1000);
    expect(told.at(-1)).toBe(`${MAX_VOLATILE + 9}-1`);
  });

  it('does not hold an escalation back whose beginning it told itself, though the disk cannot be read', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox, time } = dispatcher([channel]);
    made.start();
    outbox.record([entry(1, 1, ['hook'])]);
    made.wake();
    await settle();
    outbox.refuses = true;
    // Others were stored, and cannot be read.
    made.wake();
    made.offerVolatile([entry(1, 2, ['hook'])]);
    await time.pass(500);
    expect(told).toEqual(['1-1', '1-2']);
  });

  it('settles what was stored just before it is stopped, so that the next run does not tell it again', async () => {
    const { channel, told } = scripted('hook', () => DELIVERED);
    const { dispatcher: made, outbox } = dispatcher([channel]);
    made.start();
    await settle();
    const entries = Array.from({ length: 200 }, (_, n) => entry(n + 1, 1, ['hook']));
    made.offerVolatile(entries);
    while (told.length < 200) await settle();
    outbox.record(entries);
    made.wake(entries);
    await made.stop();
    expect(outbox.depth().size).toBe(0);
  });
});
