/**
 * One daemon a ledger: a lock that the kernel gives back by itself when its owner dies, however it dies. It is SQLite's own
 * file lock on an empty database beside the ledger, so readers of the ledger itself (a person's `sqlite3`) stay welcome.
 */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { FreeholdError } from '../core/error.ts';
import { ledgerError, ledgerNotWritable } from './errors.ts';

export interface LedgerLock {
  /** Idempotent. The lock file stays: to delete it would let two owners lock two different files. */
  release(): void;
}

/** Whether somebody holds it. Takes nothing and makes no file. @throws where the lock cannot be read */
export function isLedgerLocked(path: string): boolean {
  const lockPath = `${path}.lock`;
  if (!existsSync(lockPath)) return false;
  let database: Database.Database | undefined;
  try {
    database = new Database(lockPath, { readonly: true, fileMustExist: true, timeout: 0 });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)) return true;
    throw ledgerError(path, error);
  } finally {
    database?.close();
  }
}

/** @throws FreeholdError `ledger-locked` where another process (or this one) holds it, `ledger-full`, `ledger-not-writable`. */
export function lockLedger(path: string): LedgerLock {
  const lockPath = `${path}.lock`;
  let database: Database.Database | undefined;
  try {
    database = new Database(lockPath, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const told = ledgerError(path, error);
    if (told instanceof FreeholdError && (told.code === 'ledger-locked' || told.code === 'ledger-full')) throw told;
    throw ledgerNotWritable(path, `its lock file ${lockPath} cannot be taken (${String(error)})`, error);
  }
  const held = database;
  return { release: () => void held.close() };
}
