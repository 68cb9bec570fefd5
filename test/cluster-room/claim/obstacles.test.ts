import { describe, expect, it } from 'vitest';
import { obstaclesTo, type Surroundings } from '../../../src/cluster/claim/obstacles.ts';
import type { ClaimWanted } from '../../../src/cluster/claim/plan.ts';
import type { ClusterFacts } from '../../../src/cluster/types.ts';
import { facts, ip, LAN, network, node, planOf, pool, service, wantedRange } from './scene.ts';

const RANGE = '192.0.2.200-192.0.2.215';

interface Case {
  readonly name: string;
  readonly facts?: Partial<ClusterFacts>;
  readonly wanted?: ClaimWanted;
  readonly lan?: Surroundings;
  readonly allowReaddress?: boolean;
  readonly allowForeignSubnet?: boolean;
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
  {
    name: 'no controller',
    facts: metallb({ controller: null, webhook: { configured: true, hasCertificate: true, readyEndpoints: null } }),
    expected: [['controller-missing', /metallb-system/]],
  },
  {
    name: 'a controller that nobody recognises, whose webhook is ready',
    facts: metallb({ controller: null }),
    expected: [['controller-not-found?', /webhook is ready/]],
  },
  {
    name: 'speakers of which none is ready',
    facts: metallb({ speaker: { name: 'speaker', image: '', version: null, args: [], desired: 3, ready: 0 } }),
    expected: [['speakers-not-ready', /0 of 3/]],
  },
  { name: 'no speakers', facts: metallb({ speaker: null }), expected: [['speakers-not-found?', /nobody announces/]] },
  {
    name: 'speakers that may not be read are not missing',
    facts: { ...metallb({ speaker: null }), unread: [{ what: 'daemonset speaker', code: 'cluster-forbidden', message: '' }] },
    expected: [],
  },
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
    name: 'a Service of another load balancer that waits for an address of it',
    facts: { services: [service('web', null, { requested: [ip('192.0.2.203')], loadBalancerClass: 'cilium' })] },
    expected: [['asked-for-elsewhere', /not MetalLB's.*shop\/web \(192\.0\.2\.203\)/]],
  },
  {
    name: 'a Service of the class that MetalLB cares for',
    facts: {
      services: [
        service('web', null, { requested: [ip('192.0.2.203')], loadBalancerClass: 'lan' }),
        service('other', null, { requested: [ip('192.0.2.204')] }),
      ],
      ...metallb({
        controller: { name: 'controller', image: '', version: null, args: ['--lb-class=lan'], desired: 1, ready: 1 },
      }),
    },
    expected: [
      ['asked-for?', /: shop\/web \(192\.0\.2\.203\)\.$/],
      ['asked-for-elsewhere', /: shop\/other \(192\.0\.2\.204\)\./],
    ],
  },
  {
    name: 'a Service of a class where the controller cannot be seen',
    facts: {
      services: [service('web', null, { requested: [ip('192.0.2.203')], loadBalancerClass: 'lan' })],
      ...metallb({ controller: null }),
      unread: [{ what: 'deployment controller', code: 'cluster-forbidden', message: '' }],
    },
    expected: [['asked-for?', /shop\/web/]],
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
    name: 'nodes in another network, allowed',
    facts: { nodes: [node('worker-1', '198.51.100.11')] },
    allowForeignSubnet: true,
    expected: [['no-node-in-subnet?', /192\.0\.2\.0\/24/]],
  },
  {
    name: 'a segment that is a part of its network: its edges are addresses, and nodes are beside it',
    wanted: wantedRange('192.0.2.193-192.0.2.200'),
    lan: { ...LAN, networks: [{ cidr: network('192.0.2.192/26'), isWhole: false }] },
    expected: [['no-node-in-subnet?', /watched 192\.0\.2\.192\/26 .*worker-1 192\.0\.2\.11/]],
  },
  {
    name: 'the edge of such a segment',
    wanted: wantedRange('192.0.2.192-192.0.2.200'),
    lan: { ...LAN, networks: [{ cidr: network('192.0.2.192/26'), isWhole: false }] },
    expected: [
      ['segment-edge?', /\(192\.0\.2\.192\)/],
      ['no-node-in-subnet?', /192\.0\.2\.192\/26/],
    ],
  },
  {
    name: 'the same, where its network is known',
    wanted: wantedRange('192.0.2.192-192.0.2.200'),
    lan: {
      ...LAN,
      networks: [
        { cidr: network('192.0.2.192/26'), isWhole: false },
        { cidr: network('192.0.2.0/24'), isWhole: true },
      ],
    },
    expected: [],
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
  {
    name: 'a ConfigMap of a kube-proxy that is gone',
    facts: { kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: false, daemonSet: false } },
    expected: [['strict-arp-unknown?', /no DaemonSet/]],
  },
  {
    name: 'a kube-proxy whose DaemonSet may not be read',
    facts: {
      kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: false, daemonSet: false },
      unread: [{ what: 'daemonset kube-proxy', code: 'cluster-forbidden', message: '' }],
    },
    expected: [['strict-arp-off', /every node/]],
  },
  { name: 'no kube-proxy', facts: { kubeProxy: { kind: 'none' } }, expected: [] },
  {
    name: 'nodes of k3s that were told to use IPVS',
    facts: { kubeProxy: { kind: 'none', looseNodes: ['worker-1', 'worker-2'] } },
    expected: [['strict-arp-off', /worker-1, worker-2/]],
  },
  {
    name: "Cilium's own load balancer",
    facts: { ciliumL2: ['CiliumLoadBalancerIPPool'] },
    expected: [['cilium-active?', /CiliumLoadBalancerIPPool/]],
  },
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
    expected: [['advertisement-names-missing-pool?', /prodution-pool.*ignores/]],
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
  it.each(CASES)(
    '$name',
    ({
      facts: changed = {},
      wanted = wantedRange(RANGE),
      lan = LAN,
      allowReaddress = false,
      allowForeignSubnet = false,
      expected,
    }) => {
      const cluster = facts(changed);
      const found = obstaclesTo(planOf(wanted, cluster), cluster, lan, { allowReaddress, allowForeignSubnet });
      expect(found.map(({ code, severity }) => (severity === 'warning' ? `${code}?` : code))).toEqual(
        expected.map(([code]) => code),
      );
      for (const [index, [, pattern]] of expected.entries()) expect(found[index]?.text).toMatch(pattern);
      for (const { fix } of found) expect(fix).not.toBe('');
    },
  );

