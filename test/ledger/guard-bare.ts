/** The guard's tables on a database of the test's own: to see what it is asked, and to take its room away. */
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { ledgerError } from '../../src/ledger/errors.ts';
import { GuardTables } from '../../src/ledger/guard-store.ts';
import { newLedger } from './fixtures.ts';

export interface BareGuard {
  readonly guard: GuardTables;
  readonly database: Database.Database;
  /** Statements so far, their values filled in. */
  readonly asked: string[];
  /** How SQLite goes about each statement that `work` asks, a line a step. */
  readonly plan: (work: () => unknown) => string[];
}

export function bareGuard(): BareGuard {
  const { ledger, path } = newLedger(true);
  ledger.close();
  const asked: string[] = [];
  const database = new Database(path, { verbose: (sql) => asked.push(String(sql)) });
  database.pragma('foreign_keys = ON');
  database.pragma('synchronous = NORMAL');
  onTestFinished(() => {
    database.close();
  });
  const guard = new GuardTables(database, (work) => {
    try {
      return work();
    } catch (error) {
      throw ledgerError(path, error);
    }
  });
  const plan = (work: () => unknown): string[] => {
    asked.length = 0;
    work();
    return [...asked].flatMap((sql) =>
      database
        .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => detail.replace(/ \(.*/, '')),
    );
  };
  asked.length = 0;
  return { guard, database, asked, plan };
}
