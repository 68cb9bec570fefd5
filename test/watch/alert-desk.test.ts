import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConflictEntry, GuardStore } from '../../src/ledger/guard-types.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { ChannelConfig } from '../../src/system/config-types.ts';
import { ChannelDesk } from '../../src/watch/alert-desk.ts';
import { ChangeBook } from '../../src/watch/change-book.ts';
import { change, closedPort, logTo, receiver, status } from '../alert/fixtures.ts';
import { newLedger } from '../ledger/fixtures.ts';

/** A machine may be slow; nothing here is timed. */
const PATIENT = { timeout: 20_000, interval: 10 };

const hook = (name: string, url: string, over: Partial<ChannelConfig> = {}): ChannelConfig =>
  ({
    ...{ type: 'webhook', name, minSeverity: 'notice', kinds: null, url: { kind: 'plain', url }, hmac: null, bearer: null },
    ...over,
  }) as ChannelConfig;

function desk(channels: readonly ChannelConfig[]) {
  const { ledger } = newLedger(true);
  onTestFinished(() => ledger.close());
  const guard: GuardStore = ledger.guard;
  const disk = { refuses: false };
  const store: GuardStore = Object.create(guard, {
    record: {
      value: (entries: readonly ConflictEntry[]) => {
        if (disk.refuses) throw new Error('no space left');
        guard.record(entries);
      },
    },
    ...Object.fromEntries(
      (['pending', 'settle', 'postpone', 'depth', 'keepChannels'] as const).map((name) => [
        name,
        { value: (guard[name] as (...args: never[]) => unknown).bind(guard) },
      ]),
    ),
  });
  const log: string[] = [];
  const settled: string[] = [];
  const made = new ChannelDesk(
    { channels },
    {
      store,
      clock: systemClock,
      logger: logTo(log),
      version: '0.1.0',
      open: () => [],
      onSettled: (channel) => settled.push(channel),
      onRetry: () => undefined,
    },
  );
  onTestFinished(() => made.stop());
  const book = new ChangeBook(store, made, logTo(log));
  const put = (id: number): void => {
    book.add([change({ id })]);
    book.flush();
  };
  return { desk: made, book, put, disk, guard, log, settled };
}

const idsOf = (received: readonly { readonly body: string }[]): string[] =>
  received.map(({ body }) => (JSON.parse(body) as { id: string }).id);

describe('ChannelDesk, configured again', () => {
  it('loses nothing that is only in memory, and repeats nothing when it is stored at last', async () => {
    const other = await receiver();
    const down = hook('hook', `http://127.0.0.1:${await closedPort()}/`);
    const made = desk([down, hook('other', other.url)]);
    made.desk.start();
    made.disk.refuses = true;
    made.put(1);
    await expect.poll(() => made.desk.states().get('hook')?.failing, PATIENT).toContain('ECONNREFUSED');
    await expect.poll(() => idsOf(other.received), PATIENT).toEqual(['1-1']);
    // The receiver has it a moment before its answer is here.
    await expect.poll(() => made.settled, PATIENT).toContain('other');
    const up = await receiver();
    // Both change: one goes elsewhere, of the other only the filter.
    await made.desk.configure({ channels: [hook('hook', up.url), hook('other', other.url, { minSeverity: 'warning' })] });
    await expect.poll(() => idsOf(up.received), PATIENT).toEqual(['1-1']);
    made.disk.refuses = false;
    made.book.flush();
    await expect.poll(() => made.guard.depth().size, PATIENT).toBe(0);
    expect([idsOf(up.received), idsOf(other.received)]).toEqual([['1-1'], ['1-1']]);
  });

  it('lets a channel that did not change go on with what is under way', async () => {
    let release = (): void => undefined;
    const slow = await receiver((response, got) => {
      release = () => status(204)(response, got);
    });
    const kept = hook('kept', slow.url);
    const made = desk([kept]);
    made.desk.start();
    made.put(1);
    await expect.poll(() => slow.received.length, PATIENT).toBe(1);
    await made.desk.configure({ channels: [hook('new', `http://127.0.0.1:${await closedPort()}/`), kept] });
    release();
    await expect.poll(() => made.guard.depth().get('kept') ?? 0, PATIENT).toBe(0);
    expect(slow.received).toHaveLength(1);
  });

  it('drops what is stored for a channel after it was removed', async () => {
    const made = desk([hook('gone', `http://127.0.0.1:${await closedPort()}/`)]);
    made.desk.start();
    made.disk.refuses = true;
    made.put(1);
    await made.desk.configure({ channels: [{ type: 'journal', name: 'journal', minSeverity: 'notice', kinds: null }] });
    made.disk.refuses = false;
    made.book.flush();
    expect(made.guard.depth().get('gone') ?? 0).toBe(0);
    expect(made.log.join('')).toContain('not configured any more were dropped');
  });
});
