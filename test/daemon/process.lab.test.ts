/** The daemon as a process: how it starts, ends, dies and begins again; and the commands that ask it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/http/client.ts';
import type { AddressAnswer, SweepsAnswer } from '../../src/http/service.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { until } from './running.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const HOST = '198.51.100.20';

let lan: Lan;
let hosts: SimulatedHosts;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  lan = await createLan({ cidr: '198.51.100.0/24', ownAddress: '198.51.100.5', gateway: '198.51.100.1' });
  hosts = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: ['198.51.100.1'], macs: ['52:54:00:00:00:01'] },
    { id: 'host', addresses: [HOST], macs: ['52:54:00:00:00:20'] },
  ]);
  folder = await mkdtemp(join(tmpdir(), 'freehold-test-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await hosts?.close();
  await lan?.close();
  await rm(folder, { recursive: true, force: true });
});

const socket = () => join(folder, 'freehold.sock');
const client = () => createClient({ url: 'http://localhost', socketPath: socket(), token: null });

async function config(name: string, segment: string, ledger = 'freehold.db'): Promise<string> {
  const path = join(folder, name);
  const yaml = `segments: [{ name: lan, interface: lan0, ${segment} }]
proof: { quietFor: 12s, minSweeps: 2, maxGap: 20s, minCoverage: 0.1 }
http: { listen: "unix:${socket()}" }
ledger: { path: ${folder}/${ledger} }
log: { level: warn }
`;
  await writeFile(path, yaml);
  return path;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
}

function start(path: string, prefix: readonly string[] = []): Started {
  const [file = '', ...args] = [...prefix, process.execPath, MAIN, 'run', '--config', path];
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  return { child, ended: new Promise((done) => child.once('close', (code) => done({ code, stderr }))) };
}

const answering = () =>
  until('the daemon answers', async () => {
    try {
      await client().get('/healthz');
      return true;
    } catch {
      return false;
    }
  });

const freehold = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 30_000 });
  return { status, stdout, stderr };
};

describe('freehold run', () => {
  it('ends within 2 s of SIGTERM, in the middle of a slow sweep too', async () => {
    const { child, ended } = start(await config('slow.yaml', 'rate: 2'));
    await answering();
    const from = performance.now();
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(performance.now() - from).toBeLessThan(2000);
  });

  it('loses nothing but the last second to a kill -9, and goes on from there', async () => {
    const path = await config('kill.yaml', 'schedule: "*/2 * * * * *"');
    const first = start(path);
    await answering();
    await until('the host is known', async () => (await client().get<AddressAnswer>(`/addresses/${HOST}`)).use === 'used');
    await until('a valid sweep is stored', async () =>
      (await client().get<SweepsAnswer>('/sweeps')).sweeps.some(({ valid }) => valid),
    );
    const before = await client().get<AddressAnswer>(`/addresses/${HOST}`);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start(path);
    await answering();
    const after = await client().get<AddressAnswer>(`/addresses/${HOST}`);
    expect(after.history[0]?.firstSeenAt).toBe(before.history[0]?.firstSeenAt);
    expect((await client().get<SweepsAnswer>('/sweeps')).sweeps.length).toBeGreaterThan(0);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });

  it('is refused where another daemon has the ledger', async () => {
    const path = await config('one.yaml', 'rate: 500');
    start(path);
    await answering();
    const { code, stderr } = await start(path).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/freehold: .*(already|another|in use|locked)/i);
  });

  it('says in one sentence what it needs where it may not open a packet socket', async () => {
    const path = await config('forbidden.yaml', 'rate: 500', 'forbidden.db');
    const { code, stderr } = await start(path, ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw']).ended;
    expect(code).toBe(4);
    expect(stderr).toMatch(/^freehold: .*CAP_NET_RAW.*\n {2}.+\n$/);
  });
});

describe('the commands, against a running daemon', () => {
  it('answer yes and no by their exit codes', async () => {
    start(await config('ask.yaml', 'schedule: "*/2 * * * * *"', 'ask.db'));
    await answering();
    const at = ['--socket', socket()];
    await until('a range is free', () => freehold('free', ...at).status === 0, 40_000);
    const free = freehold('free', ...at, '--json');
    expect(JSON.parse(free.stdout)).toMatchObject({ segment: 'lan', ranges: [{ start: '198.51.100.21' }, {}, {}] });
    expect(freehold('free', ...at, '--size', '300').status).toBe(3);
    const history = freehold('history', HOST, ...at);
    expect([history.status, history.stdout]).toEqual([0, expect.stringContaining('52:54:00:00:00:20')]);
    const no = freehold('verify', HOST, ...at);
    expect([no.status, no.stdout]).toEqual([3, expect.stringContaining('52:54:00:00:00:20')]);
    const yes = freehold('verify', '198.51.100.200-198.51.100.207', ...at, '--quiet-for', '12s', '--json');
    expect(JSON.parse(yes.stdout)).toMatchObject({ free: true, live: { valid: true, conflicts: [] } });
    expect(yes.status).toBe(0);
    expect(freehold('history', '192.0.2.1', ...at).status).toBe(2);
  });

  it('say that no daemon answers', () => {
    const { status, stderr } = freehold('free', '--socket', join(folder, 'nobody.sock'));
    expect([status, stderr]).toEqual([5, expect.stringContaining('freehold:')]);
  });
});
