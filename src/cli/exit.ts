/**
 * The one place where an error becomes text on stderr and an exit code. Nothing else in the command line calls process.exit
 * or prints an error.
 */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { printable } from '../core/text.ts';

export interface Failure {
  readonly exitCode: ExitCode;
  /** Whole lines for stderr; empty where commander has already written what was asked for (help, version). */
  readonly text: string;
}

const LINE_LIMIT = 500;
const LINES_LIMIT = 200;

/** `freehold: <message>`, further lines and the hint indented below. A message may hold text from a file or from the network. */
function format(message: string, hint: string | undefined): string {
  const lines = [...message.split('\n'), ...(hint === undefined ? [] : hint.split('\n'))].filter((line) => line.trim() !== '');
  const shown = lines.slice(0, LINES_LIMIT).map((line) => printable(line, LINE_LIMIT).trimEnd());
  if (lines.length > LINES_LIMIT) shown.push(`(and ${lines.length - LINES_LIMIT} more lines)`);
  return shown
    .map((line, index) => (index === 0 ? `freehold: ${line}\n` : `${line.startsWith('  ') ? '' : '  '}${line}\n`))
    .join('');
}

/** A wrong command line: exit 2. */
export const usageError = (message: string, hint?: string): FreeholdError =>
  new FreeholdError('usage', message, { exitCode: EXIT.usage, ...(hint === undefined ? {} : { hint }) });

/** Commander's errors do not say of which command they are: program.ts notes it here. */
export const commandOf = new WeakMap<CommanderError, string>();

function fromCommander(error: CommanderError): Failure {
  // Help or the version, as asked for: it is on stdout already.
  if (error.exitCode === 0) return { exitCode: EXIT.ok, text: '' };
  // `freehold` alone, or `freehold config` alone: the help is on stderr already.
  if (error.code === 'commander.help') return { exitCode: EXIT.usage, text: '' };
  return {
    exitCode: EXIT.usage,
    text: format(error.message.replace(/^error: /, ''), `See: ${commandOf.get(error) ?? 'freehold'} --help`),
  };
}

/** @param debug FREEHOLD_DEBUG=1: the stack and the causes as well. */
export function failureOf(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) return fromCommander(error);
  const trace = debug && error instanceof Error ? stackOf(error) : '';
  if (error instanceof FreeholdError) return { exitCode: error.exitCode, text: format(error.message, error.hint) + trace };
  const message = error instanceof Error ? error.message || error.name : String(error);
  const hint = debug ? undefined : 'This was not expected. FREEHOLD_DEBUG=1 shows where it happened.';
  return { exitCode: EXIT.failure, text: format(message, hint) + trace };
}

function stackOf(error: Error): string {
  const parts: string[] = [];
  let next: unknown = error;
  for (let depth = 0; depth < 5 && next instanceof Error; depth++) {
    parts.push(`${depth === 0 ? '' : 'caused by: '}${next.stack ?? next.message}\n`);
    next = next.cause;
  }
  return parts.join('');
}

/** A reader that left (`| head`), or a terminal that is gone (EIO), is no error: what is still written to it is lost quietly. */
export function ignoreClosedPipe(stream: NodeJS.WritableStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}
