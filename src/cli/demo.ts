/**
 * `freehold demo`: the main job on a LAN that exists only in namespaces of its own. Prints what the daemon finds as it finds
 * it, ends with a proven range, and serves the daemon's answers on this machine's loopback until Ctrl-C. Sends nothing to any
 * real network.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { enclose, enclosureAvailable } from '../../test/lab/enclosure.ts';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { printable } from '../core/text.ts';
import { createClient } from '../http/client.ts';
import type { FreeRangesAnswer } from '../http/service.ts';
import { freeText } from './free-text.ts';
import type { Output } from './output.ts';

const INSIDE = fileURLToPath(import.meta.url).replace(/demo\.(ts|js)$/, 'demo-lan.$1');
const MAIN = fileURLToPath(import.meta.url).replace(/demo\.(ts|js)$/, 'main.$1');
const PORTS = [5227, 5228, 5229, 0];
/** The demo's criteria ask for 25 s of quiet; every proof is there well within a minute. */
const PROOF_TIMEOUT_MS = 75_000;
const ASK_INTERVAL_MS = 1000;
/** The largest range is proven once the scripted events are over. */
const STORY_MS = 42_000;
const STOP_GRACE_MS = 4000;

export interface DemoOptions {
  /** Ends after the answer instead of serving on; for scripts. */
  readonly once: boolean;
}

export async function demoCommand({ once }: DemoOptions, output: Output): Promise<ExitCode> {
  const enclosure = enclosureAvailable();
  if (!enclosure.ok) {
    throw new FreeholdError('no-namespaces', `the demo needs network namespaces of its own: ${enclosure.reason}`, {
      hint: 'run it as root, or allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1; on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0)',
      exitCode: EXIT.notPermitted,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'freehold-demo-'));
  const startedMs = Date.now();
  // Whatever the LAN's machines write goes with the folder.
  const env = { ...process.env, TMPDIR: folder };
  const child = enclose([process.execPath, INSIDE, folder, MAIN], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env });
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) =>
      reject(
        new FreeholdError('demo-failed', `the simulated LAN ended with status ${code}`, { hint: 'what it said stands above' }),
      ),
    );
  });
  ended.catch(() => undefined);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  let server: Server | null = null;
  try {
    output.text('A LAN of simulated hosts, in network namespaces of its own: nothing here touches a real network.');
    follow(child, output, startedMs);
    const cast = await Promise.race([introduction(child), ended, interrupted]);
    if (cast === 'interrupted') return EXIT.ok;
    output.text(
      `\nOn 192.0.2.0/24, beside this daemon's own 192.0.2.5, live:\n${cast.map((line) => `  ${line}`).join('\n')}\n\n`,
    );
    output.text('The daemon sweeps it every 3 s. What it finds, as it finds it:\n\n');
    const socketPath = join(folder, 'freehold.sock');
    server = await forward(socketPath);
    const url = urlOf(server);
    const answer = await Promise.race([proof(socketPath, startedMs), ended, interrupted]);
    if (answer === 'interrupted') return EXIT.ok;
    output.text(`\nGET ${url}/free-ranges?size=8 says, for people:\n\n${freeText(answer, output.colors)}\n\n`);
    output.text('A proof of 25 s is good for a demonstration. The default asks for 72 h: see docs/evidence.md.\n\n');
    if (once) return EXIT.ok;
    output.text(
      `The daemon goes on. In another terminal or a browser, until Ctrl-C:\n  ${url}/free-ranges   ${url}/addresses   ${url}/addresses/192.0.2.60   ${url}/segments   ${url}/conflicts`,
    );
    output.text(`  bin/freehold verify 192.0.2.208-192.0.2.223 --quiet-for 25s${url.endsWith(':5227') ? '' : ` --url ${url}`}\n`);
    await Promise.race([ended, interrupted]);
    return EXIT.ok;
  } finally {
    server?.close();
    await stop(child);
    await rm(folder, { recursive: true, force: true });
    output.text('\nThe simulated LAN is gone, with all that was on it.');
  }
}

/** The cast, once everybody is there. */
function introduction(child: ChildProcess): Promise<readonly string[]> {
  return new Promise((resolve) =>
    child.once('message', (message: { readonly cast: readonly string[] }) => resolve(message.cast)),
  );
}

interface LogLine {
  readonly level?: string;
  readonly time?: string;
  readonly msg?: string;
  readonly address?: string;
  readonly mac?: string;
  readonly vendor?: string | null;
  readonly hostname?: string | null;
  /** An alert of the journal channel. */
  readonly alert?: string;
  readonly severity?: string;
}

/** The daemon's log, line by line, in the demo's words. */
function follow(child: ChildProcess, output: Output, startedMs: number): void {
  if (child.stderr === null) return;
  createInterface({ input: child.stderr }).on('line', (text) => {
    const line = parse(text);
    if (line === null) return output.note(text);
    const atMs = line.time === undefined ? Date.now() : Date.parse(line.time);
    const seconds = ((atMs - startedMs) / 1000).toFixed(1).padStart(6);
    if (line.alert !== undefined) {
      output.text(`${seconds} s  ALERT (${printable(line.severity ?? '', 20)})  ${printable(line.msg ?? '', 300)}`);
    } else if (line.address !== undefined) {
      const name = [line.hostname, line.vendor].filter((part) => typeof part === 'string').join(', ');
      output.text(
        `${seconds} s  ${line.address.padEnd(15)} ${line.mac ?? ''}  ${line.msg ?? ''}${name === '' ? '' : `  (${printable(name, 60)})`}`,
      );
    } else if (line.level === 'warn' || line.level === 'error') {
      output.text(`${seconds} s  ${printable(line.msg ?? '', 200)}`);
    }
  });
}

function parse(text: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as LogLine) : null;
  } catch {
    return null;
  }
}

/** Asks until there is a proven range and the story is told, then returns the answer. */
async function proof(socketPath: string, startedMs: number): Promise<FreeRangesAnswer> {
  const client = createClient({ url: 'http://localhost', socketPath, token: null });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, ASK_INTERVAL_MS));
    const elapsed = Date.now() - startedMs;
    if (elapsed < STORY_MS) continue;
    const answer = await client.get<FreeRangesAnswer>('/free-ranges', { size: '8' });
    if (answer.ranges.length > 0 || elapsed > PROOF_TIMEOUT_MS) return answer;
  }
}

/** From this machine's loopback to the daemon's socket, which lies outside every network namespace. */
async function forward(socketPath: string): Promise<Server> {
  for (const port of PORTS) {
    const server = createServer((outside) => {
      const inside = connect(socketPath);
      outside.on('error', () => inside.destroy());
      inside.on('error', () => outside.destroy());
      outside.pipe(inside).pipe(outside);
    });
    server.maxConnections = 64;
    const listening = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (listening) return server;
  }
  throw new FreeholdError('address-in-use', 'no port on the loopback is free');
}

function urlOf(server: Server): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  if (child.connected) child.send('stop', () => undefined);
  else child.kill('SIGKILL');
  await gone;
  clearTimeout(timer);
}
