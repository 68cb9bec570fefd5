/**
 * Runs short commands (`ip`, `sysctl` through a shell) to their end and keeps what they said. Holds no state.
 */
import { spawn } from 'node:child_process';
import { FreeholdError } from '../../src/core/error.ts';
import { searchPath } from './enclosure.ts';

export interface CommandOptions {
  /** Given to the command's stdin. */
  readonly input?: string;
  /** Ends the command with SIGKILL; default 20 s. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** 128 + signal number is not used: a command that a signal ended has null. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves whatever the exit status; rejects only where the program could not be started. */
export function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, PATH: searchPath(), LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 20_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (cause) => {
      reject(new FreeholdError('lab-command-missing', `Cannot start "${file}": ${cause.message}`, { cause }));
    });
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    // A command that ends without reading its input closes the pipe; its exit status tells what there is to tell.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Resolves to stdout; rejects with the command's stderr where the status is not 0. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await attempt(argv, options);
  if (result.status === 0) return result.stdout;
  const said = result.stderr.trim() || result.stdout.trim() || `exit status ${result.status}`;
  throw new FreeholdError('lab-command-failed', `"${argv.join(' ')}" failed: ${said}`);
}
