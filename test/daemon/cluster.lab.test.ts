/**
 * A daemon that reads a cluster, on a LAN on which its nodes answer: for what it guards, whom it believes, and what it makes of a cluster
 * that is away. One scene; each test leaves it as it found it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import type { ConflictJson, ConflictsAnswer, PoolsAnswer } from '../../src/http/guard-service.ts';
import type { AddressAnswer, FreeRangesAnswer, VerifyAnswer } from '../../src/http/service.ts';
import { type ClusterDouble, startCluster } from '../cluster/double.ts';
import { advertisement, bareCluster, deployment, loadBalancer, node, pool, service, withMetallb } from '../cluster/fixtures.ts';
import { announcement, reply } from '../lab/arp-frames.ts';
import { type Injector, startInjector } from '../lab/injector.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';
import { GATEWAY, macOf, OWN, OWN_MAC, segmentsOn } from './guarded.ts';
import { until } from './running.ts';

const NODES = [1, 2, 3].map((number) => ({
  name: `node-${number}`,
  address: `192.0.2.${10 + number}`,
  mac: macOf(0xa0 + number),
}));
/** A second card of node-1, that answers for the same address. */
const NODE_1_TOO = macOf(0xaa);
const FIRST = pool('first', ['192.0.2.200-192.0.2.209']);

let lan: Lan;
let hosts: SimulatedHosts;
let injector: Injector;
let cluster: ClusterDouble;
let daemon: DaemonProcess;
const open: { close(): Promise<void> }[] = [];

const pools = (): Promise<PoolsAnswer> => daemon.client.get<PoolsAnswer>('/pools');
const poolNames = async (): Promise<readonly string[]> => (await pools()).pools.map(({ name }) => name);
const conflicts = async (address?: string): Promise<readonly ConflictJson[]> =>
  (await daemon.client.get<ConflictsAnswer>('/conflicts', { state: 'all', limit: 1000 })).conflicts.filter(
    (one) => address === undefined || one.address === address,
  );
const conflictAt = async (address: string, kind: string): Promise<ConflictJson> => {
  let found: ConflictJson | undefined;
  await until(`a ${kind} at ${address}`, async () => {
    found = (await conflicts(address)).find((one) => one.kind === kind && one.state === 'open');
    return found !== undefined;
  });
  if (found === undefined) throw new Error('none');
  return found;
};
/** The address that a Service has got. */
const addressOf = async (name: string): Promise<string> => {
  let address: string | undefined;
  await until(`an address for ${name}`, async () => {
    address = (await pools()).assigned?.find((one) => one.service === `default/${name}`)?.address;
    return address !== undefined;
  });
  return address ?? '';
};
const quiet = async (ms: number): Promise<void> => {
  const until = performance.now() + ms;
  while (performance.now() < until) await daemon.sweep();
};