  it('name the command that mends an advertisement, which never leaves it with an empty list', () => {
    const fixOf = (pools: readonly string[]): string | undefined => {
      const cluster = facts({ pools: [pool('old', '192.0.2.32/28')], advertisements: [{ ...advertisement, pools }] });
      return obstaclesTo(planOf(wantedRange(RANGE), cluster), cluster, LAN, { allowReaddress: false })[0]?.fix;
    };
    const patch = 'kubectl -n metallb-system patch l2advertisements.metallb.io production-advertisement --type=merge -p';
    expect(fixOf(['gone', 'old'])).toBe(`Take them out: ${patch} '{"spec":{"ipAddressPools":["old","production-pool"]}}'`);
    expect(fixOf(['gone'])).toBe(`Take them out: ${patch} '{"spec":{"ipAddressPools":["production-pool"]}}'`);
    expect(fixOf(Array.from({ length: 30 }, (_, index) => `gone-${index}`))).toContain('["production-pool"]');
  });

  it('wait for what comes up by itself, and for nothing else', () => {
    const waitsFor = (more: Partial<ClusterFacts['metallb']>): boolean | undefined => {
      const cluster = facts(metallb(more));
      return obstaclesTo(planOf(wantedRange(RANGE), cluster), cluster, LAN, { allowReaddress: false })[0]?.mayPass;
    };
    const down = { name: 'x', image: '', version: null, args: [], desired: 1, ready: 0 };
    expect(waitsFor({ controller: down })).toBe(true);
    expect(waitsFor({ speaker: down })).toBe(true);
    expect(waitsFor({ webhook: { configured: true, hasCertificate: true, readyEndpoints: 0 } })).toBe(true);
    // The wrong namespace stays the wrong one.
    const nowhere = { configured: true, hasCertificate: true, readyEndpoints: null };
    expect(waitsFor({ controller: null, webhook: nowhere })).toBeUndefined();
  });

  it('show no text of the cluster as it is', () => {
    const cluster = facts({
      services: [service('we\u001b[2Jb', '192.0.2.203')],
      advertisements: [{ ...advertisement, pools: ['a\u202eb', `${'x'.repeat(5000)}`] }],
    });
    for (const { text, fix } of obstaclesTo(planOf(wantedRange(RANGE), cluster), cluster, LAN, { allowReaddress: false })) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(text + fix).not.toMatch(/[\u0000-\u001f\u202e]/);
      expect(text.length).toBeLessThanOrEqual(1500);
    }
  });

  it('are told all at once', () => {
    const cluster = facts({
      ...metallb({ controller: null, webhook: { configured: null, hasCertificate: null, readyEndpoints: null } }),
      pools: [pool('old', RANGE)],
      kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: false, daemonSet: true },
    });
    const found = obstaclesTo(planOf(wantedRange(RANGE), cluster), cluster, LAN, { allowReaddress: false });
    expect(found.map(({ code }) => code)).toEqual(['controller-missing', 'strict-arp-off', 'pool-overlap']);
  });
});
