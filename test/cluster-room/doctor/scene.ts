/**
 * What the checks of `doctor` are handed, as values: a cluster, a machine, a daemon and a wire where all is well, and each of them
 * otherwise as a test wants it.
 */
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/cluster/doctor/checks.ts';
import type { ClusterDetails } from '../../../src/cluster/doctor/details.ts';
import type {
  CheckResult,
  CheckStatus,
  DaemonFacts,
  DaemonPools,
  DhcpSegment,
  DoctorContext,
  Known,
  MachineFacts,
  WireFacts,
} from '../../../src/cluster/doctor/types.ts';
import { leader } from '../../../src/cluster/election.ts';
import { readPoolAddresses } from '../../../src/cluster/read/pool-addresses.ts';
import type {
  Advertisement,
  ClusterFacts,
  ClusterNode,
  ClusterPool,
  LoadBalancerService,
  Unread,
  Workload,
} from '../../../src/cluster/types.ts';
import { type Cidr, parseCidr } from '../../../src/core/address/cidr.ts';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import { rangeSetOfAddresses, union } from '../../../src/core/address/range-set.ts';
import { EXIT } from '../../../src/core/error.ts';
import { ip, mac, set } from '../../ledger/fixtures.ts';

export function cidr(text: string): Cidr {
  const read = parseCidr(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

export const node = (name: string, address: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  name,
  internalAddresses: [ip(address)],
  externalAddresses: [],
  labels: { 'kubernetes.io/hostname': name },
  excluded: false,
  networkUnavailable: false,
  ready: true,
  podCidrs: [],
  ...more,
});

export const pool = (name: string, addresses: string | readonly string[], more: Partial<ClusterPool> = {}): ClusterPool => {
  const written = typeof addresses === 'string' ? [addresses] : addresses;
  return {
    namespace: 'metallb-system',
    name,
    labels: {},
    written,
    ...readPoolAddresses(written),
    autoAssign: true,
    avoidBuggyIps: false,
    counters: null,
    ...more,
  };
};

export const advertisement = (name: string, more: Partial<Advertisement> = {}): Advertisement => ({
  namespace: 'metallb-system',
  name,
  pools: [],
  poolSelectors: [],
  nodeSelectors: [],
  interfaces: [],
  ...more,
});

/** Of the pool `lan`. @param address null: it waits for one */
export const service = (name: string, address: string | null, more: Partial<LoadBalancerService> = {}): LoadBalancerService => ({
  namespace: 'default',
  name,
  addresses: address === null ? [] : [ip(address)],
  requested: [],
  pool: address === null ? null : 'lan',
  loadBalancerClass: null,
  trafficPolicy: 'Cluster',
  ports: [{ port: 80, protocol: 'TCP' }],
  readyNodes: ['node-1'],
  readyEndpoints: 1,
  ...more,
});

export const workload = (name: string, more: Partial<Workload> = {}): Workload => ({
  name,
  image: `quay.io/metallb/${name}:v0.16.1`,
  version: '0.16.1',
  args: [],
  desired: 1,
  ready: 1,
  ...more,
});

export const NODES = [node('node-1', '192.0.2.11'), node('node-2', '192.0.2.12'), node('node-3', '192.0.2.13')] as const;
export const WEB = service('web', '192.0.2.200');
/** Of 192.0.2.200. */
export const LEADER = leader(
  NODES.map(({ name }) => name),
  '192.0.2.200',
) as string;
export const OTHERS = NODES.map(({ name }) => name).filter((name) => name !== LEADER);

const METALLB: ClusterFacts['metallb'] = {
  kinds: { pools: true, advertisements: true, layer2Statuses: true, configurationStates: true },
  controller: workload('controller'),
  speaker: workload('speaker', { desired: 3, ready: 3 }),
  webhook: { configured: true, hasCertificate: true, readyEndpoints: 1 },
  memberlist: true,
};

export const metallb = (more: Partial<ClusterFacts['metallb']>): ClusterFacts['metallb'] => ({ ...METALLB, ...more });

export const facts = (more: Partial<ClusterFacts> = {}): ClusterFacts => ({
  server: 'https://192.0.2.10:6443',
  context: 'lab',
  version: 'v1.34.1',
  namespace: 'metallb-system',
  pools: [pool('lan', '192.0.2.200-192.0.2.210')],
  advertisements: [advertisement('lan')],
  services: [WEB],
  nodes: NODES,
  layer2Statuses: [{ service: 'default/web', node: LEADER, interfaces: [] }],
  configurationStates: [
    { name: 'controller', result: 'Valid', errorSummary: '' },
    { name: 'speaker-node-1', result: 'Valid', errorSummary: '' },
  ],
  metallb: METALLB,
  kubeProxy: { kind: 'configured', mode: 'iptables', strictArp: false, daemonSet: true },
  serviceLbDaemonSets: [],
  ciliumL2: [],
  unread: [],
  ...more,
});

export const ALL_KINDS = new Set([
  'ipaddresspools',
  'l2advertisements',
  'bgpadvertisements',
  'servicel2statuses',
  'configurationstates',
]);

export const details = (more: Partial<ClusterDetails> = {}): ClusterDetails => ({
  served: ALL_KINDS,
  bgpAdvertisements: [],
  webhooks: [{ name: 'ipaddresspoolvalidationwebhook.metallb.io', failurePolicy: 'Fail' }],
  gate: { kind: 'passed' },
  troubles: { controller: [], speaker: [] },
  lastEvents: new Map(),
  deprecated: [],
  wantedPools: [],
  elsewhere: [],
  otherPools: [],
  unread: [],
  ...more,
});

export const denied = (what: string): readonly Unread[] => [
  { what, code: 'cluster-forbidden', message: `${what} is forbidden: User "somebody" cannot list it.` },
];

export const machine = (more: Partial<MachineFacts> = {}): MachineFacts => ({
  interfaces: [
    {
      name: 'lan0',
      up: true,
      addresses: [{ address: ip('192.0.2.5'), network: cidr('192.0.2.0/24') }],
      gateways: [ip('192.0.2.1')],
    },
  ],
  dnsServers: [ip('192.0.2.53')],
  mayNotSend: null,
  wantedInterfaces: ['lan0'],
  configProblem: null,
  reserved: [],
  ...more,
});

export const known = <T>(value: T): Known<T> => ({ known: true, value });

export const missing = (why: string, unasked = false): Extract<Known<never>, { readonly known: false }> => ({
  known: false,
  why,
  needs: `What ${why} needs.`,
  exitCode: EXIT.unreachable,
  unasked,
});

export const dhcp = (more: Partial<DhcpSegment> = {}): DhcpSegment => ({
  segment: 'lan',
  state: 'heard',
  servers: [{ server: '192.0.2.1', mac: null, span: set('192.0.2.100-192.0.2.150'), overlaps: [] }],
  leases: [{ address: ip('192.0.2.100'), mac: '02:00:00:00:00:77', hostname: 'printer' }],
  ...more,
});

export const daemonPools = (more: Partial<DaemonPools> = {}): DaemonPools => ({
  source: 'cluster',
  pools: [{ name: 'lan', addresses: set('192.0.2.200-192.0.2.210'), unwatched: [] }],
  speakers: [],
  notices: [],
  ...more,
});

export const daemon = (more: Partial<DaemonFacts> = {}): DaemonFacts => ({
  where: 'http://127.0.0.1:5227',
  segments: [
    {
      name: 'lan',
      interface: 'lan0',
      network: cidr('192.0.2.0/24'),
      method: 'arp',
      state: 'sweeping',
      waitingFor: null,
      gateway: ip('192.0.2.1'),
      own: [ip('192.0.2.5')],
      sweptOnce: true,
    },
  ],
  dhcp: known([dhcp()]),
  pools: known(daemonPools({ speakers: [{ mac: mac('02:00:00:00:00:01'), node: 'node-1' }] })),
  conflicts: known({ open: 0, summaries: [], blind: false, notices: [] }),
  claims: known([]),
  ...more,
});

export const MACS: Readonly<Record<string, Mac>> = {
  'node-1': mac('02:00:00:00:00:01'),
  'node-2': mac('02:00:00:00:00:02'),
  'node-3': mac('02:00:00:00:00:03'),
};
export const macOf = (name: string): Mac => MACS[name] ?? mac('02:00:00:00:00:ff');
export const GATEWAY = mac('02:00:00:00:00:fe');
export const STRANGER = mac('52:54:00:12:34:56');

const HEALTHY: Readonly<Record<string, readonly Mac[]>> = {
  '192.0.2.1': [GATEWAY],
  '192.0.2.11': [macOf('node-1')],
  '192.0.2.12': [macOf('node-2')],
  '192.0.2.13': [macOf('node-3')],
  '192.0.2.200': [macOf(LEADER)],
};
export const DECOYS = ['192.0.2.50', '192.0.2.70', '192.0.2.90', '192.0.2.110', '192.0.2.130', '192.0.2.150', '192.0.2.170'];

/** @param answers beside, or instead of, the healthy ones; an empty list: nobody answers there */
export function wire(answers: Readonly<Record<string, readonly Mac[]>> = {}, more: Partial<WireFacts> = {}): WireFacts {
  const all = Object.entries({ ...HEALTHY, ...answers }).filter(([, macs]) => macs.length > 0);
  const decoys = rangeSetOfAddresses(DECOYS.map(ip));
  return {
    interfaces: ['lan0'],
    asked: union(union(set('192.0.2.200-192.0.2.210'), decoys), rangeSetOfAddresses(Object.keys(HEALTHY).map(ip))),
    answers: new Map(all.map(([address, macs]): [Ipv4, readonly Mac[]] => [ip(address), macs])),
    decoys,
    failures: [],
    own: [ip('192.0.2.5')],
    gateways: [ip('192.0.2.1')],
    vendors: new Map([[STRANGER, 'Example Corp']]),
    ...more,
  };
}

export interface Scene {
  readonly facts?: Partial<ClusterFacts>;
  readonly details?: Partial<ClusterDetails>;
  readonly machine?: Partial<MachineFacts>;
  readonly daemon?: Partial<DaemonFacts>;
  readonly wire?: WireFacts;
  /** What is not there at all. */
  readonly without?: readonly (keyof DoctorContext)[];
}

export function contextOf(scene: Scene): DoctorContext {
  const all: DoctorContext = {
    machine: known(machine(scene.machine)),
    daemon: known(daemon(scene.daemon)),
    cluster: known({ facts: facts(scene.facts), details: details(scene.details) }),
    wire: known(scene.wire ?? wire()),
  };
  const gone = Object.fromEntries((scene.without ?? []).map((source) => [source, missing(`There is no ${source}.`)]));
  return { ...all, ...gone };
}

export function run(name: string, scene: Scene = {}): CheckResult {
  const check = CHECKS.find((one) => one.name === name);
  if (check === undefined) throw new Error(`there is no check ${name}`);
  return check.run(contextOf(scene));
}

/** Title, scene, status, and what is seen; where given, what the fix has in it. */
export type Row = readonly [title: string, scene: Scene, status: CheckStatus, seen: RegExp, fix?: RegExp];

export function expectRow(name: string, [, scene, status, seen, fix]: Row): void {
  const result = run(name, scene);
  expect({ name: result.name, status: result.status, seen: result.seen }).toEqual({
    name,
    status,
    seen: expect.stringMatching(seen) as string,
  });
  expect(result.why.length).toBeGreaterThan(20);
  if (status === 'ok') expect(result.fix).toBe('');
  else expect(result.fix).toMatch(fix ?? /\S{3}/);
}

/** A table of one check: a test for each row. */
export function checkTable(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    for (const row of rows) it(row[0], () => expectRow(name, row));
  });
}