beforeAll(async () => {
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one);
    return one;
  };
  lan = opened(await createLan({ cidr: '192.0.2.0/24', ownAddress: OWN, ownMac: OWN_MAC, gateway: GATEWAY }));
  hosts = opened(
    await startSimulatedHosts(lan, [
      { id: 'gateway', addresses: [GATEWAY], macs: [macOf(1)] },
      ...NODES.map(({ name, address, mac }) => ({
        id: name,
        addresses: [address],
        macs: name === 'node-1' ? [mac, NODE_1_TOO] : [mac],
      })),
    ]),
  );
  injector = opened(await startInjector(lan));
  const macOfNode = (name: string): Mac => NODES.find((one) => one.name === name)?.mac ?? macOf(0xff);
  cluster = opened(
    await startCluster({
      // There already when the daemon starts: pool, Service, and a node that answers for it.
      objects: [
        ...bareCluster(NODES.map(({ name, address }) => node({ name, address }))),
        ...withMetallb(),
        FIRST,
        advertisement('all'),
        deployment('web', 3),
        loadBalancer('web'),
      ],
      onAnnounce: ({ node: name, address }) =>
        hosts.add({ id: `${name} ${address}`, addresses: [address], macs: [macOfNode(name)] }),
      onWithdraw: ({ node: name, address }) => hosts.remove(`${name} ${address}`),
    }),
  );
  await cluster.settled();
  const proof = 'proof: { quietFor: 6s, minSweeps: 1, maxGap: 60s, minCoverage: 0.3 }\n';
  const guard = 'guard: { closeAfter: 10s, splitBrainGrace: 2s }\nalerts: { channels: [] }\n';
  daemon = opened(
    await startDaemonProcess(`${segmentsOn(lan)}${proof}${guard}metallb: { kubeconfig: ${cluster.kubeconfig('daemon')} }\n`),
  );
});
afterAll(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

it('knows the pool, its Service and who announces it, and the nodes by their MACs, and takes none of them for a stranger', async () => {
  await until('the pool is guarded', async () => (await poolNames()).includes('first'));
  await quiet(2_000);
  const known = await pools();
  expect(known).toMatchObject({ source: 'cluster', cluster: { server: cluster.url } });
  expect(known.speakers.map(({ mac, node: name }) => `${name} ${mac}`).sort()).toEqual(
    [...NODES.map(({ name, mac }) => `${name} ${mac}`), `node-1 ${NODE_1_TOO}`].sort(),
  );
  const [web] = known.assigned ?? [];
  expect(web).toMatchObject({ service: 'default/web', reportedNodes: [web?.node] });
  expect(web?.answeredBy).toMatchObject({ node: web?.node });
  expect(Date.parse(known.generatedAt) - Date.parse(known.asOf ?? '')).toBeLessThan(60_000);
  expect(known.notices).toEqual([]);
  expect(await conflicts()).toEqual([]);
});

it('guards a pool within five seconds after it appears, and no more once it is gone', async () => {
  const before = performance.now();
  cluster.seed(pool('second', ['192.0.2.220-192.0.2.229']));
  await until('the second pool is guarded', async () => (await poolNames()).includes('second'), 5_000);
  expect(performance.now() - before).toBeLessThan(5_000);
  await injector.send(announcement(macOf(0x70), '192.0.2.225'));
  expect(await conflictAt('192.0.2.225', 'squatter')).toMatchObject({ pool: 'second', mac: macOf(0x70), service: null });
  cluster.remove('IPAddressPool', 'second', 'metallb-system');
  await until('the second pool is gone', async () => !(await poolNames()).includes('second'));
  await until('its conflict is over', async () => (await conflicts('192.0.2.225'))[0]?.closeReason === 'not-in-pool');
});

it('tells a stranger at an address of a Service by the name of the Service', async () => {
  const address = await addressOf('web');
  await injector.send(reply(macOf(0x71), address), announcement(macOf(0x71), address));
  expect(await conflictAt(address, 'contested')).toMatchObject({
    mac: macOf(0x71),
    service: 'default/web',
    severity: 'critical',
  });
});

it('raises nothing in a failover between nodes', async () => {
  const address = await addressOf('web');
  const announcing = async () => (await pools()).assigned?.find((one) => one.address === address)?.node ?? '';
  const first = await announcing();
  const before = await conflicts();
  cluster.setNodeReady(first, false);
  await until('another node announces', async () => ![first, ''].includes(await announcing()));
  await quiet(4_000);
  expect((await pools()).assigned?.find((one) => one.address === address)?.answeredBy?.node).toBe(await announcing());
  cluster.setNodeReady(first, true);
  await until('the first one announces again', async () => (await announcing()) === first);
  await quiet(4_000);
  expect((await conflicts()).filter(({ kind }) => kind !== 'contested').map(({ id }) => id)).toEqual(
    before.filter(({ kind }) => kind !== 'contested').map(({ id }) => id),
  );
});

it('notices a Service for which nobody answers', async () => {
  cluster.seed(loadBalancer('empty'));
  const address = await addressOf('empty');
  await until('the notice', async () => {
    await daemon.sweep();
    return (await conflicts(address)).length > 0;
  });
  expect(await conflictAt(address, 'unannounced')).toMatchObject({ service: 'default/empty', severity: 'notice', mac: null });
  cluster.remove('Service', 'empty', 'default');
  await until('it is over', async () => (await conflicts(address))[0]?.closeReason === 'mended');
});

describe('addresses of the cluster', () => {
  afterAll(() => {
    for (const name of ['foreign', 'wants']) cluster.remove('Service', name, 'default');
    cluster.remove('Node', 'off');
  });

  it('are never free: those that a Service holds or asks for, in a pool or not, answered or not, and a node’s', async () => {
    const foreign = service('foreign', { type: 'LoadBalancer', loadBalancerClass: 'example.com/lb', ports: [{ port: 80 }] });
    cluster.seed(
      { ...foreign, status: { loadBalancer: { ingress: [{ ip: '192.0.2.77' }] } } },
      service('wants', {
        type: 'LoadBalancer',
        loadBalancerIP: '192.0.2.78',
        loadBalancerClass: 'example.com/lb',
        ports: [{ port: 80 }],
      }),
      node({ name: 'off', address: '192.0.2.79' }),
    );
    const verdictOf = async (address: string) => {
      const { verdict, reasons } = await daemon.client.get<AddressAnswer>(`/addresses/${address}`);
      return `${verdict}: ${reasons[0]?.text}`;
    };
    await until('all of them are known', async () => (await verdictOf('192.0.2.79')).startsWith('reserved'));
    await until(
      'the LAN around them is proven free',
      async () => {
        await daemon.sweep();
        return (await verdictOf('192.0.2.76')).startsWith('free');
      },
      30_000,
    );
    expect(await verdictOf('192.0.2.77')).toBe('reserved: assigned to Service default/foreign');
    expect(await verdictOf('192.0.2.78')).toBe('reserved: asked for by Service default/wants');
    expect(await verdictOf('192.0.2.79')).toBe('reserved: the address of node off');
    const ranges = await daemon.client.get<FreeRangesAnswer>('/free-ranges', { limit: 1000 });
    expect(ranges.ranges.some(({ end }) => end === '192.0.2.76')).toBe(true);
    expect(ranges.ranges.some(({ start }) => start === '192.0.2.80')).toBe(true);
    const verified = await daemon.client.post<VerifyAnswer>('/verify', { range: '192.0.2.76-192.0.2.80' });
    expect(verified).toMatchObject({ free: false, live: { valid: true, conflicts: [] } });
    // The run takes longer than these proofs last: the others are withheld for want of looks.
    expect(verified.withheld.filter(({ verdict }) => verdict === 'reserved').map(({ reason }) => reason)).toEqual([
      'assigned to Service default/foreign',
      'asked for by Service default/wants',
      'the address of node off',
    ]);
    // The node that is switched off is one that cannot be told from a stranger.
    await until(
      'a notice about it',
      async () => (await pools()).notices.some((notice) => notice.startsWith('Node off (192.0.2.79) does not answer ARP')),
      20_000,
    );
  });
});

it('does not take a stranger for a node because it answers for the node’s address', async () => {
  const thief = macOf(0x72);
  const [, second] = NODES;
  if (second === undefined) throw new Error('no second node');
  await injector.send(announcement(thief, '192.0.2.209'));
  await conflictAt('192.0.2.209', 'squatter');
  await injector.send(reply(thief, second.address), announcement(thief, second.address));
  await until('it is held back', async () =>
    (await pools()).notices.some((notice) => notice.startsWith(`${thief} answers for the address of node node-2`)),
  );
  expect((await pools()).speakers.map(({ mac }) => mac)).not.toContain(thief);
  expect((await conflicts('192.0.2.209'))[0]).toMatchObject({ state: 'open', kind: 'squatter' });
});

describe('while the cluster is away', () => {
  beforeAll(() => cluster.stop());
  afterAll(() => cluster.restart());

  const codes = async () => new Set((await pools()).cluster?.kinds.map(({ code }) => code));

  it('goes on, says how old its view is and why, and stays ready', async () => {
    await until('it says so', async () => (await codes()).has('cluster-unreachable') && (await codes()).size === 1);
    const known = await pools();
    expect(known.pools.map(({ name }) => name)).toEqual(['first']);
    expect(known.notices).toContainEqual(
      expect.stringMatching(/cannot be read \(cluster-unreachable: .*the guard goes on with what was known/),
    );
    expect((await daemon.client.get<ConflictsAnswer>('/conflicts')).notices).toContainEqual(
      expect.stringContaining('cluster-unreachable'),
    );
    await daemon.sweep();
    await expect(daemon.client.get('/readyz')).resolves.toBeDefined();
    await injector.send(announcement(macOf(0x73), '192.0.2.208'));
    await conflictAt('192.0.2.208', 'squatter');
  });

  it('goes on after a restart too, with its pools and speakers at once, and nothing is told twice', async () => {
    const before = await conflicts();
    const { asOf } = await pools();
    expect(await daemon.end('SIGTERM')).toBe(0);
    await daemon.start();
    const known = await pools();
    expect(known.pools.map(({ name }) => name)).toEqual(['first']);
    expect(known.speakers.map(({ node: name }) => name)).toEqual(expect.arrayContaining(['node-1', 'node-2', 'node-3']));
    expect(known.assigned?.map(({ service: name }) => name)).toEqual(['default/web']);
    expect(Date.parse(known.asOf ?? '')).toBeLessThanOrEqual(Date.parse(asOf ?? '') + 1_000);
    await quiet(2_000);
    const stillOpen = (all: readonly ConflictJson[]) => all.filter(({ state }) => state === 'open').map(({ id }) => id);
    expect(stillOpen(await conflicts())).toEqual(stillOpen(before));
    expect(await conflicts()).toHaveLength(before.length);
    await until('it says so again', async () => (await codes()).has('cluster-unreachable'));
  });

  it('goes on after a kill -9', async () => {
    await daemon.end('SIGKILL');
    await daemon.start();
    expect(await poolNames()).toEqual(['first']);
    expect((await pools()).speakers.map(({ node: name }) => name)).toEqual(
      expect.arrayContaining(['node-1', 'node-2', 'node-3']),
    );
  });
});

it('finds out what went on meanwhile once the cluster is back', async () => {
  // It was stopped by the tests above, and has come back; what changed meanwhile is told by the list.
  await cluster.stop();
  cluster.remove('IPAddressPool', 'first', 'metallb-system');
  cluster.seed(pool('third', ['192.0.2.230-192.0.2.239']));
  await cluster.restart();
  await until('the new pools are guarded', async () => (await poolNames()).join() === 'third', 45_000);
  await until(
    'all of it can be read',
    async () => (await pools()).cluster?.kinds.every(({ state }) => state === 'up') === true,
    45_000,
  );
});

it('leaves it alone where the configuration says so, and takes it up again', async () => {
  const reload = (metallb: string) =>
    daemon.reload(
      `${segmentsOn(lan)}alerts: { channels: [] }\nmetallb: { ${metallb}, pools: [{ name: own, addresses: [192.0.2.240] }] }\n`,
    );
  await reload('cluster: off');
  await until('only the configured pool is guarded', async () => (await poolNames()).join() === 'own');
  expect(await pools()).toMatchObject({ source: 'configuration', cluster: null, asOf: null });
  await until('nobody watches any more', () => cluster.openWatches === 0);
  await reload(`kubeconfig: ${cluster.kubeconfig('apply')}`);
  await until('both are guarded', async () => (await poolNames()).join() === 'third,own');
  expect((await pools()).speakers.map(({ node: name }) => name)).toEqual(expect.arrayContaining(['node-1', 'node-2', 'node-3']));
});

it('writes nothing to the cluster, ever', () => {
  expect(cluster.requests.filter(({ user }) => user === 'daemon').length).toBeGreaterThan(10);
  expect(cluster.requests.filter(({ user, method }) => user !== '' && method !== 'GET')).toEqual([]);
});
