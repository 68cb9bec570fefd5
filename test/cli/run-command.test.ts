import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freehold, MAIN } from './stand-in-daemon.ts';

/** A real daemon without a segment: it only listens, on a socket of its own, and sends nothing to any network. */
let folder: string;
let config: string;
let child: ChildProcess;
let stdout = '';
let stderr = '';

/** Resolves once `text` has been written. */
const said = async (read: () => string, text: string): Promise<void> => {
  for (;;) {
    if (read().includes(text)) return;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the daemon ended: ${child.signalCode} ${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

beforeEach(async () => {
  stdout = '';
  stderr = '';
  folder = mkdtempSync(join(tmpdir(), 'freehold-run-'));
  config = join(folder, 'freehold.yaml');
  writeFileSync(config, `http: { listen: "unix:${folder}/http.sock" }\nledger: { path: ${folder}/ledger.db }\n`);
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'run', '--config', config], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await said(() => stdout, 'listening on');
});

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('freehold run without a segment', () => {
  it('says where it listens and how to begin, answers, and ends with 0 at SIGTERM', async () => {
    expect(stdout).toBe(`freehold: listening on unix:${folder}/http.sock\n`);
    expect(stderr).toContain('nothing is probed');
    const asked = await freehold(['free', '--socket', `${folder}/http.sock`]);
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toMatch(/^freehold: .*segment/);
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([0, null]);
  });

  it('keeps going at SIGHUP, even where the configuration has become bad', async () => {
    writeFileSync(config, 'segments: 7\n');
    child.kill('SIGHUP');
    await said(() => stderr, 'expected a list of segments');
    expect(await freehold(['free', '--socket', `${folder}/http.sock`])).toMatchObject({ code: 2 });
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });
});
