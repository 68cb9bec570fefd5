import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { FreeholdError } from '../../src/core/error.ts';
import { ledgerError } from '../../src/ledger/errors.ts';

const PATH = '/var/lib/freehold/freehold.db';
const sqlite = (code: string): Error => new Database.SqliteError('what SQLite says', code);
const node = (code: string): Error => Object.assign(new Error('what the system says'), { code });

describe('what the disk says, in words for people', () => {
  const table: { readonly error: Error; readonly code: string }[] = [
    { error: sqlite('SQLITE_FULL'), code: 'ledger-full' },
    { error: node('ENOSPC'), code: 'ledger-full' },
    { error: node('EDQUOT'), code: 'ledger-full' },
    { error: sqlite('SQLITE_CORRUPT'), code: 'ledger-damaged' },
    { error: sqlite('SQLITE_CORRUPT_INDEX'), code: 'ledger-damaged' },
    { error: sqlite('SQLITE_NOTADB'), code: 'ledger-damaged' },
    { error: sqlite('SQLITE_BUSY'), code: 'ledger-locked' },
    { error: sqlite('SQLITE_BUSY_SNAPSHOT'), code: 'ledger-locked' },
    { error: sqlite('SQLITE_READONLY_DBMOVED'), code: 'ledger-not-writable' },
    { error: sqlite('SQLITE_CANTOPEN'), code: 'ledger-not-writable' },
    { error: node('EACCES'), code: 'ledger-not-writable' },
    { error: node('EROFS'), code: 'ledger-not-writable' },
    { error: sqlite('SQLITE_IOERR_WRITE'), code: 'ledger-io' },
  ];
  for (const { error, code } of table) {
    it(`${'code' in error ? String(error.code) : ''}: ${code}`, () => {
      const told = ledgerError(PATH, error);
      if (!(told instanceof FreeholdError)) throw new Error('not for people');
      expect([told.code, told.cause]).toEqual([code, error]);
      expect(told.message).toContain(PATH);
      expect(told.hint).toMatch(/\.$/);
    });
  }

  it('passes on what is not of the disk', () => {
    for (const error of [new TypeError('a mistake of ours'), sqlite('SQLITE_CONSTRAINT')])
      expect(ledgerError(PATH, error)).toBe(error);
    const known = new FreeholdError('ledger-foreign', 'said before');
    expect(ledgerError(PATH, known)).toBe(known);
  });
});
