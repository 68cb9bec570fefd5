/**
 * The machine as `freehold service` sees it: its files below a root, its programs, who asks. The only file of these commands that
 * starts a program; tests bring another root and programs of their own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ask } from './interfaces.ts';

export const UNIT = 'freehold.service';
export const USER = 'freehold';
export const UNIT_PATH = `/etc/systemd/system/${UNIT}`;
export const DROP_INS = `${UNIT_PATH}.d`;
export const SYSUSERS_PATH = '/etc/sysusers.d/freehold.conf';
export const CONFIG_FOLDER = '/etc/freehold';
export const STATE_FOLDER = '/var/lib/freehold';

export interface Ran {
  /** null: it is not installed, could not be started, or was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly missing: boolean;
}

export interface ServiceHost {
  /** What stands before every path: empty on the real machine. */
  readonly root: string;
  readonly uid: number;
  /** The checkout that these commands come from; below `root` as well. */
  readonly checkout: string;
  /** Runs a program to its end, in the C locale and in UTC; nothing on its stdin. */
  run(program: string, args: readonly string[]): Ran;
  /** null where nobody can be asked. */
  readonly ask: Ask | null;
}

/** `systemctl start` returns when the daemon is ready: a migration may take its time (TimeoutStartSec). */
const LONGEST_RUN_MS = 11 * 60_000;

export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env: { ...env, LC_ALL: 'C', TZ: 'UTC', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: LONGEST_RUN_MS,
    maxBuffer: 4 * 1024 * 1024,
  });
  const missing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  return { status, stdout: stdout ?? '', stderr: stderr ?? String(error ?? ''), missing };
}

export const thisHost = (ask: Ask | null): ServiceHost => ({
  root: '',
  uid: process.geteuid?.() ?? -1,
  checkout: checkoutOf(import.meta.dirname),
  run,
  ask,
});

/** sd_booted(3) */
export const systemdRuns = (host: ServiceHost): boolean => existsSync(`${host.root}/run/systemd/system`);

/** The folder of package.json: above src/cli, and above dist/src/cli. */
function checkoutOf(folder: string): string {
  for (let here = folder; ; here = dirname(here)) {
    if (existsSync(join(here, 'package.json')) || here === dirname(here)) return here;
  }
}

/** null where there is no such group. */
export function groupId(host: ServiceHost, name: string): number | null {
  let groups: string;
  try {
    groups = readFileSync(`${host.root}/etc/group`, 'utf8');
  } catch {
    return null;
  }
  const line = groups.split('\n').find((entry) => entry.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2] ?? Number.NaN);
  return Number.isInteger(id) ? id : null;
}

/** The last line that a program wrote about its failure; what it is called where it wrote none. */
export function whyFailed(program: string, { missing, status, stderr }: Ran): string {
  if (missing) return `${program} is not installed`;
  return stderr.trim().split('\n').at(-1) || `${program} ended with status ${status ?? 'none'}`;
}
