/** MetalLB at work on the double: a real one would give addresses of somebody's LAN to Services, and announce them. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Announcement, ClusterDouble, ClusterOptions } from './double.ts';
import { advertisement, deployment, kubeadmCluster, loadBalancer, NODES, node, pool, withMetallb } from './fixtures.ts';
import { at, type KubeJson, listAt, nameOf, textAt } from './json.ts';
import type { MetallbVersion } from './metallb-manifest.ts';
import { doubleOnly } from './with-cluster.ts';

const SYSTEM = 'metallb-system';
let double: ClusterDouble;
afterEach(() => double.close());

interface Wire {
  readonly told: string[];
  readonly options: ClusterOptions;
}

const wire = (): Wire => {
  const told: string[] = [];
  const tell = (what: string) => (one: Announcement) => void told.push(`${what} ${one.address} ${one.node} ${one.service}`);
  return { told, options: { onAnnounce: tell('+'), onWithdraw: tell('-') } };
};

async function start(
  objects: readonly KubeJson[],
  more: ClusterOptions = {},
  version: MetallbVersion = 'v0.15.3',
): Promise<void> {
  double = await doubleOnly('see above', { objects: [...kubeadmCluster(), ...withMetallb(version), ...objects], ...more });
}

const addressOf = (name: string): string | undefined =>
  textAt(double.object('Service', name, 'default'), 'status', 'loadBalancer', 'ingress', 0, 'ip');
const countersOf = (name: string): unknown => double.object('IPAddressPool', name, SYSTEM)?.['status'];
const stateOf = (name: string): unknown => double.object('ConfigurationState', name, SYSTEM)?.['status'];
const messages = (reason: string): readonly unknown[] =>
  double
    .objects('Event')
    .filter((one) => one['reason'] === reason)
    .map((one) => one['message']);

/** By hand, as `printf '%s#%s' NODE ADDRESS | sha256sum` has it. */
const leaderOf = (address: string, names: readonly string[] = NODES.map(nameOf)): string => {
  const hash = (name: string): string => createHash('sha256').update(`${name}#${address}`).digest('hex');
  return [...names].sort((a, b) => (hash(a) < hash(b) ? -1 : 1))[0] ?? '';
};

describe('allocation', () => {
  it('takes the first free address, writes it down and counts', async () => {
    await start([pool('p', ['192.0.2.200-192.0.2.203']), loadBalancer('one'), loadBalancer('two')]);
    expect([addressOf('one'), addressOf('two')].sort()).toEqual(['192.0.2.200', '192.0.2.201']);
    expect(double.object('Service', 'one', 'default')).toMatchObject({
      metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'p' } },
      status: { loadBalancer: { ingress: [{ ip: addressOf('one'), ipMode: 'VIP' }] } },
    });
    expect(countersOf('p')).toEqual({ assignedIPv4: 2, assignedIPv6: 0, availableIPv4: 2, availableIPv6: 0 });
    expect(messages('IPAllocated')).toContain('Assigned IP ["192.0.2.200"]');
    double.remove('Service', 'one', 'default');
    await double.settled();
    expect(countersOf('p')).toMatchObject({ assignedIPv4: 1, availableIPv4: 3 });
  });

  it('starts at .0, unless told to avoid it', async () => {
    await start([
      pool('careful', ['198.51.100.0/24'], { avoidBuggyIPs: true, serviceAllocation: { priority: 1 } }),
      pool('plain', ['192.0.2.0/24']),
      loadBalancer('careful'),
      loadBalancer('plain', {}, { 'metallb.io/address-pool': 'plain' }),
    ]);
    expect([addressOf('careful'), addressOf('plain')]).toEqual(['198.51.100.1', '192.0.2.0']);
    expect(countersOf('careful')).toMatchObject({ assignedIPv4: 1, availableIPv4: 253 });
  });

  it.each([
    ['spec.loadBalancerIP', { loadBalancerIP: '192.0.2.202' }, {}],
    ['today’s annotation', {}, { 'metallb.io/loadBalancerIPs': '192.0.2.202' }],
    ['the old annotation', {}, { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.202' }],
  ])('gives what is asked for by %s', async (_what, spec, annotations) => {
    await start([pool('p', ['192.0.2.200/29'], { autoAssign: false }), loadBalancer('web', spec, annotations)]);
    expect(addressOf('web')).toBe('192.0.2.202');
  });

  it.each<[string, readonly KubeJson[], string]>([
    ['no address is left', [pool('p', ['192.0.2.200/32']), loadBalancer('first')], 'no available IPs'],
    ['no pool gives by itself', [pool('p', ['192.0.2.200/32'], { autoAssign: false })], 'no available IPs'],
    [
      'it is for another namespace',
      [pool('p', ['192.0.2.200/32'], { serviceAllocation: { namespaces: ['other'] } })],
      'no available IPs',
    ],
  ])('says so where %s', async (_what, objects, why) => {
    await start(objects);
    double.seed(loadBalancer('web'));
    await double.settled();
    expect(addressOf('web')).toBeUndefined();
    expect(messages('AllocationFailed')).toEqual([`Failed to allocate IP for "default/web": ${why}`]);
  });

  it('gives another address where a pool shrinks, and says so', async () => {
    await start([pool('p', ['192.0.2.200-192.0.2.210']), loadBalancer('web')]);
    expect(addressOf('web')).toBe('192.0.2.200');
    double.change('IPAddressPool', 'p', SYSTEM, { spec: { addresses: ['192.0.2.205-192.0.2.210'] } });
    await double.settled();
    expect(addressOf('web')).toBe('192.0.2.205');
    expect(messages('ClearAssignment')).toEqual([
      'current IP for "default/web" not allowed by config, will attempt for new IP assignment: ["192.0.2.200"] is not allowed in config',
    ]);
    double.remove('IPAddressPool', 'p', SYSTEM);
    await double.settled();
    expect(addressOf('web')).toBeUndefined();
    expect(double.object('Service', 'web', 'default')).not.toHaveProperty(
      'metadata.annotations.metallb.io/ip-allocated-from-pool',
    );
  });

  it('is not for Services of another class or type', async () => {
    await start([
      pool('p', ['192.0.2.200/29']),
      loadBalancer('other', { loadBalancerClass: 'example.com/lb' }),
      loadBalancer('inner', { type: 'ClusterIP' }),
    ]);
    expect([addressOf('other'), addressOf('inner')]).toEqual([undefined, undefined]);
  });

  it('shares an address by key, for other ports', async () => {
    const shared = { 'metallb.io/allow-shared-ip': 'k', 'metallb.io/loadBalancerIPs': '192.0.2.200' };
    const port = (number: number) => ({ ports: [{ port: number }] });
    await start([pool('p', ['192.0.2.200/29']), loadBalancer('a', port(80), shared), loadBalancer('b', port(81), shared)]);
    double.seed(loadBalancer('c', port(80), shared));
    await double.settled();
    expect([addressOf('a'), addressOf('b'), addressOf('c')]).toEqual(['192.0.2.200', '192.0.2.200', undefined]);
    expect(countersOf('p')).toMatchObject({ assignedIPv4: 1 });
  });
});

