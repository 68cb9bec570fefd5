/**
 * The steps of a test run: each starts one program, waits for it, and says how it went. Only one runs at a time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enclose } from '../lab/enclosure.ts';
import { type Summary, summarize } from './summary.ts';

export interface Stage {
  /** The checkout. */
  readonly root: string;
  /** For reports; removed by the caller. */
  readonly scratch: string;
  /** Added to the environment of every step. */
  readonly env: Readonly<Record<string, string>>;
}

const STOP_GRACE_MS = 3000;
let current: ChildProcess | null = null;
let stopping = false;

/** Ends the running step, by force after 3 s (an enclosure goes with everything in it), and lets no other begin. */
export async function stopCurrent(): Promise<void> {
  stopping = true;
  const child = current;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

function succeeds(child: ChildProcess): Promise<boolean> {
  current = child;
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`Cannot start ${child.spawnfile}: ${error.message}\n`);
      resolve(false);
    });
    child.once('exit', (status) => {
      if (!stopping) resolve(status === 0);
    });
  });
}

const bin = (stage: Stage, name: string): string => join(stage.root, 'node_modules', '.bin', name);
const options = (stage: Stage): { cwd: string; env: NodeJS.ProcessEnv; stdio: ['ignore', 'inherit', 'inherit'] } => ({
  cwd: stage.root,
  env: { ...process.env, ...stage.env },
  stdio: ['ignore', 'inherit', 'inherit'],
});

/** A program of node_modules/.bin: true where it ends with status 0. */
export function check(stage: Stage, name: string, ...args: readonly string[]): Promise<boolean> {
  return succeeds(spawn(bin(stage, name), args, options(stage)));
}

/** One vitest project; on the screen as ever, and counted. @param enclosed whether it runs in an enclosure. */
export async function vitest(stage: Stage, project: string, filters: readonly string[], enclosed: boolean): Promise<Summary> {
  const report = join(stage.scratch, `${project}.json`);
  const alone = enclosed ? ['--no-file-parallelism'] : [];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const argv = [bin(stage, 'vitest'), 'run', '--project', project, ...alone, ...reporters, ...filters];
  const [file = '', ...args] = argv;
  const succeeded = await succeeds(enclosed ? enclose(argv, options(stage)) : spawn(file, args, options(stage)));
  return summarize(existsSync(report) ? readFileSync(report, 'utf8') : null, succeeded);
}
