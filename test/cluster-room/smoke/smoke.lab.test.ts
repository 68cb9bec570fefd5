/** The smoke test with real frames: nodes are namespaces whose kernels answer for the addresses that the cluster gives them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/core/error.ts';
import { type Announcement, type ClusterDouble, startCluster } from '../../cluster/double.ts';
import { advertisement, bareCluster, node, pool, withMetallb } from '../../cluster/fixtures.ts';
import { attempt } from '../../lab/command.ts';
import { interfaceNames, namespaceNames } from '../../lab/guard.ts';
import { createLan, type Lan } from '../../lab/lan.ts';
import type { Namespace } from '../../lab/namespace.ts';
import { leftIn } from './stage.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/cli/main.ts');
/** What runs behind every address of a node. */
const SERVER = `require('node:net').createServer((socket) => socket.on('error', () => undefined).end('hello')).listen(80, '0.0.0.0', () => console.log('ready'))`;
const POOL = ['192.0.2.200-192.0.2.203'];
const NODES = ['a', 'b', 'c'].map((name, index) => ({
  name,
  address: `192.0.2.${11 + index}`,
  mac: `02:00:00:00:01:0${index + 1}`,
}));

let lan: Lan | undefined;
let cluster: ClusterDouble | undefined;
afterEach(async () => {
  await cluster?.close();
  await lan?.close();
  cluster = undefined;
  lan = undefined;
  expect(interfaceNames()).toEqual(['lo']);
  expect(namespaceNames()).toEqual([]);
});

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let turn = 0; turn < 500; turn++) {
    if (await holds()) return;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error('it never came to be so');
};

async function serve(host: Namespace): Promise<void> {
  const child = host.spawn([process.execPath, '-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((ready) => child.stdout?.once('data', () => ready()));
}

interface Scene {
  readonly cluster: ClusterDouble;
  readonly hosts: ReadonlyMap<string, Namespace>;
  hold(host: Namespace, address: string): Promise<void>;
  /** `freehold smoke-test` as a process. */
  run(...args: readonly string[]): ReturnType<typeof attempt>;
  start(...args: readonly string[]): ChildProcess;
}

/** @param answers which nodes answer for an address that one of them was given */
async function scene(answers: (announcement: Announcement) => readonly string[] = ({ node }) => [node]): Promise<Scene> {
  const segment = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1' });
  lan = segment;
  const hosts = new Map<string, Namespace>();
  for (const { name, address, mac } of NODES) {
    const host = await segment.attach(`node${name}`, { addresses: [`${address}/24`], mac });
    hosts.set(name, host);
    await serve(host);
  }
  const hold = (host: Namespace, address: string): Promise<void> => host.batch([`address replace ${address}/32 dev lo`]);
  const drop = (host: Namespace, address: string): Promise<unknown> =>
    host.batch([`address del ${address}/32 dev lo`]).catch(() => undefined);
  const each = async (
    announcement: Announcement,
    work: (host: Namespace, address: string) => Promise<unknown>,
  ): Promise<void> => {
    for (const name of answers(announcement)) {
      const host = hosts.get(name);
      if (host !== undefined) await work(host, announcement.address);
    }
  };
  const started = await startCluster({
    objects: [
      ...bareCluster(NODES.map(({ name, address }) => node({ name, address }))),
      ...withMetallb(),
      pool('production-pool', POOL),
      advertisement('production-advertisement'),
    ],
    onAnnounce: (announcement) => each(announcement, hold),
    onWithdraw: (announcement) => each(announcement, drop),
  });
  cluster = started;
  const args = (more: readonly string[]): readonly string[] => [
    MAIN,
    'smoke-test',
    ...['--kubeconfig', started.kubeconfig(), '--interface', segment.interfaceName, '--socket', '/nowhere'],
    ...more,
  ];
  return {
    cluster: started,
    hosts,
    hold,
    run: (...more) => attempt([process.execPath, ...args(more)], { timeoutMs: 80_000 }),
    start: (...more) => spawn(process.execPath, args(more), { stdio: 'pipe' }),
  };
}

describe('freehold smoke-test on a wire', () => {
  it('passes: a node answers, TCP connects, and all is gone again', async () => {
    const on = await scene();
    const { status, stdout } = await on.run();
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(
      /ok A node's MAC answers for it: 02:00:00:00:01:0\d of the node [abc] ok TCP connects: 192\.0\.2\.20\d:80 ok Everything removed ok The address is silent again/,
    );
    expect(text).toMatch(/passed with 192\.0\.2\.20\d\./);
    expect(status).toBe(EXIT.ok);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(leftIn({ cluster: on.cluster })).toEqual([]);
  });

  it('fails where every node answers, as IPVS without strictARP does', async () => {
    const on = await scene(() => NODES.map(({ name }) => name));
    const { status, stdout } = await on.run('--json');
    expect(status).toBe(EXIT.no);
    const { steps } = JSON.parse(stdout) as { steps: readonly { name: string; status: string; detail: string }[] };
    const step = steps.find(({ name }) => name === 'answered-by-node');
    expect(step).toMatchObject({ status: 'failed', detail: expect.stringMatching(/several answer .*strictARP/) });
    for (const { mac } of NODES) expect(step?.detail).toContain(mac);
    expect(leftIn({ cluster: on.cluster })).toEqual([]);
  });

  it('fails where a stranger has the address too, and names it', async () => {
    const on = await scene();
    const stranger = await (lan as Lan).attach('stranger', { mac: '02:00:00:00:06:66', addresses: ['192.0.2.66/24'] });
    for (const last of [200, 201, 202, 203]) await on.hold(stranger, `192.0.2.${last}`);
    const { status, stdout } = await on.run('--wait', '6s');
    expect(status).toBe(EXIT.no);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /failed A node's MAC answers for it: 02:00:00:00:06:66 answers for .* and is no node's/,
    );
    expect(leftIn({ cluster: on.cluster })).toEqual([]);
  });

  it('fails where nobody answers', async () => {
    const on = await scene(() => []);
    const { status, stdout } = await on.run('--wait', '4s');
    expect(status).toBe(EXIT.no);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /failed A node's MAC answers for it: not within 4 s: nobody answers ARP .* on lan0.*failed TCP connects/,
    );
    expect(leftIn({ cluster: on.cluster })).toEqual([]);
  });

  it('Ctrl-C leaves nothing in the cluster, and nobody on the wire', async () => {
    const on = await scene(() => []);
    const child = on.start('--wait', '60s');
    let out = '';
    child.stdout?.on('data', (data: Buffer) => {
      out += data.toString();
    });
    await until(() => out.includes('The address is of a pool'));
    const ended = new Promise<number | null>((resolveCode) => child.once('exit', resolveCode));
    child.kill('SIGINT');
    expect(await ended).toBe(EXIT.failure);
    expect(out.replace(/\s+/g, ' ')).toMatch(/The smoke test was interrupted\. Nothing of it is left/);
    expect(leftIn({ cluster: on.cluster })).toEqual([]);
  });
});