describe('the state of the configuration', () => {
  it('is said by controller and speakers, and the last good one is kept', async () => {
    await start([pool('p', ['192.0.2.200/29']), loadBalancer('web')]);
    for (const name of ['controller', ...NODES.map((one) => `speaker-${nameOf(one)}`)]) {
      expect(stateOf(name)).toMatchObject({
        result: 'Valid',
        conditions: [{ status: 'True', reason: 'Reconciled', message: '' }],
      });
      expect(stateOf(name)).not.toHaveProperty('errorSummary');
    }
    expect(double.object('ConfigurationState', 'speaker-node-2', SYSTEM)?.metadata.labels).toEqual({
      'metallb.io/component-type': 'speaker',
      'metallb.io/node-name': 'node-2',
    });
    double.seed(pool('q', ['192.0.2.201/32']));
    await double.settled();
    const errorSummary =
      'configuration error: CIDR "192.0.2.201/32" in pool "q" overlaps with already defined CIDR "192.0.2.200/29"';
    expect(stateOf('controller')).toMatchObject({ result: 'Invalid', errorSummary });
    expect(stateOf('speaker-node-1')).toMatchObject({ result: 'Invalid', errorSummary });
    double.remove('IPAddressPool', 'q', SYSTEM);
    double.change('IPAddressPool', 'p', SYSTEM, { spec: { addresses: ['nonsense'] } });
    await double.settled();
    expect(stateOf('controller')).toMatchObject({
      result: 'Invalid',
      errorSummary: expect.stringContaining('invalid CIDR "nonsense"'),
    });
    expect(addressOf('web')).toBe('192.0.2.200');
  });
});

