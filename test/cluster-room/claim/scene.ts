/** A healthy cluster as plain values, for the tests of claims; each test changes what it is about. Documentation addresses. */

import type { Surroundings } from '../../../src/cluster/claim/obstacles.ts';
import { type ClaimPlan, type ClaimWanted, planClaim } from '../../../src/cluster/claim/plan.ts';
import { readPoolAddresses } from '../../../src/cluster/read/pool-addresses.ts';
import type { ClusterFacts, ClusterNode, ClusterPool, LoadBalancerService, Workload } from '../../../src/cluster/types.ts';
import { parseCidr } from '../../../src/core/address/cidr.ts';
import { type Ipv4, parseIpv4 } from '../../../src/core/address/ipv4.ts';
import { parseRange } from '../../../src/core/address/range.ts';

export function ip(text: string): Ipv4 {
  const read = parseIpv4(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

export function wantedRange(written: string, more: Partial<ClaimWanted> = {}): ClaimWanted {
  const range = parseRange(written);
  if (!range.ok) throw new Error(range.error);
  return {
    namespace: 'metallb-system',
    pool: 'production-pool',
    advertisement: 'production-advertisement',
    range: range.value,
    written,
    autoAssign: undefined,
    avoidBuggyIps: undefined,
    interfaces: undefined,
    nodeSelectors: undefined,
    ...more,
  };
}

export const pool = (name: string, ...written: readonly string[]): ClusterPool => ({
  namespace: 'metallb-system',
  name,
  labels: {},
  written,
  ...readPoolAddresses(written),
  autoAssign: true,
  avoidBuggyIps: false,
  counters: null,
});

export const service = (name: string, address: string | null, more: Partial<LoadBalancerService> = {}): LoadBalancerService => ({
  namespace: 'shop',
  name,
  addresses: address === null ? [] : [ip(address)],
  requested: [],
  pool: null,
  loadBalancerClass: null,
  trafficPolicy: 'Cluster',
  ports: [{ port: 80, protocol: 'TCP' }],
  readyNodes: ['worker-1'],
  readyEndpoints: 1,
  ...more,
});

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

const workload = (name: string): Workload => ({
  name,
  image: `quay.io/metallb/${name}:v0.15.3`,
  version: '0.15.3',
  args: [],
  desired: 1,
  ready: 1,
});

export const facts = (more: Partial<ClusterFacts> = {}): ClusterFacts => ({
  pools: [],
  advertisements: [],
  services: [],
  nodes: [node('worker-1', '192.0.2.11'), node('worker-2', '192.0.2.12')],
  layer2Statuses: [],
  configurationStates: [],
  server: 'https://192.0.2.10:6443',
  context: 'lab',
  version: 'v1.34.1',
  namespace: 'metallb-system',
  metallb: {
    kinds: { pools: true, advertisements: true, layer2Statuses: true, configurationStates: true },
    controller: workload('controller'),
    speaker: workload('speaker'),
    webhook: { configured: true, hasCertificate: true, readyEndpoints: 1 },
    memberlist: true,
  },
  kubeProxy: { kind: 'configured', mode: 'iptables', strictArp: false, daemonSet: true },
  serviceLbDaemonSets: [],
  ciliumL2: [],
  unread: [],
  ...more,
});

export function network(text: string) {
  const read = parseCidr(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

export const LAN: Surroundings = {
  networks: [{ cidr: network('192.0.2.0/24'), isWhole: true }],
  gateways: [ip('192.0.2.1')],
  own: [ip('192.0.2.5')],
};

export const planOf = (wanted: ClaimWanted, cluster: ClusterFacts): ClaimPlan =>
  planClaim(wanted, cluster.pools.find(({ name }) => name === wanted.pool) ?? null, cluster.services);
