/**
 * Claims in a ledger that no daemon holds: opened for one piece of work, and closed again. Nothing else in it is touched, not even the
 * times at which a daemon ran.
 */
import { accessSync, chownSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ClaimStore } from './claim-types.ts';
import { ClaimTable } from './claims.ts';
import { ledgerError } from './errors.ts';
import { readMigrations } from './migrate.ts';
import { openDatabase } from './open.ts';

/**
 * What `work` wrote is on the disk when this returns.
 * @throws FreeholdError `ledger-locked` where a daemon has it by now, `ledger-not-writable`, ... as openLedger
 */
export function withClaims<T>(path: string, nowMs: number, work: (claims: ClaimStore) => T): T {
  makeLockFile(path);
  const { database, lock, path: real } = openDatabase(path, nowMs, readMigrations());
  try {
    const disk = <U>(piece: () => U): U => {
      try {
        return piece();
      } catch (error) {
        throw ledgerError(real, error);
      }
    };
    const result = work(new ClaimTable(database, disk));
    // Copied into the database and synced: nobody else is going to.
    disk(() => database.pragma('wal_checkpoint(TRUNCATE)'));
    return result;
  } finally {
    database.close();
    lock.release();
  }
}

/** Why claims cannot be written there, in words; null where they can. */
export function whyNotWritable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(resolve(path)), constants.W_OK);
    return null;
  } catch (error) {
    return `this user may not write the ledger ${path} and its folder (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** A lock file that root makes must not keep the daemon's own user out later. */
function makeLockFile(path: string): void {
  const owner = statSync(path, { throwIfNoEntry: false });
  if (owner === undefined || existsSync(`${path}.lock`) || process.geteuid?.() !== 0) return;
  closeSync(openSync(`${path}.lock`, 'a', 0o644));
  chownSync(`${path}.lock`, owner.uid, owner.gid);
}
