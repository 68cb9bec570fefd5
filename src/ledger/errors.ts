/**
 * What can go wrong with the ledger's file, in words for people. Never deletes, renames or repairs anything.
 */
import Database from 'better-sqlite3';
import { FreeholdError } from '../core/error.ts';

export const ledgerDamaged = (path: string, detail: string, cause?: unknown): FreeholdError =>
  new FreeholdError('ledger-damaged', `the ledger ${path} is damaged, or is not a SQLite database: ${detail}`, {
    hint:
      `Nothing in it was changed. Stop Freehold, keep the file, and either restore a backup over it (${path}.backup-v* if there is one) ` +
      'or move it aside together with its -wal and -shm files and start again: the history then starts anew, and nothing is free until it is proven again.',
    cause,
  });

export const ledgerForeign = (path: string): FreeholdError =>
  new FreeholdError('ledger-foreign', `${path} is a SQLite database of another program, not a ledger of Freehold`, {
    hint: 'Nothing in it was changed. Set ledger.path in the configuration to a file of its own.',
  });

export const ledgerNewer = (path: string, version: number, known: number): FreeholdError =>
  new FreeholdError(
    'ledger-newer',
    `the ledger ${path} was written by a newer Freehold (its version is ${version}; this one knows up to ${known})`,
    {
      hint: `Nothing in it was changed. Run the newer Freehold again, or go back to a backup of the older version (${path}.backup-v*) at the price of the history since.`,
    },
  );

export const ledgerLocked = (path: string, cause?: unknown): FreeholdError =>
  new FreeholdError('ledger-locked', `the ledger ${path} is in use by another process`, {
    hint: 'One daemon owns a ledger: stop the other one, or give this one a ledger.path of its own.',
    cause,
  });

export const ledgerNotWritable = (path: string, detail: string, cause?: unknown): FreeholdError =>
  new FreeholdError('ledger-not-writable', `the ledger ${path} cannot be opened for writing: ${detail}`, {
    hint: 'The user that runs Freehold needs to write the file and its directory (SQLite keeps -wal and -shm files beside it), on a file system that is not read-only.',
    cause,
  });

const ledgerFull = (path: string, cause: unknown): FreeholdError =>
  new FreeholdError('ledger-full', `the disk that holds the ledger ${path} is full`, {
    hint: 'Make room on that file system; what is already stored is intact.',
    cause,
  });

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Turns what SQLite or the file system threw into an error for people; anything else is passed on as it is. */
export function ledgerError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') return ledgerFull(path, error);
  if (/^E(ACCES|PERM|ROFS|NOENT|NOTDIR|ISDIR)$/.test(code)) return ledgerNotWritable(path, text, error);
  if (!(error instanceof Database.SqliteError)) return error;
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return ledgerDamaged(path, text, error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return ledgerLocked(path, error);
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code)) return ledgerNotWritable(path, text, error);
  if (code.startsWith('SQLITE_IOERR')) {
    return new FreeholdError('ledger-io', `the disk refused to read or write the ledger ${path}: ${text} (${code})`, {
      hint: 'Look at the disk and the kernel log; what was stored before is kept as it is.',
      cause: error,
    });
  }
  return error;
}
