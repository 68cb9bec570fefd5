/**
 * A private copy of the ledger, for whoever wants to read it while no daemon runs. Reads the files as they lie there and never opens them
 * as a database: that could leave files beside them which the daemon's user may not write, and fails where the folder is read-only.
 */
import { chmodSync, copyFileSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, FreeholdError } from '../core/error.ts';
import { ledgerError, ledgerLocked } from './errors.ts';
import { type Ledger, type OpenLedgerOptions, openLedger } from './ledger.ts';
import { isLedgerLocked } from './lock.ts';

export interface LedgerCopy {
  /** Of the copy. */
  readonly path: string;
  /** Idempotent; also done when the process ends, unless it is killed. */
  remove(): void;
}

/** Nobody writes while no daemon runs: what changed meanwhile is copied anew, a few times. */
const ATTEMPTS = 3;

/**
 * Copies the database and its write-ahead log into a folder that only this user can read.
 * @throws FreeholdError `ledger-locked` where a daemon has it, `ledger-missing`, `ledger-not-readable`, `ledger-full`
 */
export function copyLedger(wanted: string): LedgerCopy {
  const path = placeOf(wanted);
  const folder = mkdtempSync(join(tmpdir(), 'freehold-copy-'));
  const remove = (): void => {
    process.removeListener('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    const copy = join(folder, 'ledger.db');
    for (let attempt = 1; ; attempt++) {
      if (isLedgerLocked(path)) throw inUse(path);
      const before = stampOf(path);
      copyInto(path, copy);
      if (isLedgerLocked(path)) throw inUse(path);
      if (stampOf(path) === before) return { path: copy, remove };
      if (attempt === ATTEMPTS) throw ledgerLocked(path);
    }
  } catch (error) {
    remove();
    throw notReadable(path, error) ?? ledgerError(path, error);
  }
}

/** Links followed. @throws FreeholdError `ledger-missing`, `ledger-not-readable` */
function placeOf(wanted: string): string {
  try {
    const path = realpathSync(wanted);
    if (statSync(path).size > 0) return path;
  } catch (error) {
    const refused = notReadable(wanted, error);
    if (refused !== null) throw refused;
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw ledgerError(wanted, error);
  }
  throw new FreeholdError('ledger-missing', `There is no ledger at ${wanted}, so nothing is known of any address.`, {
    exitCode: EXIT.unreachable,
    hint: 'Start the daemon (`freehold run`, or `systemctl start freehold`) and let it look for a while; or name the configuration whose ledger.path is the right one with --config.',
  });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

function notReadable(path: string, error: unknown): FreeholdError | null {
  if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') return null;
  return new FreeholdError('ledger-not-readable', `This user may not read the ledger ${path}.`, {
    exitCode: EXIT.notPermitted,
    hint: 'Run this as root (sudo), as the user that the daemon runs as, or start the daemon and ask that.',
    cause: error,
  });
}

const inUse = (path: string): FreeholdError =>
  new FreeholdError('ledger-locked', `The ledger ${path} is in use: a daemon runs, and it knows more than the file does.`, {
    exitCode: EXIT.unreachable,
    hint: 'Ask the daemon: say where it listens with --url or --socket, and its token with --token-file.',
  });

/** What changes with every write. */
const stampOf = (path: string): string =>
  [path, `${path}-wal`]
    .map((name) => {
      const stat = statSync(name, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    })
    .join(', ');

/** What a daemon that was killed had committed may still lie in the log; opening the copy brings the two together. */
function copyInto(path: string, copy: string): void {
  rmSync(`${copy}-wal`, { force: true });
  copyFileSync(path, copy);
  chmodSync(copy, 0o600);
  if (statSync(`${path}-wal`, { throwIfNoEntry: false }) === undefined) return;
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  chmodSync(`${copy}-wal`, 0o600);
}

/**
 * The ledger of a private copy; what is written to it is gone with the copy.
 * @throws FreeholdError as copyLedger and openLedger do, in words about the ledger that was copied
 */
export function openLedgerCopy(
  wanted: string,
  options: Omit<OpenLedgerOptions, 'path'>,
): { readonly ledger: Ledger } & LedgerCopy {
  const copy = copyLedger(wanted);
  try {
    const ledger = openLedger({ ...options, path: copy.path });
    return {
      path: copy.path,
      ledger,
      remove() {
        ledger.close();
        copy.remove();
      },
    };
  } catch (error) {
    copy.remove();
    throw error instanceof FreeholdError ? aboutOriginal(error, copy.path, wanted) : error;
  }
}

const aboutOriginal = ({ code, message, hint, exitCode, cause }: FreeholdError, copy: string, original: string): FreeholdError =>
  new FreeholdError(code, message.replaceAll(copy, original), {
    exitCode,
    cause,
    ...(hint === undefined ? {} : { hint: hint.replaceAll(copy, original) }),
  });
