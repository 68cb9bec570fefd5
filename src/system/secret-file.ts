/**
 * Reads secrets from files and from the environment, when they are needed. Refuses a file that others may read or write; never
 * logs, shows or keeps what it read, and no error holds it.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import type { SecretSource } from './config-types.ts';

const LARGEST_FILE = 4096;
const SHORTEST_TOKEN = 16;
const OTHERS_READ_OR_WRITE = 0o006;
/** RFC 6750 section 2.1: what may follow "Bearer ". */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

type Refuse = (code: string, what: string, hint: string, exitCode?: ExitCode, cause?: unknown) => FreeholdError;

/**
 * The bearer token that clients of Freehold show.
 * @throws FreeholdError `token-file-missing`, `token-file-unreadable`, `token-file-readable-by-others`,
 *   `token-file-too-large`, `token-too-short`, `token-malformed`.
 */
export function readTokenFile(path: string): string {
  const refuse: Refuse = (code, what, hint, exitCode = EXIT.usage, cause) =>
    new FreeholdError(`token-${code}`, `The token file ${path} ${what}.`, { hint, exitCode, cause });
  const howTo = `Make one with: (umask 077; head -c 32 /dev/urandom | base64 > ${path})`;
  const token = readPrivateFile(path, refuse, howTo).trim();
  if (token.length < SHORTEST_TOKEN) {
    throw refuse('too-short', `holds a token of ${token.length} characters; at least ${SHORTEST_TOKEN} are needed`, howTo);
  }
  if (!B64_TOKEN.test(token)) {
    throw refuse('malformed', 'holds something else than one token (letters, digits and -._~+/ only)', howTo);
  }
  return token;
}

/**
 * One line of text, without the line break at its end: a URL, a token, a key, a password.
 * @param environment for tests.
 * @throws FreeholdError `secret-file-missing`, `secret-file-unreadable`, `secret-file-readable-by-others`,
 *   `secret-file-too-large`, `secret-variable-missing`, `secret-empty`, `secret-malformed`.
 */
export function readSecret(source: SecretSource, environment: NodeJS.ProcessEnv = process.env): string {
  const place = source.kind === 'file' ? `secret file ${source.path}` : `environment variable ${source.variable}`;
  const refuse: Refuse = (code, what, hint, exitCode = EXIT.usage, cause) =>
    new FreeholdError(`secret-${code}`, `The ${place} ${what}.`, { hint, exitCode, cause });
  const howTo = 'Put the secret into it, on one line.';
  const secret = withoutLineEnd(source.kind === 'file' ? readPrivateFile(source.path, refuse, howTo) : readVariable());
  if (secret.trim() === '') throw refuse('empty', 'is empty', howTo);
  // It may become part of an HTTP header or of an SMTP command.
  if (CONTROL.test(secret)) throw refuse('malformed', 'holds more than one line, or a control character', howTo);
  return secret;

  function readVariable(): string {
    const value = source.kind === 'environment' ? environment[source.variable] : undefined;
    if (value !== undefined) return value;
    throw refuse('variable-missing', 'is not set', 'Set it for the service (EnvironmentFile= in systemd), or use a file.');
  }
}

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '');

function readPrivateFile(path: string, refuse: Refuse, howTo: string): string {
  let descriptor: number;
  try {
    // Non-blocking: a pipe at this path must not stop the daemon for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw refuse('file-missing', 'does not exist', howTo, EXIT.usage, error);
    const hint = 'Let the user that runs Freehold read it.';
    throw refuse('file-unreadable', `cannot be read (${code})`, hint, EXIT.notPermitted, error);
  }
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw refuse('file-unreadable', 'is not a plain file', howTo);
    if ((facts.mode & OTHERS_READ_OR_WRITE) !== 0) {
      const hint = `Run: chmod o-rw ${path}`;
      throw refuse('file-readable-by-others', 'can be read or written by every user of this machine', hint);
    }
    if (facts.size > LARGEST_FILE) throw refuse('file-too-large', `is larger than ${LARGEST_FILE} bytes`, howTo);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