describe('announcing', () => {
  const web = [deployment('web', 3), loadBalancer('web'), pool('p', ['192.0.2.200/29'])];

  it('is done by the node whose hash comes first, and said in a status of its own', async () => {
    const { told, options } = wire();
    await start([...web, advertisement('all')], options);
    const leader = leaderOf('192.0.2.200');
    expect(told).toEqual([`+ 192.0.2.200 ${leader} default/web`]);
    const [status, ...others] = double.objects('ServiceL2Status');
    expect(others).toEqual([]);
    expect(status).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^l2-\w{5}$/),
        namespace: SYSTEM,
        labels: { 'metallb.io/node': leader, 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' },
      },
      status: { node: leader, serviceName: 'web', serviceNamespace: 'default' },
    });
    expect(messages('nodeAssigned')).toEqual([`announcing from node "${leader}" with protocol "layer2"`]);
  });

  it('moves to the next node where one is down, and back', async () => {
    const { told, options } = wire();
    await start([...web, advertisement('all')], options);
    const first = leaderOf('192.0.2.200');
    const next = leaderOf(
      '192.0.2.200',
      NODES.map(nameOf).filter((name) => name !== first),
    );
    double.setNodeReady(first, false);
    await double.settled();
    expect(told.slice(1)).toEqual([`- 192.0.2.200 ${first} default/web`, `+ 192.0.2.200 ${next} default/web`]);
    expect(double.objects('ServiceL2Status').map((one) => at(one, 'status', 'node'))).toEqual([next]);
    double.setNodeReady(first, true);
    await double.settled();
    expect(told.at(-1)).toBe(`+ 192.0.2.200 ${first} default/web`);
  });

  it('leaves the old node in the status, as 0.15.3 does, where asked to', async () => {
    const { told, options } = wire();
    await start([...web, advertisement('all')], { ...options, staleLayer2Status: true });
    const first = leaderOf('192.0.2.200');
    double.setNodeReady(first, false);
    await double.settled();
    expect(told).toHaveLength(3);
    expect(double.objects('ServiceL2Status').map((one) => at(one, 'status', 'node'))).toEqual([first]);
  });

  const first = leaderOf('192.0.2.200');
  const second = leaderOf(
    '192.0.2.200',
    NODES.map(nameOf).filter((name) => name !== first),
  );
  /** Where the node that would be first is something, or every other one is. */
  const nodes = (ofFirst: object, ofOthers: object = {}): readonly KubeJson[] =>
    NODES.map(nameOf).map((name, index) =>
      node({ name, address: `192.0.2.${11 + index}`, ...(name === first ? ofFirst : ofOthers) }),
    );
  const inLan = { labels: { lan: 'yes' } };
  const excluded = { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } };
  const selected = advertisement('a', { nodeSelectors: [{ matchLabels: { lan: 'yes' } }] });

  it.each<[string, readonly KubeJson[], readonly KubeJson[], string | null]>([
    ['no advertisement', NODES, [], null],
    ['an advertisement of another pool', NODES, [advertisement('a', { ipAddressPools: ['other'] })], null],
    ['an advertisement of this pool', NODES, [advertisement('a', { ipAddressPools: ['p'] })], first],
    ['node selectors', nodes({}, inLan), [selected], second],
    ['node selectors that no node fits', NODES, [selected], null],
    ['a node that is excluded', nodes(excluded), [advertisement('a')], second],
    ['a node without a network', nodes({ networkUnavailable: true }), [advertisement('a')], second],
  ])('with %s', async (_what, cluster, advertisements, leader) => {
    const { told, options } = wire();
    const objects = [...kubeadmCluster({ nodes: cluster }), ...withMetallb(), ...web, ...advertisements];
    double = await doubleOnly('see above', { objects, ...options });
    expect(told).toEqual(leader === null ? [] : [`+ 192.0.2.200 ${leader} default/web`]);
  });

  it('needs an endpoint that serves, wherever it is', async () => {
    const { told, options } = wire();
    await start([deployment('web', 0), loadBalancer('web'), pool('p', ['192.0.2.200/29']), advertisement('all')], options);
    expect([addressOf('web'), told]).toEqual(['192.0.2.200', []]);
    double.change('Deployment', 'web', 'default', { spec: { replicas: 1 } });
    await double.settled();
    expect(told).toEqual([`+ 192.0.2.200 ${first} default/web`]);
  });

  it('needs one on the node itself where traffic is local', async () => {
    const { told, options } = wire();
    const local = { externalTrafficPolicy: 'Local' };
    await start([deployment('web'), loadBalancer('web', local), pool('p', ['192.0.2.200/29']), advertisement('all')], options);
    const [pod] = double.objects('Pod').filter(({ metadata }) => metadata.labels?.['app'] === 'web');
    const home = textAt(pod, 'spec', 'nodeName');
    expect(told).toEqual([`+ 192.0.2.200 ${home} default/web`]);
    double.change('Deployment', 'web', 'default', { spec: { replicas: 0 } });
    await double.settled();
    expect(told.slice(1)).toEqual([`- 192.0.2.200 ${home} default/web`]);
    expect(addressOf('web')).toBe('192.0.2.200');
    expect(double.objects('ServiceL2Status')).toEqual([]);
  });

  it('ends with the Service', async () => {
    const { told, options } = wire();
    await start([...web, advertisement('all')], options, 'v0.16.1');
    double.remove('Service', 'web', 'default');
    await double.settled();
    expect(told).toEqual([
      `+ 192.0.2.200 ${leaderOf('192.0.2.200')} default/web`,
      `- 192.0.2.200 ${leaderOf('192.0.2.200')} default/web`,
    ]);
    expect(double.objects('ServiceL2Status')).toEqual([]);
  });

  it('says on which interfaces: those of all advertisements, or all', async () => {
    const on = (name: string, ...interfaces: readonly string[]): KubeJson => advertisement(name, { interfaces });
    await start([...web, on('a', 'eth0'), on('b', 'eth1')]);
    const listed = () => listAt(double.objects('ServiceL2Status')[0], 'status', 'interfaces');
    expect(listed()).toEqual([{ name: 'eth0' }, { name: 'eth1' }]);
  });

  it('is off where nobody is to act', async () => {
    const { told, options } = wire();
    await start([...web, advertisement('all')], { ...options, metallb: 'off' });
    expect([addressOf('web'), told]).toEqual([undefined, []]);
  });
});
