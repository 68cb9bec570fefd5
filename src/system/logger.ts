/**
 * The logger: pino on stderr, always, since stdout belongs to the answers of commands. Lines for people on a terminal,
 * NDJSON elsewhere, with syslog priorities where systemd's journal reads them. Never logs a token.
 */
import { fstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  type DestinationStream,
  destination,
  type LevelWithSilent,
  type Logger as PinoLogger,
  pino,
  stdTimeFunctions,
  symbols,
} from 'pino';
import type { PinoPretty } from 'pino-pretty';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: LevelWithSilent;
  /** Default: whether stderr is a terminal. */
  readonly pretty?: boolean;
  /** Default: whether stderr is a stream to the journal, as JOURNAL_STREAM says. */
  readonly journal?: boolean;
  /** Default: stderr. For tests. */
  readonly stream?: DestinationStream;
}

const SECRET_KEYS = ['token', 'authorization', 'Authorization', 'password', 'secret'];
const REDACTED = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

export function createLogger(options: LoggerOptions): Logger {
  // Synchronous: what is logged last is what a post-mortem needs first.
  const stderr = options.stream ?? destination({ fd: 2, sync: true });
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    targetOf(options, stderr),
  );
}

function targetOf(options: LoggerOptions, stderr: DestinationStream): DestinationStream {
  if (options.journal ?? isJournal(process.env['JOURNAL_STREAM'])) return withPriorities(stderr);
  if (options.pretty ?? process.stderr.isTTY === true) return prettyTo(stderr);
  return stderr;
}

const prettyTo = (stderr: DestinationStream): DestinationStream => {
  // Only where there is a terminal: the daemon would carry some 7 MB of it for nothing.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const format = prettyFactory({ colorize: process.env['NO_COLOR'] === undefined, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => stderr.write(format(line)) };
};

/** sd-daemon(3): `<N>` before a line is its syslog priority. pino tells the level of each line to a stream that asks. */
const withPriorities = (stderr: DestinationStream): DestinationStream => {
  const stream = {
    [symbols.needsMetadataGsym]: true,
    lastLevel: 30,
    write(line: string): void {
      stderr.write(`<${priorityOf(stream.lastLevel)}>${line}`);
    },
  };
  return stream;
};

function priorityOf(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}

/** JOURNAL_STREAM is inherited by children whose stderr goes elsewhere: systemd.exec(5) has them compare device and inode. */
function isJournal(variable: string | undefined): boolean {
  if (variable === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return variable === `${dev}:${ino}`;
}
