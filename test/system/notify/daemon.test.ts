/** The real daemon, as systemd would start it: what it tells from its start to its end. Without a segment it sends nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MAIN } from '../../cli/stand-in-daemon.ts';
import { type Receiver, receiver } from './receiver.ts';

const READY = /^READY=1\nSTATUS=/;
let folder: string;
let manager: Receiver;
let child: ChildProcess;
let heard: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-notify-'));
  manager = receiver(join(folder, 'notify'));
  heard = [];
  writeFileSync(
    join(folder, 'freehold.yaml'),
    `http: { listen: "unix:${folder}/http" }\nledger: { path: ${folder}/ledger.db }\n`,
  );
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'run', '--config', `${folder}/freehold.yaml`], {
    env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: manager.name, WATCHDOG_USEC: '200000' },
    stdio: 'ignore',
  });
});
afterEach(() => {
  child.kill('SIGKILL');
  manager.close();
  rmSync(folder, { recursive: true });
});

/** How many messages there are by now that begin like this. */
const count = (begin: RegExp) => (): number => {
  heard.push(...manager.take());
  return heard.filter((message) => begin.test(message)).length;
};
const patient = { timeout: 20_000, interval: 20 };

it('is ready when it answers, feeds the watchdog, says that it reloads, and that it stops', async () => {
  await expect.poll(count(READY), patient).toBe(1);
  const fed = count(/^WATCHDOG=1$/);
  const before = fed();
  await expect.poll(fed, patient).toBeGreaterThan(before + 3);

  child.kill('SIGHUP');
  await expect.poll(count(READY), patient).toBe(2);
  const states = heard.filter((message) => /^(READY|RELOADING)=1/.test(message));
  expect(states).toEqual([
    expect.stringMatching(READY),
    expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/),
    expect.stringMatching(READY),
  ]);

  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(count(/^STOPPING=1/)()).toBe(1);
});
