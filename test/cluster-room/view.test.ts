/**
 * From objects as the API server has them to what the guard knows. The election's vectors are made by hand:
 * `printf '%s#%s' node-1 192.0.2.200 | sha256sum` begins with e48260b2…, and so on.
 */
import { describe, expect, it } from 'vitest';
import { leader, rememberingLeader } from '../../src/cluster/election.ts';
import type { KubeObject } from '../../src/cluster/kube/objects.ts';
import { WATCHED, type WatchedKind } from '../../src/cluster/read/snapshot.ts';
import { knowledgeOf, MOST_ELECTIONS, MOST_RUNS, type ReadValues, remarksOf } from '../../src/cluster/view.ts';
import { KINDS } from '../../src/cluster/watch/kinds.ts';
import { formatIpv4 } from '../../src/core/address/ipv4.ts';
import { formatRange } from '../../src/core/address/range.ts';
import { advertisement, NODES, node, pool, service } from '../cluster/fixtures.ts';

type Objects = Partial<Record<WatchedKind, readonly object[] | null>>;

/** As the reflectors read them; a kind that is not given is empty, and null one that could not be read. */
function valuesOf(objects: Objects): ReadValues {
  const read = <Kind extends WatchedKind>(kind: Kind) => {
    const given = objects[kind];
    if (given === null) return null;
    return (given ?? []).flatMap((object) => KINDS[kind].read(object as KubeObject) ?? []);
  };
  return Object.fromEntries(WATCHED.map((kind) => [kind, read(kind)])) as unknown as ReadValues;
}

const POOL = pool('production', ['192.0.2.200-192.0.2.209']);
const BASE: Objects = { pools: [POOL], advertisements: [advertisement('all')], nodes: NODES };

