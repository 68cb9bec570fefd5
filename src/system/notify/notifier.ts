/**
 * Tells the service manager how the daemon is (sd_notify(3)). Without $NOTIFY_SOCKET it does nothing; where telling fails it says
 * so once in the log, at debug, and the daemon goes on: never throws, never blocks.
 */
import { printable } from '../../core/text.ts';
import type { Logger } from '../logger.ts';
import { socketAddress } from './address.ts';
import { type DatagramSocket, openDatagramSocket } from './datagram.ts';
import { takeEnvironment } from './environment.ts';

export interface Notifier {
  /** Start-up, or a reload, is done. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** The configuration is being read again; `ready` ends it. */
  reloading(): void;
  stopping(): void;
  watchdog(): void;
  /** Start-up or stopping needs this much longer than now, in ms: a migration, say. */
  extendTimeout(ms: number): void;
  /** How often `watchdog` must be called, in ms: half of what systemd allows. null where nobody watches. */
  readonly watchdogIntervalMs: number | null;
  /** Idempotent. */
  close(): void;
}

export interface NotifierParts {
  readonly pid: number;
  /** CLOCK_MONOTONIC: systemd compares it with its own. */
  readonly monotonicUsec: () => bigint;
  readonly open: () => DatagramSocket;
}

const PROCESS: NotifierParts = {
  pid: process.pid,
  monotonicUsec: () => process.hrtime.bigint() / 1000n,
  open: openDatagramSocket,
};

const LONGEST_STATUS = 200;
/** What waits while the manager's queue is full; a state that is told later is better than none, and this many are enough. */
const MOST_WAITING = 8;
const RETRY_MS = 100;

/** Takes systemd's variables out of `env`. */
export function createNotifier(env: NodeJS.ProcessEnv, logger: Logger, parts: NotifierParts = PROCESS): Notifier {
  const { socket, watchdogMs } = takeEnvironment(env, parts.pid);
  if (!watchdogMs.ok) logger.debug({ reason: watchdogMs.error }, 'the service manager asks for a watchdog that cannot be');
  const sender = socket === null ? null : openSender(socket, logger, parts);
  const tell = (...lines: readonly string[]): void => sender?.send(lines.join('\n'));
  return {
    ready: (status) => tell('READY=1', statusLine(status)),
    status: (text) => tell(statusLine(text)),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${parts.monotonicUsec()}`),
    stopping: () => tell('STOPPING=1', statusLine('stopping')),
    watchdog: () => tell('WATCHDOG=1'),
    extendTimeout: (ms) => tell(`EXTEND_TIMEOUT_USEC=${Math.round(ms * 1000)}`),
    watchdogIntervalMs: sender !== null && watchdogMs.ok && watchdogMs.value !== null ? watchdogMs.value / 2 : null,
    close: () => sender?.close(),
  };
}

/** A newline would end the assignment and begin another one. */
const statusLine = (text: string): string => `STATUS=${printable(text, LONGEST_STATUS)}`;

interface Sender {
  send(message: string): void;
  close(): void;
}

/** null where it cannot be: said once. */
function openSender(socket: string, logger: Logger, parts: NotifierParts): Sender | null {
  const address = socketAddress(socket);
  if (!address.ok) {
    logger.debug({ reason: address.error }, 'the service manager cannot be told: NOTIFY_SOCKET is unusable');
    return null;
  }
  try {
    return sender(parts.open(), address.value, logger);
  } catch (error) {
    logger.debug({ err: error }, 'the service manager cannot be told: there is no socket for it');
    return null;
  }
}

function sender(socket: DatagramSocket, address: Uint8Array, logger: Logger): Sender {
  const waiting: Uint8Array[] = [];
  const told = new Set<string>();
  let retry: NodeJS.Timeout | undefined;

  const complainOnce = (errorCode: string): void => {
    if (told.has(errorCode)) return;
    told.add(errorCode);
    logger.debug({ errorCode }, 'the service manager could not be told');
  };
  /** In order: "reloading" after "ready" would never end. */
  const flush = (): void => {
    retry = undefined;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const failure = socket.send(next, address);
      if (failure === 'EAGAIN' || failure === 'ENOBUFS') {
        complainOnce(failure);
        retry = setTimeout(flush, RETRY_MS).unref();
        return;
      }
      if (failure !== null) complainOnce(failure);
      waiting.shift();
    }
  };
  return {
    send(message) {
      if (waiting.length === MOST_WAITING) waiting.shift();
      waiting.push(new TextEncoder().encode(message));
      if (retry === undefined) flush();
    },
    close() {
      clearTimeout(retry);
      waiting.length = 0;
      socket.close();
    },
  };
}
