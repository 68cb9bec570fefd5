/** What was committed is synced behind the back of whoever committed it, and never more than one sync at a time. */
import { afterEach, expect, it, vi } from 'vitest';
import { WalSync } from '../../src/ledger/wal-sync.ts';

interface Call {
  readonly what: 'open' | 'fdatasync' | 'close';
  readonly about: string | number;
  readonly answer: (error: Error | null, fd?: number) => void;
}

const calls = vi.hoisted((): Call[] => []);
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  open: (about: string, _: string, answer: Call['answer']) => calls.push({ what: 'open', about, answer }),
  fdatasync: (about: number, answer: Call['answer']) => calls.push({ what: 'fdatasync', about, answer }),
  close: (about: number, answer: Call['answer']) => calls.push({ what: 'close', about, answer }),
}));
afterEach(() => void calls.splice(0));

/** Lets the oldest call come to its end. @returns what it was */
function next(error: Error | null = null): string {
  const call = calls.shift();
  call?.answer(error, 7);
  return call === undefined ? '' : `${call.what} ${call.about}`;
}

it('syncs the log, not the database, and closes it again', () => {
  new WalSync('/ledger.db').request();
  expect([next(), next(), next(), calls]).toEqual(['open /ledger.db-wal', 'fdatasync 7', 'close 7', []]);
});

it('syncs once more for all that came during a sync', () => {
  const sync = new WalSync('/ledger.db');
  for (let n = 0; n < 5; n++) sync.request();
  expect(calls).toHaveLength(1);
  const done = Array.from({ length: 6 }, () => next());
  expect(done.filter((what) => what === 'fdatasync 7')).toHaveLength(2);
  expect(calls).toEqual([]);
});

it('goes on after a log that is gone, and a disk that refuses', () => {
  const sync = new WalSync('/ledger.db');
  sync.request();
  expect(next(new Error('ENOENT'))).toBe('open /ledger.db-wal');
  sync.request();
  expect([next(), next(new Error('EIO')), next()]).toEqual(['open /ledger.db-wal', 'fdatasync 7', 'close 7']);
  sync.request();
  expect(next()).toBe('open /ledger.db-wal');
});
