/**
 * What systemd tells a service in its environment (sd_notify(3), sd_watchdog_enabled(3)): read once, and taken out of it, so that
 * no child process can speak in the service's name.
 */
import { err, ok, type Result } from '../../core/result.ts';

export interface NotifyEnvironment {
  /** As given; null where nobody wants to be told. */
  readonly socket: string | null;
  /** How long the service may be silent, in ms; null where nobody watches. */
  readonly watchdogMs: Result<number | null>;
}

const NAMES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;
/** setTimeout takes no more; a year of silence is no watchdog either. */
const LONGEST_MS = 2_147_483_647;

/** @param pid of this process. Removes the variables from `env`. */
export function takeEnvironment(env: NodeJS.ProcessEnv, pid: number): NotifyEnvironment {
  const [socket, microseconds, watchedPid] = NAMES.map((name) => env[name]);
  for (const name of NAMES) delete env[name];
  return {
    socket: socket === undefined || socket === '' ? null : socket,
    watchdogMs: watchdogOf(microseconds, watchedPid, pid),
  };
}

function watchdogOf(microseconds: string | undefined, watchedPid: string | undefined, pid: number): Result<number | null> {
  if (microseconds === undefined) return ok(null);
  // Somebody else is watched: a parent that handed its environment down.
  if (watchedPid !== undefined && watchedPid !== String(pid)) return ok(null);
  const value = /^\d{1,20}$/.test(microseconds) ? Number(microseconds) / 1000 : 0;
  return value >= 1 && value <= LONGEST_MS ? ok(value) : err('WATCHDOG_USEC is no usable number of microseconds');
}
