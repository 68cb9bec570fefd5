/** `freehold doctor` on a simulated LAN: the real sweep, real answers, and a cluster on loopback whose nodes are simulated hosts. */
import { afterEach, expect, it } from 'vitest';
import type { DoctorDocument } from '../../src/cli/doctor/document.ts';
import { doctorCommand } from '../../src/cli/doctor.ts';
import { leader } from '../../src/cluster/election.ts';
import { type ClusterDouble, startCluster } from '../cluster/double.ts';
import { advertisement, deployment, kubeadmCluster, loadBalancer, node, pool, withMetallb } from '../cluster/fixtures.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { caughtOutput } from './catcher.ts';
import { NO_DAEMON } from './doctor-scene.ts';

const NODES = ['node-1', 'node-2', 'node-3'] as const;
const macOf = (name: string): string => `02:00:00:00:00:0${name.at(-1) ?? ''}`;
const VIP = '192.0.2.200';
const LEADER = leader(NODES, VIP) ?? '';
const OTHER = NODES.find((name) => name !== LEADER) ?? '';

let lan: Lan | undefined;
let cluster: ClusterDouble | undefined;
let hosts: SimulatedHosts | undefined;
afterEach(async () => {
  await cluster?.close();
  await hosts?.close();
  await lan?.close();
  cluster = undefined;
  hosts = undefined;
  lan = undefined;
});

/** Three nodes, and a Service whose address the elected one answers for. */
async function stage(): Promise<SimulatedHosts> {
  lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.5', gateway: '192.0.2.1' });
  const simulated = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: ['192.0.2.1'], macs: ['02:00:00:00:00:fe'] },
    ...NODES.map((name, index) => ({ id: name, addresses: [`192.0.2.${11 + index}`], macs: [macOf(name)] })),
  ]);
  hosts = simulated;
  cluster = await startCluster({
    objects: [
      ...kubeadmCluster({ nodes: NODES.map((name, index) => node({ name, address: `192.0.2.${11 + index}` })) }),
      ...withMetallb('v0.16.1'),
      pool('lan', ['192.0.2.200-192.0.2.210']),
      advertisement('lan'),
      deployment('web'),
      loadBalancer('web'),
    ],
    onAnnounce: ({ node: name, address }) => simulated.add({ id: address, addresses: [address], macs: [macOf(name)] }),
    onWithdraw: ({ address }) => simulated.remove(address),
  });
  await cluster.settled();
  return simulated;
}

async function examined() {
  const { output, stdout } = caughtOutput();
  const code = await doctorCommand(
    {
      namespace: 'metallb-system',
      kubeconfig: cluster?.kubeconfig(),
      url: NO_DAEMON,
      interface: 'lan0',
      json: true,
      only: 'subnet-and-interface,right-to-send,infrastructure-in-pool,stale-l2-status,announced-not-answered,several-answerers,pool-address-in-use,second-cluster',
    },
    output,
  );
  const { checks } = JSON.parse(stdout.text()) as DoctorDocument;
  const seen = (name: string): string => checks.find((check) => check.name === name)?.seen ?? '';
  const status = Object.fromEntries(checks.map((check) => [check.name, check.status]));
  return { code, status, seen };
}

it('hears the node that was elected, and nobody else', async () => {
  await stage();
  const { code, status, seen } = await examined();
  expect(status).toEqual({
    'subnet-and-interface': 'ok',
    'right-to-send': 'ok',
    'infrastructure-in-pool': 'ok',
    'stale-l2-status': 'ok',
    'announced-not-answered': 'ok',
    'several-answerers': 'ok',
    'pool-address-in-use': 'ok',
    'second-cluster': 'ok',
  });
  expect(code).toBe(0);
  expect(seen('subnet-and-interface')).toBe('All 3 nodes have addresses in the networks here: 192.0.2.0/24 (lan0).');
});

it('finds an address that is announced, and that nobody answers for', async () => {
  const simulated = await stage();
  await simulated.remove(VIP);
  const { code, status, seen } = await examined();
  expect([code, status['announced-not-answered'], status['several-answerers']]).toEqual([3, 'failed', 'skipped']);
  expect(seen('announced-not-answered')).toContain(`default/web (${VIP}), expected from ${LEADER}`);
});

it('finds two nodes, and a stranger, that answer for one address', async () => {
  const simulated = await stage();
  await simulated.add({ id: 'second', addresses: [VIP], macs: [macOf(OTHER)] });
  const two = await examined();
  expect([two.code, two.status['several-answerers'], two.status['announced-not-answered']]).toEqual([3, 'failed', 'ok']);
  expect(two.seen('several-answerers')).toMatch(/^2 nodes answer for default\/web \(192\.0\.2\.200\): /);

  await simulated.add({ id: 'stranger', addresses: [VIP], macs: ['52:54:00:12:34:56'] });
  const three = await examined();
  expect(three.seen('several-answerers')).toMatch(/^52:54:00:12:34:56[^,]*, no node that is known, answers for default\/web/);
});

it('finds who has addresses of the pool, and a second cluster by their number', async () => {
  const simulated = await stage();
  await simulated.add({ id: 'printer', addresses: ['192.0.2.203'], macs: ['00:80:77:12:34:56'] });
  const one = await examined();
  expect([one.code, one.status['pool-address-in-use'], one.status['second-cluster']]).toEqual([3, 'failed', 'ok']);
  expect(one.seen('pool-address-in-use')).toMatch(/192\.0\.2\.203 of lan by 00:80:77:12:34:56 \(Brother/);

  await simulated.add({ id: 'cluster', addresses: ['192.0.2.205-192.0.2.207'], macs: ['02:00:00:00:01:01'] });
  const many = await examined();
  expect(many.seen('second-cluster')).toContain(
    '02:00:00:00:01:01, no node of this cluster, answers for 3 addresses: 192.0.2.205',
  );
});

it('does not take a router that answers for everything for a stranger', async () => {
  const simulated = await stage();
  await simulated.add({
    id: 'proxy',
    addresses: ['192.0.2.2-192.0.2.254'],
    except: ['192.0.2.5'],
    macs: ['02:00:00:00:02:02'],
    yieldsToOthers: true,
  });
  const { status, seen } = await examined();
  expect([status['pool-address-in-use'], status['second-cluster'], status['several-answerers']]).toEqual(['skipped', 'ok', 'ok']);
  expect(seen('pool-address-in-use')).toContain('A router answers for everything here (02:00:00:00:02:02)');
});

it('says that silence proves nothing where the cable is out', async () => {
  await stage();
  await lan?.setCable(false);
  const { status, seen } = await examined();
  expect(status['subnet-and-interface']).toBe('failed');
  expect(status['announced-not-answered']).toBe('skipped');
  expect(seen('announced-not-answered')).toContain('the link is down');
});
