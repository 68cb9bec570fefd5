/**
 * Network namespaces of the lab, and the processes in them. Every one is made inside an enclosure and is gone after `close`;
 * the enclosure's end takes whatever is left. IPv6 is off, so that nothing speaks unasked.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { type CommandOptions, run } from './command.ts';
import { searchPath } from './enclosure.ts';
import { assertEnclosed } from './guard.ts';

export interface Namespace {
  /** As `ip netns` knows it. */
  readonly name: string;
  /** Runs a command in the namespace to its end; resolves to its stdout, rejects with its stderr. */
  run(argv: readonly string[], options?: CommandOptions): Promise<string>;
  /** Runs many `ip` commands at once (`ip -batch`). */
  batch(lines: readonly string[]): Promise<void>;
  /** Starts a process that lives no longer than the namespace. The child is the program itself: signals reach it. */
  spawn(argv: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Ends its processes (SIGTERM, SIGKILL after 1 s) and removes it with its interfaces. Idempotent. */
  close(): Promise<void>;
}

let made = 0;
/** Short enough to head an interface name (15 bytes at most); unique in this enclosure for this process. */
export const uniqueName = (stem: string): string => `${stem}${process.pid}x${made++}`;

/** Waits for the end of a process: SIGTERM now, SIGKILL after `graceMs`. */
export function endProcess(child: ChildProcess, graceMs = 1000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

const QUIET =
  'if [ -d /proc/sys/net/ipv6 ]; then for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done; fi';

/** @param stem what the namespace is for; its name starts with it. */
export async function createNamespace(stem: string): Promise<Namespace> {
  assertEnclosed();
  const name = uniqueName(stem);
  await run(['ip', 'netns', 'add', name]);
  const within = ['ip', 'netns', 'exec', name];
  const children = new Set<ChildProcess>();
  let closing: Promise<void> | null = null;

  async function remove(): Promise<void> {
    await Promise.all([...children].map((child) => endProcess(child)));
    await run(['ip', 'netns', 'del', name]);
  }

  const namespace: Namespace = {
    name,
    run: (argv, options) => run([...within, ...argv], options),
    batch: async (lines) => {
      if (lines.length > 0) await run(['ip', '-netns', name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    },
    spawn: (argv, options = {}) => {
      const [file = '', ...args] = [...within, ...argv];
      const child = spawn(file, args, { ...options, env: { ...(options.env ?? process.env), PATH: searchPath() } });
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    close: () => {
      closing ??= remove();
      return closing;
    },
  };
  try {
    await run(['ip', '-netns', name, 'link', 'set', 'dev', 'lo', 'up']);
    await namespace.run(['sh', '-c', QUIET]);
  } catch (error) {
    await namespace.close();
    throw error;
  }
  return namespace;
}
