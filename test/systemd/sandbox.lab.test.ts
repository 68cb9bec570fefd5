/** The daemon in the sandbox that its unit puts it in: it sweeps, answers and stops there. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../src/http/client.ts';
import type { SegmentJson, SweepsAnswer } from '../../src/http/service.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { needs } from '../lab/needs.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { confinement, isTrueRoot, sandboxed } from './sandbox.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const CAP_NET_RAW = '0000000000002000';

let lan: Lan;
let hosts: SimulatedHosts;
let folder: string;

beforeAll(async () => {
  lan = await createLan({ cidr: '198.51.100.0/24', ownAddress: '198.51.100.5', gateway: '198.51.100.1' });
  hosts = await startSimulatedHosts(lan, [{ id: 'gateway', addresses: ['198.51.100.1'], macs: ['52:54:00:00:00:01'] }]);
  folder = mkdtempSync(join(tmpdir(), 'freehold-sandbox-'));
  chmodSync(folder, 0o777);
});
afterAll(async () => {
  await hosts?.close();
  await lan?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As nobody, who must be able to read this checkout, no call may be refused; as root SQLite tries to give files to their owner. */
const mayBecomeNobody = (): boolean =>
  isTrueRoot() && spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', '--', 'cat', MAIN]).status === 0;

needs('systemd-analyze')("the unit's sandbox", () => {
  it('sweeps, answers and stops in it, and is refused no system call', async () => {
    const socketPath = join(folder, 'http.sock');
    const config = join(folder, 'freehold.yaml');
    writeFileSync(
      config,
      `segments: [{ name: lan, interface: lan0, schedule: "*/2 * * * * *" }]
http: { listen: "unix:${socketPath}" }
ledger: { path: ${folder}/freehold.db }
log: { level: warn }
`,
    );
    const [file = '', ...args] = sandboxed(
      [...NODE, MAIN, 'run', '--config', config],
      folder,
      mayBecomeNobody() ? 'kill' : 'refuse',
    );
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise((resolve) => void child.once('exit', (code, signal) => resolve(signal ?? code)));
    try {
      const client = createClient({ url: 'http://localhost', socketPath, token: null });
      const validSweeps = async (): Promise<number> => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended by ${await ended}: ${stderr}`);
        const { sweeps } = await client.get<SweepsAnswer>('/sweeps').catch(() => ({ sweeps: [] }));
        return sweeps.filter(({ valid }) => valid).length;
      };
      await expect.poll(validSweeps, { timeout: 40_000, interval: 250 }).toBeGreaterThan(1);
      expect(await client.get<{ segments: SegmentJson[] }>('/segments')).toMatchObject({ segments: [{ waitingFor: null }] });
      const facts = confinement(child.pid ?? 0);
      expect(facts).toMatchObject({
        CapEff: CAP_NET_RAW,
        CapBnd: CAP_NET_RAW,
        CapAmb: CAP_NET_RAW,
        NoNewPrivs: '1',
        Seccomp: '2',
      });
      if (isTrueRoot()) expect(facts['Uid']).toBe('65534');
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
    expect(stderr).not.toContain('EPERM');
  });

  it.each([
    ['a call that the unit takes away', "require('fs').chownSync(process.argv[1], process.getuid(), process.getgid())"],
    ['a kind of socket that it does not list', "require('koffi').load(null).func('int socket(int, int, int)')(40, 1, 0)"],
  ])('would end by %s', (_, script) => {
    const run = (command: readonly string[]) => {
      const [file = '', ...args] = command;
      return spawnSync(file, args, { encoding: 'utf8', cwd: resolve(import.meta.dirname, '../..') });
    };
    const path = join(folder, 'own');
    const program = [...NODE, '-e', `require('fs').writeFileSync(process.argv[1], ''); ${script}`, path];
    expect(run(program)).toMatchObject({ status: 0, stderr: '' });
    rmSync(path);
    expect(run(sandboxed(program, folder, 'kill'))).toMatchObject({ status: null, signal: 'SIGSYS' });
  });
});
