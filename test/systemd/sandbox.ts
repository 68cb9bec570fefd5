/**
 * The sandbox of systemd/freehold.service without systemd: the same user rights, capability, system calls, socket families and
 * read-only files, so that a test can run the daemon in it. Read out of the unit itself.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface SandboxRules {
  readonly calls: readonly string[];
  readonly families: readonly number[];
  /** What becomes of a call that is not listed. */
  readonly unlisted: 'kill' | 'refuse';
}

const UNIT = resolve(import.meta.dirname, '../../systemd/freehold.service');
const MAIN = join(import.meta.dirname, 'sandbox-main.ts');
const NOBODY = '65534';
const FAMILIES: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16, AF_PACKET: 17 };

const valuesOf = (key: string): string[] =>
  readFileSync(UNIT, 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith(`${key}=`) ? line.slice(key.length + 1).split(' ') : []));

/** systemd.exec(5): the first list allows, one that begins with ~ takes away. */
function allowedCalls(): readonly string[] {
  const lists = readFileSync(UNIT, 'utf8').matchAll(/^SystemCallFilter=(~?)(.*)$/gm);
  const allowed = new Set<string>();
  for (const [, minus, names = ''] of lists) {
    for (const call of names.split(' ').flatMap(callsOf)) {
      if (minus === '~') allowed.delete(call);
      else allowed.add(call);
    }
  }
  return [...allowed];
}

function callsOf(name: string): readonly string[] {
  if (!name.startsWith('@')) return [name];
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', name], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const members = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (members.length === 0) throw new Error(`systemd-analyze knows no ${name}`);
  return members.flatMap(callsOf);
}

/** Root outside of a user namespace: may become another user, and make the machine's files read-only for itself. */
export const isTrueRoot = (): boolean => /^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'));

/**
 * @param writable the only folder in which it may write (where the caller is true root)
 * @param unlisted kill: a call that the unit refuses ends the program, so that none goes unnoticed
 * @returns a command line that runs `argv` in the sandbox
 */
export function sandboxed(argv: readonly string[], writable: string, unlisted: SandboxRules['unlisted']): readonly string[] {
  const families = valuesOf('RestrictAddressFamilies').map((name) => {
    const family = FAMILIES[name];
    if (family === undefined) throw new Error(`which number has ${name}?`);
    return family;
  });
  const rules: SandboxRules = { calls: allowedCalls(), families, unlisted };
  const capability = valuesOf('CapabilityBoundingSet')
    .map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`)
    .join(',');
  const user = isTrueRoot() ? ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'] : [];
  const rights = [
    '--inh-caps',
    `-all,${capability}`,
    '--ambient-caps',
    `-all,${capability}`,
    '--bounding-set',
    `-all,${capability}`,
  ];
  const readOnly = 'mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && exec "$@"';
  const files = isTrueRoot() ? ['unshare', '--mount', '--', 'sh', '-c', readOnly, 'sh', writable] : [];
  return [
    ...files,
    'setpriv',
    ...user,
    ...rights,
    '--no-new-privs',
    '--',
    process.execPath,
    MAIN,
    JSON.stringify(rules),
    ...argv,
  ];
}

/** How a process is confined, as the kernel says it. */
export function confinement(pid: number): Readonly<Record<string, string>> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split('\t')[0] ?? '';
  return Object.fromEntries(['Uid', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp'].map((name) => [name, field(name)]));
}
