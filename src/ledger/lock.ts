/**
 * One daemon a ledger: a lock that the kernel gives back by itself when its owner dies, however it dies. It is SQLite's own
 * file lock on an empty database beside the ledger, so readers of the ledger itself (a person's `sqlite3`) stay welcome.
 */
import Database from 'better-sqlite3';
import { ledgerLocked, ledgerNotWritable } from './errors.ts';

export interface LedgerLock {
  /** Idempotent. The lock file stays: to delete it would let two owners lock two different files. */
  release(): void;
}

/** @throws FreeholdError `ledger-locked` where another process (or this one) holds it, `ledger-not-writable`. */
export function lockLedger(path: string): LedgerLock {
  const lockPath = `${path}.lock`;
  let database: Database.Database | undefined;
  try {
    database = new Database(lockPath, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const busy = error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code);
    if (busy) throw ledgerLocked(path, error);
    throw ledgerNotWritable(path, `its lock file ${lockPath} cannot be taken (${String(error)})`, error);
  }
  const held = database;
  return { release: () => void held.close() };
}