interface ServiceOptions {
  readonly ips?: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Service of MetalLB, unless its annotations say otherwise. */
const held = (name: string, { ips = [], spec = {}, annotations }: ServiceOptions = {}) => ({
  ...service(
    name,
    { type: 'LoadBalancer', ...spec },
    'shop',
    annotations ?? (ips.length > 0 ? { 'metallb.io/ip-allocated-from-pool': 'production' } : {}),
  ),
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

/** One endpoint on each of these nodes. */
const slice = (name: string, nodes: readonly string[], conditions: Readonly<Record<string, boolean>> = { ready: true }) => ({
  metadata: { name: `${name}-abc`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
  endpoints: nodes.map((nodeName) => ({ addresses: ['198.51.100.9'], nodeName, conditions })),
});

const status = (name: string, nodeName: string) => ({
  metadata: { name: `l2-${name}-${nodeName}`, namespace: 'metallb-system' },
  status: { node: nodeName, serviceName: name, serviceNamespace: 'shop' },
});

const assigned = (objects: Objects): readonly string[] =>
  (knowledgeOf(valuesOf(objects)).services?.assignments ?? []).map(
    (one) =>
      `${formatIpv4(one.address)} ${one.service} ${one.node ?? '-'}${one.reportedNodes === undefined ? '' : ` (${one.reportedNodes.join()})`}`,
  );
const requested = (objects: Objects): readonly string[] =>
  (knowledgeOf(valuesOf(objects)).services?.requested ?? []).map(
    ({ address, service: name }) => `${formatIpv4(address)} ${name}`,
  );
const electedFor = (more: Objects, options: ServiceOptions = { ips: ['192.0.2.200'] }): string =>
  assigned({
    ...BASE,
    services: [held('web', options)],
    endpointSlices: [slice('web', ['node-1', 'node-2', 'node-3'])],
    ...more,
  })[0]?.split(' ')[2] ?? 'none';

describe('the leader', () => {
  it.each([
    ['192.0.2.200', 'node-2'],
    ['192.0.2.201', 'node-1'],
    ['192.0.2.202', 'node-1'],
    ['192.0.2.203', 'node-3'],
    ['192.0.2.204', 'node-2'],
    ['192.0.2.205', 'node-2'],
    ['2001:db8::1', 'node-1'],
  ])('for %s is %s', (address, wanted) => {
    expect(leader(['node-1', 'node-2', 'node-3'], address)).toBe(wanted);
    expect(leader(['node-3', 'node-2', 'node-1'], address)).toBe(wanted);
  });

  it('is nobody where there is nobody', () => {
    expect(leader([], '192.0.2.200')).toBeNull();
  });

  it('is remembered for as long as the nodes are the same', () => {
    const elect = rememberingLeader();
    for (let i = 0; i < 2; i++) {
      expect(elect(['node-1', 'node-2', 'node-3'], '192.0.2.200')).toBe('node-2');
      expect(elect(['node-1', 'node-2', 'node-3'], '192.0.2.203')).toBe('node-3');
      expect(elect(['node-1', 'node-3'], '192.0.2.200')).toBe('node-3');
      expect(elect([], '192.0.2.200')).toBeNull();
    }
  });
});

describe('who is elected', () => {
  const without = (name: string, condition: string, value: string) =>
    NODES.map((one) =>
      one.metadata.name === name
        ? { ...one, status: { ...(one['status'] as object), conditions: [{ type: condition, status: value }] } }
        : one,
    );

  it.each<[string, Objects, string]>([
    ['is the first by hash', {}, 'node-2'],
    ['is the next one where that is not ready', { nodes: without('node-2', 'Ready', 'False') }, 'node-3'],
    ['is the next one where its network is unavailable', { nodes: without('node-2', 'NetworkUnavailable', 'True') }, 'node-3'],
    [
      'is the next one where it is excluded by its label',
      {
        nodes: [
          ...NODES.filter(({ metadata }) => metadata.name !== 'node-2'),
          node({ name: 'node-2', address: '192.0.2.12', controlPlane: true }),
        ],
      },
      'node-3',
    ],
    [
      'is an excluded one where the speakers do not mind the label: one of them announces',
      {
        nodes: [
          ...NODES.filter(({ metadata }) => metadata.name !== 'node-2'),
          node({ name: 'node-2', address: '192.0.2.12', controlPlane: true }),
        ],
        layer2Statuses: [status('other', 'node-2')],
      },
      'node-2',
    ],
    [
      'is one that an advertisement selects',
      { advertisements: [advertisement('some', { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'node-1' } }] })] },
      'node-1',
    ],
    ['is nobody without an advertisement', { advertisements: [advertisement('x', { ipAddressPools: ['another'] })] }, '-'],
    ['is nobody where nothing stands behind the Service', { endpointSlices: [slice('web', [])] }, '-'],
    [
      'is nobody where what stands behind it does not serve',
      { endpointSlices: [slice('web', ['node-1'], { serving: false, ready: false })] },
      '-',
    ],
    [
      'counts an endpoint that ends, and serves',
      { endpointSlices: [slice('web', ['node-1'], { serving: true, ready: false })] },
      'node-2',
    ],
    ['goes by the nodes alone where endpoints cannot be read', { endpointSlices: null }, 'node-2'],
    ['is not known where nodes cannot be read', { nodes: null }, '-'],
    ['is not known where advertisements cannot be read', { advertisements: null }, '-'],
    ['is not known where pools cannot be read', { pools: null }, '-'],
  ])('%s', (_, objects, wanted) => {
    expect(electedFor(objects)).toBe(wanted);
  });

  it('is one with an endpoint where traffic stays local', () => {
    const local = { ips: ['192.0.2.200'], spec: { externalTrafficPolicy: 'Local' } };
    expect(electedFor({ endpointSlices: [slice('web', ['node-1', 'node-3'])] }, local)).toBe('node-3');
    expect(electedFor({ endpointSlices: null }, local)).toBe('node-2');
  });

  it('is the same for all addresses of a Service, by the first of them, which may be IPv6', () => {
    const services = [
      held('dual', { ips: ['2001:db8::1', '192.0.2.200'] }),
      held('two', { ips: ['192.0.2.203', '192.0.2.201'] }),
    ];
    expect(assigned({ ...BASE, services, endpointSlices: null })).toEqual([
      '192.0.2.200 shop/dual node-1 ()',
      '192.0.2.203 shop/two node-3 ()',
      '192.0.2.201 shop/two node-3 ()',
    ]);
  });

  it('is not computed where that would take too long, and that is said', () => {
    const count = Math.ceil(MOST_ELECTIONS / NODES.length) + 1;
    const values = valuesOf({ ...BASE, services: [held('web', { ips: ['192.0.2.200'] })], endpointSlices: null });
    const many = { ...values, services: Array.from({ length: count }, () => values.services?.[0]) } as ReadValues;
    expect(knowledgeOf(many).services?.assignments[0]?.node).toBeNull();
    expect(remarksOf(many)).toEqual([expect.stringContaining('too many Services and nodes')]);
    expect(remarksOf(values)).toEqual([]);
  });

  it('is nobody of MetalLB where another load balancer gave the address', () => {
    const services = [
      held('class', { ips: ['192.0.2.200'], annotations: {}, spec: { loadBalancerClass: 'example.com/lb' } }),
      held('outside', { ips: ['192.0.2.77'], annotations: {} }),
      // An older MetalLB that wrote no annotation.
      held('plain', { ips: ['192.0.2.201'], annotations: {} }),
    ];
    expect(assigned({ ...BASE, services, endpointSlices: null })).toEqual([
      '192.0.2.200 shop/class -',
      '192.0.2.77 shop/outside -',
      '192.0.2.201 shop/plain node-1 ()',
    ]);
  });
});

describe('who says that he announces', () => {
  const services = [held('web', { ips: ['192.0.2.200'] }), held('mail', { ips: ['192.0.2.201'] })];

  it('is told beside who is elected, stale or not, and of its own Service only', () => {
    const layer2Statuses = [status('web', 'node-3'), status('web', 'node-1'), status('gone', 'node-1')];
    expect(assigned({ ...BASE, services, endpointSlices: null, layer2Statuses })).toEqual([
      '192.0.2.201 shop/mail node-1 ()',
      '192.0.2.200 shop/web node-2 (node-1,node-3)',
    ]);
  });

  it('is not known where statuses cannot be read', () => {
    expect(assigned({ ...BASE, services, endpointSlices: null, layer2Statuses: null })).toEqual([
      '192.0.2.201 shop/mail node-1',
      '192.0.2.200 shop/web node-2',
    ]);
  });
});

describe('addresses of Services', () => {
  it('are those that they hold, of whichever load balancer, and those that they ask for', () => {
    const services = [
      held('a', { ips: ['192.0.2.200'], spec: { loadBalancerIP: '192.0.2.200' } }),
      held('b', { spec: { loadBalancerIP: '192.0.2.66' } }),
      held('c', { annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.67, 2001:db8::9,192.0.2.68' } }),
      held('d', { annotations: { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.69' } }),
      held('e', {
        annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.70', 'metallb.universe.tf/loadBalancerIPs': '192.0.2.71' },
      }),
      held('f', { spec: { loadBalancerIP: 'nonsense' } }),
      held('g', { ips: ['192.0.2.11'], annotations: {} }),
      service('inner', { type: 'ClusterIP', loadBalancerIP: '192.0.2.99' }, 'shop'),
    ];
    expect(requested({ ...BASE, services })).toEqual([
      '192.0.2.66 shop/b',
      '192.0.2.67 shop/c',
      '192.0.2.68 shop/c',
      '192.0.2.69 shop/d',
      '192.0.2.70 shop/e',
      '192.0.2.71 shop/e',
    ]);
    expect(assigned({ ...BASE, services }).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '192.0.2.200 shop/a',
      '192.0.2.11 shop/g',
    ]);
  });

  it('are not known where Services cannot be read, which is not the same as none', () => {
    expect(knowledgeOf(valuesOf({ ...BASE, services: null })).services).toBeNull();
    expect(knowledgeOf(valuesOf({ ...BASE, services: [] })).services).toEqual({ assignments: [], requested: [] });
  });
});

describe('pools', () => {
  const POOLS = [
    pool('wide', ['192.0.2.240/24']),
    pool('mixed', ['2001:db8::/64', '198.51.100.7/32', 'nonsense']),
    pool('six', ['2001:db8:1::/64']),
  ];

  it('are what MetalLB takes them for: host bits are masked away, IPv6 is left out', () => {
    const { pools } = knowledgeOf(valuesOf({ pools: POOLS }));
    expect(pools?.map(({ name, addresses }) => [name, addresses.map(formatRange)])).toEqual([
      ['mixed', ['198.51.100.7']],
      ['wide', ['192.0.2.0-192.0.2.255']],
    ]);
  });

  it('are remarked upon where they are not what they look like', () => {
    const remarks = remarksOf(
      valuesOf({
        pools: POOLS,
        configurationStates: [
          { metadata: { name: 'controller', namespace: 'metallb-system' }, status: { result: 'Valid' } },
          {
            metadata: { name: 'speaker-node-1', namespace: 'metallb-system' },
            status: { result: 'Invalid', errorSummary: 'bad\u001b[2J configuration' },
          },
        ],
      }),
    );
    expect(remarks).toEqual([
      'Pool mixed: nonsense cannot be read as addresses, and is not guarded.',
      'Pool mixed holds IPv6 addresses, which are not guarded.',
      'Pool six holds only IPv6 addresses, which are not guarded.',
      'Pool wide: MetalLB takes 192.0.2.240/24 as 192.0.2.0/24 (192.0.2.0-192.0.2.255), and so does the guard.',
      "MetalLB's speaker-node-1 has not taken its configuration: bad[2J configuration",
    ]);
  });

  it('have no more ranges than the guard can bear, and that is said', () => {
    const every = (third: number): readonly string[] => Array.from({ length: 128 }, (_, i) => `10.0.${third}.${2 * i}/32`);
    const pools = Array.from({ length: 40 }, (_, i) => pool(`pool-${10 + i}`, every(i)));
    const values = valuesOf({ pools });
    const runs = knowledgeOf(values).pools?.flatMap(({ addresses }) => [...addresses]) ?? [];
    expect(runs).toHaveLength(MOST_RUNS);
    expect(remarksOf(values)).toEqual([`The pools have 5120 ranges: only the first ${MOST_RUNS} are guarded.`]);
  });
});

describe('nodes', () => {
  it('are known with their addresses, IPv4 only, and whether the cluster hears from them', () => {
    const odd = {
      metadata: { name: 'odd' },
      status: {
        addresses: [
          { type: 'InternalIP', address: '2001:db8::5' },
          { type: 'InternalIP', address: '192.0.2.15' },
          { type: 'Hostname', address: 'odd' },
        ],
        conditions: [{ type: 'Ready', status: 'Unknown' }],
      },
    };
    const nodes = [node({ name: 'edge', address: '192.0.2.14', externalAddress: '203.0.113.9' }), odd];
    expect(
      knowledgeOf(valuesOf({ nodes })).nodes?.map(({ name, internal, external, ready }) => [
        name,
        internal.map(formatIpv4).join(),
        external.map(formatIpv4).join(),
        ready,
      ]),
    ).toEqual([
      ['edge', '192.0.2.14', '203.0.113.9', true],
      ['odd', '192.0.2.15', '', false],
    ]);
  });
});
