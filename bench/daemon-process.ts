/** Starts the real daemon for a benchmark and reads what it costs from /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type HttpClient } from '../src/http/client.ts';

/** It ends in `exec`: the child is the daemon itself. */
const FREEHOLD = join(import.meta.dirname, '..', 'bin', 'freehold');
const TICKS_PER_SECOND = 100;

export interface RunningDaemon {
  readonly client: HttpClient;
  /** User and system time so far, in ms. */
  cpuMs(): number;
  rssMb(): number;
  /** The largest so far. */
  peakRssMb(): number;
  stop(): Promise<void>;
}

export async function startDaemonProcess(folder: string, config: string): Promise<RunningDaemon> {
  const socketPath = join(folder, 'freehold.sock');
  const file = join(folder, 'freehold.yaml');
  await writeFile(file, `${config}\nhttp: { listen: "unix:${socketPath}" }\n`);
  const child: ChildProcess = spawn(FREEHOLD, ['run', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const client = createClient({ url: 'http://localhost', socketPath, token: null });
  for (let tries = 0; ; tries++) {
    try {
      await client.get('/healthz');
      break;
    } catch (error) {
      if (tries > 100 || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const stat = (): string[] => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const memory = (what: 'VmRSS' | 'VmHWM'): number => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1024;
  };
  return {
    client,
    cpuMs: () => ((Number(stat()[11]) + Number(stat()[12])) * 1000) / TICKS_PER_SECOND,
    rssMb: () => memory('VmRSS'),
    peakRssMb: () => memory('VmHWM'),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}
