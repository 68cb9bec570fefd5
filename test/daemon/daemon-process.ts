/** The daemon as a process of its own, as it runs on a jump host: configuration in a file, answers over a Unix socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClient, type HttpClient } from '../../src/http/client.ts';
import type { SegmentJson, SweepJson } from '../../src/http/service.ts';
import { attempt, type CommandResult } from '../lab/command.ts';
import { until } from './running.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface DaemonProcess {
  readonly client: HttpClient;
  readonly folder: string;
  readonly ledgerPath: string;
  /** Runs a command against it. */
  freehold(...args: readonly string[]): Promise<CommandResult>;
  sweep(): Promise<SweepJson>;
  segment(): Promise<SegmentJson>;
  /** Resident memory in bytes: now, and the most there ever was. */
  memory(): { readonly now: number; readonly peak: number };
  /** Writes the configuration and sends SIGHUP. */
  reload(yaml: string): Promise<void>;
  /** @returns its exit status */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** On the same ledger again, with the configuration as it was last. */
  start(): Promise<void>;
  /** Ends it, and removes its folder. */
  close(): Promise<void>;
}

/** @param yaml without `http`, `ledger` and `log` */
export async function startDaemonProcess(yaml: string): Promise<DaemonProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-test-'));
  const [configPath, socketPath, ledgerPath] = ['freehold.yaml', 'freehold.sock', 'freehold.db'].map((name) =>
    join(folder, name),
  );
  if (configPath === undefined || socketPath === undefined || ledgerPath === undefined) throw new Error('no paths');
  const client = createClient({ url: 'http://localhost', socketPath, token: null });
  let child: ChildProcess | null = null;
  const configure = (text: string): Promise<void> =>
    writeFile(
      configPath,
      `${text}\nlog: { level: warn }\nhttp: { listen: "unix:${socketPath}" }\nledger: { path: ${ledgerPath} }\n`,
    );
  const answers = async (): Promise<boolean> => {
    if (child !== null && child.exitCode !== null) throw new Error(`the daemon ended with status ${child.exitCode}`);
    return client.get('/healthz').then(
      () => true,
      () => false,
    );
  };
  const started: DaemonProcess = {
    client,
    folder,
    ledgerPath,
    freehold: (...args) => attempt([process.execPath, MAIN, ...args, '--socket', socketPath], { timeoutMs: 60_000 }),
    async sweep() {
      const { sweep } = await client.post<{ sweep: SweepJson | null }>('/sweeps', { wait: true });
      if (sweep === null) throw new Error('there was no sweep');
      return sweep;
    },
    async segment() {
      const [segment] = (await client.get<{ segments: SegmentJson[] }>('/segments')).segments;
      if (segment === undefined) throw new Error('no segment');
      return segment;
    },
    memory() {
      const status = readFileSync(`/proc/${child?.pid}/status`, 'utf8');
      const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
      return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
    },
    async reload(text) {
      await configure(text);
      child?.kill('SIGHUP');
    },
    async end(signal) {
      const ending = child;
      child = null;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null;
      return new Promise((done) => {
        ending.once('close', (code) => done(code));
        ending.kill(signal);
      });
    },
    async start() {
      // Only a cluster that the test names.
      const env: NodeJS.ProcessEnv = { ...process.env, HOME: folder, KUBECONFIG: '' };
      child = spawn(process.execPath, [MAIN, 'run', '--config', configPath], { stdio: ['ignore', 'ignore', 'inherit'], env });
      await until('the daemon answers', answers, 30_000);
    },
    async close() {
      await started.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await configure(yaml);
    await started.start();
  } catch (error) {
    await started.close();
    throw error;
  }
  return started;
}
