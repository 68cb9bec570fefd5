/**
 * Brings a ledger to the newest version: numbered SQL files, applied in order, all or none. A file that was applied once is
 * never edited: its checksum is stored, and a ledger made by other files than these is refused.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Database from 'better-sqlite3';
import { FreeholdError } from '../core/error.ts';
import { backUp } from './backup.ts';
import { ledgerError } from './errors.ts';
import { APPLICATION_ID } from './inspect.ts';

export interface Migration {
  /** 1, 2, 3 ... without holes. */
  readonly number: number;
  /** `0001_segments.sql` */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file. */
  readonly checksum: string;
}

/** Seen from the sources (src/ledger) and from the build (dist/src/ledger). */
const FOLDERS = ['../../migrations', '../../../migrations'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** Reads the migration files of the installation, or of `folder`. */
export function readMigrations(folder = FOLDERS.find((path) => existsSync(path))): readonly Migration[] {
  const names =
    folder === undefined
      ? []
      : readdirSync(folder)
          .filter((name) => name.endsWith('.sql'))
          .sort();
  const migrations = names.map((name) => {
    const sql = readFileSync(join(folder ?? '', name), 'utf8');
    return { number: Number(/^(\d{4})_/.exec(name)?.[1]), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
  if (migrations.length === 0 || migrations.some(({ number }, index) => number !== index + 1)) {
    throw new FreeholdError(
      'ledger-migrations-missing',
      `the ledger's migrations are missing or incomplete (looked in ${folder ?? FOLDERS.join(' and ')})`,
      {
        hint: 'Install Freehold again: the folder migrations belongs to it.',
      },
    );
  }
  return migrations;
}

export interface MigrateOptions {
  readonly path: string;
  readonly nowMs: number;
  readonly migrations: readonly Migration[];
}

/** Applies what is missing, after a backup of what is there. Leaves the ledger as it was where anything fails. */
export function migrate(database: Database.Database, { path, nowMs, migrations }: MigrateOptions): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  refuseRewritten(database, path, version, migrations);
  const pending = migrations.slice(version);
  if (pending.length === 0) return;
  const backup = version === 0 ? null : backUp(database, path, version, nowMs);
  // Off while tables may be rebuilt, and checked as a whole before the commit; the pragma does nothing inside a transaction.
  database.pragma('foreign_keys = OFF');
  try {
    database.transaction(() => apply(database, pending, nowMs)).immediate();
  } catch (error) {
    const known = ledgerError(path, error);
    if (known instanceof FreeholdError) throw known;
    throw new FreeholdError(
      'ledger-migration-failed',
      `the ledger ${path} could not be brought from version ${version} to ${migrations.length}: ${String(error)}`,
      {
        hint: `It is as it was before${backup === null ? '' : `; a copy is ${backup}`}. Run the Freehold that wrote it, and report this.`,
        cause: error,
      },
    );
  } finally {
    database.pragma('foreign_keys = ON');
  }
}

function apply(database: Database.Database, pending: readonly Migration[], nowMs: number): void {
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.exec(
    'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied INTEGER NOT NULL) STRICT',
  );
  const note = database.prepare('INSERT INTO migration (number, name, checksum, applied) VALUES (?, ?, ?, ?)');
  for (const { number, name, sql, checksum } of pending) {
    database.exec(sql);
    note.run(number, name, checksum, Math.round(nowMs));
    database.pragma(`user_version = ${number}`);
  }
  const broken = database.pragma('foreign_key_check');
  if (Array.isArray(broken) && broken.length > 0) throw new Error(`${broken.length} rows would point nowhere`);
}

function refuseRewritten(database: Database.Database, path: string, version: number, migrations: readonly Migration[]): void {
  if (version === 0) return;
  const applied = new Map(database.prepare<[], [number, string]>('SELECT number, checksum FROM migration').raw().all());
  const rewritten = migrations.find(({ number, checksum }) => number <= version && applied.get(number) !== checksum);
  if (rewritten === undefined) return;
  throw new FreeholdError(
    'ledger-migration-rewritten',
    `the ledger ${path} was made by another ${rewritten.name} than the one installed`,
    {
      hint: 'Nothing in it was changed. Migrations are never edited once they were used: put the original file back, or install a released version of Freehold.',
    },
  );
}
