/**
 * Reads the bearer token from its file. Refuses a file that others may read or write; never logs or shows what is in it.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';

const LARGEST_FILE = 4096;
const SHORTEST_TOKEN = 16;
const OTHERS_READ_OR_WRITE = 0o006;
/** RFC 6750 section 2.1: what may follow "Bearer ". */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * @throws FreeholdError `token-file-missing`, `token-file-unreadable`, `token-file-readable-by-others`,
 *   `token-file-too-large`, `token-too-short`, `token-malformed`.
 */
export function readTokenFile(path: string): string {
  const refuse = (code: string, what: string, hint: string, exitCode: ExitCode = EXIT.usage, cause?: unknown): FreeholdError =>
    new FreeholdError(code, `The token file ${path} ${what}.`, { hint, exitCode, cause });
  const howTo = `Make one with: (umask 077; head -c 32 /dev/urandom | base64 > ${path})`;
  let descriptor: number;
  try {
    // Non-blocking: a pipe at this path must not stop the daemon for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw refuse('token-file-missing', 'does not exist', howTo, EXIT.usage, error);
    throw refuse(
      'token-file-unreadable',
      `cannot be read (${code})`,
      'Let the user that runs Freehold read it.',
      EXIT.notPermitted,
      error,
    );
  }
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw refuse('token-file-unreadable', 'is not a plain file', howTo);
    if ((facts.mode & OTHERS_READ_OR_WRITE) !== 0) {
      throw refuse(
        'token-file-readable-by-others',
        'can be read or written by every user of this machine',
        `Run: chmod o-rw ${path}`,
      );
    }
    if (facts.size > LARGEST_FILE) throw refuse('token-file-too-large', `is larger than ${LARGEST_FILE} bytes`, howTo);
    const token = readFileSync(descriptor, 'utf8').trim();
    if (token.length < SHORTEST_TOKEN) {
      throw refuse(
        'token-too-short',
        `holds a token of ${token.length} characters; at least ${SHORTEST_TOKEN} are needed`,
        howTo,
      );
    }
    if (!B64_TOKEN.test(token)) {
      throw refuse('token-malformed', 'holds something else than one token (letters, digits and -._~+/ only)', howTo);
    }
    return token;
  } finally {
    closeSync(descriptor);
  }
}
