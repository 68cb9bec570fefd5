import { describe, expect, it } from 'vitest';
import { obstaclesTo, type Surroundings } from '../../../src/cluster/claim/obstacles.ts';
import type { ClaimWanted } from '../../../src/cluster/claim/plan.ts';
import type { ClusterFacts } from '../../../src/cluster/types.ts';
import { facts, ip, LAN, node, planOf, pool, service, wantedRange } from './scene.ts';

const RANGE = '192.0.2.200-192.0.2.215';

interface Case {
  readonly name: string;
  readonly facts?: Partial<ClusterFacts>;
  readonly wanted?: ClaimWanted;
  readonly lan?: Surroundings;
  readonly allowReaddress?: boolean;
  /** `code` of an error, `code?` of a warning; with what must be in its text. */
  readonly expected: readonly (readonly [string, RegExp])[];
}

const healthy = facts();
const metallb = (more: Partial<ClusterFacts['metallb']>): Partial<ClusterFacts> => ({ metallb: { ...healthy.metallb, ...more } });
const excluded = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
const advertisement = {
  namespace: 'metallb-system',
  name: 'production-advertisement',
  poolSelectors: [],
  nodeSelectors: [],
  interfaces: [],
};

const CASES: readonly Case[] = [
  { name: 'nothing, in a healthy cluster', expected: [] },
  {
    name: 'no CRDs',
    facts: metallb({ kinds: { pools: false, advertisements: false, layer2Statuses: false, configurationStates: false } }),
    expected: [['metallb-missing', /not installed/]],
  },
  { name: 'no controller', facts: metallb({ controller: null }), expected: [['controller-missing', /metallb-system/]] },
  {
    name: 'a controller that may not be read is not missing',
    facts: {
      ...metallb({ controller: null }),
      unread: [{ what: 'deployment controller', code: 'cluster-forbidden', message: '' }],
    },
    expected: [],
  },
  {
    name: 'a controller that is not ready',
    facts: metallb({ controller: { name: 'controller', image: '', version: null, args: [], desired: 1, ready: 0 } }),
    expected: [['controller-not-ready', /0 of 1/]],
  },
  {
    name: 'a webhook without endpoints',
    facts: metallb({ webhook: { configured: true, hasCertificate: true, readyEndpoints: 0 } }),
    expected: [['webhook-not-ready', /endpoint/]],
  },
  {
    name: 'a webhook without a certificate',
    facts: metallb({ webhook: { configured: true, hasCertificate: false, readyEndpoints: 1 } }),
    expected: [['webhook-not-ready', /certificate/]],
  },
  {
    name: 'a webhook that was deleted',
    facts: metallb({ webhook: { configured: false, hasCertificate: null, readyEndpoints: 1 } }),
    expected: [['webhook-unconfigured?', /nobody checks/]],
  },
  {
    name: 'another pool with a part of it',
    facts: { pools: [pool('old', '192.0.2.210-192.0.2.220')] },
    expected: [['pool-overlap', /192\.0\.2\.210-192\.0\.2\.215.*old/]],
  },
  {
    name: 'another pool that MetalLB takes for more than is written',
    facts: { pools: [pool('old', '192.0.2.5/24')] },
    expected: [['pool-overlap', /192\.0\.2\.200-192\.0\.2\.215.*old \(192\.0\.2\.5\/24\)/]],
  },
  { name: 'the same pool is no other pool', facts: { pools: [pool('production-pool', RANGE)] }, expected: [] },
  {
    name: 'a Service of another load balancer',
    facts: { services: [service('web', '192.0.2.203')] },
    expected: [['assigned-elsewhere', /shop\/web \(192\.0\.2\.203\)/]],
  },
  {
    name: 'a Service that waits for an address of it',
    facts: { services: [service('web', null, { requested: [ip('192.0.2.203')] })] },
    expected: [['asked-for?', /shop\/web \(192\.0\.2\.203\)/]],
  },
  {
    name: 'a Service of the pool keeps its address',
    facts: { pools: [pool('production-pool', '192.0.2.200-192.0.2.207')], services: [service('web', '192.0.2.203')] },
    expected: [],
  },
  {
    name: 'nodes, gateway, this machine and the edges of the network',
    wanted: wantedRange('192.0.2.0-192.0.2.255'),
    expected: [
      [
        'infrastructure-inside',
        /192\.0\.2\.11 \(the node worker-1\).*192\.0\.2\.1 \(a gateway\).*192\.0\.2\.5 \(this machine.*192\.0\.2\.0 \(the network address.*192\.0\.2\.255 \(the broadcast/,
      ],
    ],
  },
  {
    name: 'the external address of a node',
    facts: { nodes: [node('worker-1', '192.0.2.11', { externalAddresses: [ip('192.0.2.201')] })] },
    expected: [['infrastructure-inside', /192\.0\.2\.201/]],
  },
  {
    name: 'nodes in another network',
    facts: { nodes: [node('worker-1', '198.51.100.11')] },
    expected: [['no-node-in-subnet', /192\.0\.2\.0\/24.*worker-1 198\.51\.100\.11/]],
  },
  {
    name: 'a network that is not known',
    lan: { networks: [], gateways: [], own: [] },
    expected: [['subnet-unknown?', /no network/]],
  },
  {
    name: 'IPVS without strictARP',
    facts: { kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: false, daemonSet: true } },
    expected: [['strict-arp-off', /every node would answer/]],
  },
  {
    name: 'IPVS with strictARP',
    facts: { kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: true, daemonSet: true } },
    expected: [],
  },
  { name: 'no kube-proxy', facts: { kubeProxy: { kind: 'none' } }, expected: [] },
  {
    name: 'a kube-proxy that may not be read',
    facts: { kubeProxy: { kind: 'unreadable', why: 'it may not be read' } },
    expected: [['strict-arp-unknown?', /not known/]],
  },
  {
    name: "k3s's servicelb",
    facts: { serviceLbDaemonSets: ['kube-system/svclb-web'] },
    expected: [['servicelb-active?', /svclb-web/]],
  },
  {
    name: 'an advertisement that names a pool which does not exist',
    facts: { advertisements: [{ ...advertisement, pools: ['prodution-pool'] }] },
    expected: [['advertisement-names-missing-pool', /prodution-pool/]],
  },
  {
    name: 'an advertisement that names the pool which is to come',
    facts: { advertisements: [{ ...advertisement, pools: ['production-pool'] }] },
    expected: [],
  },
  {
    name: 'node selectors that match nobody',
    wanted: wantedRange(RANGE, { nodeSelectors: [{ zone: 'nowhere' }] }),
    expected: [['node-selector-matches-none', /no node/]],
  },
  {
    name: 'nodes that are all excluded',
    facts: { nodes: [node('cp-1', '192.0.2.11', { labels: excluded, excluded: true })] },
    expected: [['nodes-excluded', /exclude-from-external/]],
  },
  {
    name: 'excluded nodes where the speakers ignore that',
    facts: {
      nodes: [node('cp-1', '192.0.2.11', { labels: excluded, excluded: true })],
      ...metallb({
        speaker: {
          name: 'speaker',
          image: '',
          version: null,
          args: ['--port=7472', '--ignore-exclude-lb'],
          desired: 1,
          ready: 1,
        },
      }),
    },
    expected: [],
  },
  {
    name: 'a live Service that shrinking would move',
    facts: { pools: [pool('production-pool', '192.0.2.190-192.0.2.215')], services: [service('web', '192.0.2.191')] },
    expected: [['would-readdress', /shop\/web \(192\.0\.2\.191\)/]],
  },
  {
    name: 'the same, allowed',
    facts: { pools: [pool('production-pool', '192.0.2.190-192.0.2.215')], services: [service('web', '192.0.2.191')] },
    allowReaddress: true,
    expected: [['would-readdress?', /shop\/web/]],
  },
];

describe('obstacles to a claim', () => {
  it.each(CASES)('$name', ({ facts: changed = {}, wanted = wantedRange(RANGE), lan = LAN, allowReaddress = false, expected }) => {
    const cluster = facts(changed);
    const found = obstaclesTo(planOf(wanted, cluster), cluster, lan, { allowReaddress });
    expect(found.map(({ code, severity }) => (severity === 'warning' ? `${code}?` : code))).toEqual(
      expected.map(([code]) => code),
    );
    for (const [index, [, pattern]] of expected.entries()) expect(found[index]?.text).toMatch(pattern);
    for (const { fix } of found) expect(fix).not.toBe('');
  });

  it('are told all at once', () => {
    const cluster = facts({
      ...metallb({ controller: null }),
      pools: [pool('old', RANGE)],
      kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: false, daemonSet: true },
    });
    const found = obstaclesTo(planOf(wantedRange(RANGE), cluster), cluster, LAN, { allowReaddress: false });
    expect(found.map(({ code }) => code)).toEqual(['controller-missing', 'strict-arp-off', 'pool-overlap']);
  });
});
