/**
 * Looks at a database file before anything writes to it: is it ours, is it sound, is it not from the future. Read only.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { ledgerDamaged, ledgerError, ledgerForeign, ledgerNewer, ledgerNotWritable } from './errors.ts';

/** "FHLD", at offset 68 of the file: `file(1)` and people can tell whose it is. */
export const APPLICATION_ID = 0x46484c44;

const HEADER_LENGTH = 100;
const MAGIC = 'SQLite format 3\0';

type Found = 'new' | 'ours';

/**
 * @param known the newest version that this program can read
 * @returns `new` where there is no file, or one with nothing in it
 * @throws FreeholdError `ledger-damaged`, `ledger-foreign`, `ledger-newer`, `ledger-not-writable`
 */
export function inspect(path: string, known: number): Found {
  const header = readHeader(path);
  if (header === null) {
    // A write-ahead log holds what its database has not taken up yet: made anew, the database would throw it away.
    if (sizeOf(`${path}-wal`) > 0) throw ledgerDamaged(path, 'it is gone or empty, but its write-ahead log (-wal) is not');
    return 'new';
  }
  // The header is read first, by itself: to open a database, even for reading, can leave files beside it.
  if (header.length < HEADER_LENGTH || header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw ledgerDamaged(path, 'it does not begin like one');
  }
  // File format versions: 1 is rollback journal, 2 is WAL, and SQLite has had no others.
  if (Math.max(header[18] ?? 0, header[19] ?? 0) > 2)
    throw ledgerDamaged(path, 'its header names no file format that SQLite has');
  const owner = header.readUInt32BE(68);
  if (owner !== 0 && owner !== APPLICATION_ID) throw ledgerForeign(path);
  const version = header.readUInt32BE(60);
  if (owner === APPLICATION_ID && version > known) throw ledgerNewer(path, version, known);
  return inspectContent(path, known);
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function readHeader(path: string): Buffer | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw ledgerError(path, error);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw ledgerNotWritable(path, 'it is not a regular file');
    if (stat.size === 0) return null;
    const header = Buffer.alloc(HEADER_LENGTH);
    return header.subarray(0, readSync(file, header, 0, HEADER_LENGTH, 0));
  } finally {
    closeSync(file);
  }
}

/** The same questions once more with SQLite's eyes, its write-ahead log included, and whether the content is sound. */
function inspectContent(path: string, known: number): Found {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    const owner = database.pragma('application_id', { simple: true });
    const version = Number(database.pragma('user_version', { simple: true }));
    const objects = database.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
    if (owner === 0 && objects === 0) return 'new';
    if (owner !== APPLICATION_ID) throw ledgerForeign(path);
    if (version > known) throw ledgerNewer(path, version, known);
    // Half a second for each 100 MB, once at the start: the price of never building a proof on a broken page.
    const problem = database.prepare<[], string>('PRAGMA quick_check(1)').pluck().get();
    if (problem !== 'ok') throw ledgerDamaged(path, String(problem).replaceAll('\n', ' '));
    return 'ours';
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    database?.close();
  }
}

/** A database that SQLite does not even want to read is damaged, whatever SQLite calls it; a busy disk or file is not. */
function unreadable(path: string, error: unknown): unknown {
  const known = ledgerError(path, error);
  const readOnly = error instanceof Database.SqliteError && error.code === 'SQLITE_READONLY';
  if (known !== error && !readOnly) return known;
  return error instanceof Database.SqliteError ? ledgerDamaged(path, error.message, error) : error;
}
