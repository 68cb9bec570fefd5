/**
 * Runs a command to its end and says what it cost: wall time, CPU time of it and its children, what it printed.
 */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly timedOut: boolean;
}

/** `times` of the shell that waits for the command: its user and system time, and that of its children. */
const WRAP = '"$@"; status=$?; times >&3; exit $status';

export function measure(argv: readonly string[], timeoutMs: number): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn('bash', ['-c', WRAP, 'bash', ...argv], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
    const pieces = ['', '', ''];
    const streams = [child.stdout, child.stderr, child.stdio[3]];
    streams.forEach((stream, i) => {
      stream?.on('data', (piece: Buffer) => {
        pieces[i] += piece.toString('utf8');
      });
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      const [stdout = '', stderr = '', times = ''] = pieces;
      resolve({ wallMs: performance.now() - started, cpuMs: cpuOf(times), stdout, stderr, status, timedOut });
    });
  });
}

/** Two lines of `times`: the shell's own and its children's, each `0m0.010s 0m0.020s`. */
function cpuOf(times: string): number {
  const seconds = [...times.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest));
  return 1000 * seconds.reduce((sum, value) => sum + value, 0);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** @param q 0 .. 1 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
