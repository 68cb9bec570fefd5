/**
 * Opens the ledger's file: place, lock, inspection, settings, migrations, in this order. Never deletes, moves or repairs one.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { FreeholdError } from '../core/error.ts';
import { ledgerError } from './errors.ts';
import { inspect } from './inspect.ts';
import { type LedgerLock, lockLedger } from './lock.ts';
import { type Migration, migrate } from './migrate.ts';

export interface OpenDatabase {
  readonly database: Database.Database;
  readonly lock: LedgerLock;
  /** The real path, links followed. */
  readonly path: string;
}

export function openDatabase(wanted: string, nowMs: number, migrations: readonly Migration[]): OpenDatabase {
  const path = realPath(wanted);
  const lock = lockLedger(path);
  let database: Database.Database | undefined;
  try {
    const found = inspect(path, migrations.length);
    database = new Database(path, { timeout: 500 });
    configure(database, found === 'new');
    migrate(database, { path, nowMs, migrations });
    return { database, lock, path };
  } catch (error) {
    database?.close();
    lock.release();
    throw ledgerError(path, error);
  }
}

/** Two names of one file must meet at one lock. */
function realPath(wanted: string): string {
  const path = resolve(wanted);
  const directory = dirname(path);
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new FreeholdError('ledger-directory-missing', `the directory ${directory} of the ledger does not exist`, {
      hint: `Create it (mkdir -p ${directory}), writable for the user that runs Freehold, or set ledger.path in the configuration.`,
    });
  }
  try {
    return existsSync(path) ? realpathSync(path) : join(realpathSync(directory), basename(path));
  } catch (error) {
    throw ledgerError(path, error);
  }
}

function configure(database: Database.Database, isNew: boolean): void {
  // Only has an effect before the first table; lets pruning give pages back to the file system a few at a time.
  if (isNew) database.pragma('auto_vacuum = INCREMENTAL');
  database.pragma('journal_mode = WAL');
  // A commit is in the kernel's hands when it returns, so a killed process loses none. A power cut can lose the commits since
  // the last checkpoint, but never tears the database: SQLite syncs the log before it copies a page out of it.
  database.pragma('synchronous = NORMAL');
  database.pragma('foreign_keys = ON');
  database.pragma('trusted_schema = OFF');
  // About 1 MB: a checkpoint then takes milliseconds, and the log never grows much beyond it.
  database.pragma('wal_autocheckpoint = 256');
  database.pragma('journal_size_limit = 4194304');
  database.pragma('cache_size = -8000');
}
