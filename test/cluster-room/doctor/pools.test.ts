/** The checks of pools, advertisements and Services. */
import { ip, set } from '../../ledger/fixtures.ts';
import {
  advertisement,
  checkTable,
  cidr,
  daemon,
  denied,
  LEADER,
  macOf,
  metallb,
  NODES,
  node,
  OTHERS,
  pool,
  type Row,
  service,
  WEB,
  wire,
  workload,
} from './scene.ts';

const notInstalled: Row = ['MetalLB is not installed', { details: { served: new Set() } }, 'skipped', /not installed/];
const unreadable = (...what: readonly string[]): readonly Row[] =>
  what.map((one) => [`${one} not readable`, { facts: { unread: denied(one) } }, 'skipped', /is forbidden/, /The right to/]);
const withPools = (...pools: readonly ReturnType<typeof pool>[]) => ({ facts: { pools } });

checkTable('pools-defined', [
  ['one', {}, 'ok', /1 pool: lan \(192\.0\.2\.200-192\.0\.2\.210\)/],
  ['none', withPools(), 'warning', /no IPAddressPool in metallb-system/, /freehold apply/],
  ['none by itself', withPools(pool('lan', '192.0.2.200/29', { autoAssign: false })), 'warning', /autoAssign is false.*lan/],
  ...unreadable('pools'),
  notInstalled,
]);

checkTable('pool-host-bits', [
  ['as written', {}, 'ok', /Every part is read as written/],
  [
    'a network with host bits',
    withPools(pool('lan', '192.0.2.240/24')),
    'failed',
    /192\.0\.2\.240\/24 of lan means 192\.0\.2\.0\/24 \(192\.0\.2\.0-192\.0\.2\.255\)/,
    /edit ipaddresspool/,
  ],
  [
    'a bare address',
    withPools(pool('lan', ['192.0.2.200', '192.0.2.1/24'])),
    'failed',
    /cannot read "192\.0\.2\.200" of lan\. And 192\.0\.2\.1\/24 of lan means/,
    /ADDRESS\/32/,
  ],
  ['IPv6', withPools(pool('lan', ['192.0.2.200/32', '2001:db8::/120'])), 'ok', /1 IPv6 part not looked at/],
  ...unreadable('pools'),
  notInstalled,
]);

checkTable('pools-overlap', [
  ['one pool', {}, 'ok', /No two parts share an address/],
  [
    'two that touch',
    withPools(pool('a', '192.0.2.200-192.0.2.209'), pool('b', '192.0.2.210-192.0.2.219')),
    'ok',
    /No two of 2 pools/,
  ],
  [
    'two that share',
    withPools(pool('a', '192.0.2.192-192.0.2.208'), pool('b', '192.0.2.208/28')),
    'failed',
    /a and b both have 192\.0\.2\.208/,
  ],
  [
    'two parts of one pool, the third inside the first',
    withPools(pool('a', ['192.0.2.0/25', '192.0.2.10-192.0.2.11', '192.0.2.100-192.0.2.101'])),
    'failed',
    /192\.0\.2\.0\/25 and 192\.0\.2\.10-192\.0\.2\.11, both of the pool a, overlap; 192\.0\.2\.0\/25 and 192\.0\.2\.100/,
  ],
  [
    "another controller's Service",
    { facts: { services: [service('edge', '192.0.2.203', { pool: null, loadBalancerClass: 'kube-vip.io/vip' })] } },
    'failed',
    /default\/edge \(class kube-vip\.io\/vip\) holds 192\.0\.2\.203 of lan without having it from MetalLB/,
  ],
  ['a Service elsewhere', { facts: { services: [service('edge', '192.0.2.90', { pool: null })] } }, 'ok', /No two/],
  [
    "Cilium's pool",
    { details: { otherPools: [{ name: 'CiliumLoadBalancerIPPool blue', addresses: set('192.0.2.208-192.0.2.223') }] } },
    'failed',
    /192\.0\.2\.208-192\.0\.2\.210 of lan are in the CiliumLoadBalancerIPPool blue/,
  ],
  ['Services not readable', { facts: { unread: denied('services') } }, 'ok', /Services could not be compared/],
  ...unreadable('pools'),
  notInstalled,
]);

checkTable('pool-exhausted', [
  ['addresses left', {}, 'ok', /lan: 10 of 11 left/],
  [
    'by its counters',
    withPools(pool('lan', '192.0.2.200-192.0.2.210', { counters: { assigned: 4, available: 7 } })),
    'ok',
    /lan: 7 of 11 left/,
  ],
  [
    'none left, and nobody waits',
    withPools(pool('lan', '192.0.2.200/32')),
    'warning',
    /Nothing is left in lan \(1 address: 192\.0\.2\.200 default\/web\)\.$/,
    /freehold apply/,
  ],
  [
    'none left, and one waits',
    {
      facts: {
        pools: [pool('lan', '192.0.2.200/31', { counters: { assigned: 2, available: 0 } })],
        services: [WEB, service('api', null)],
      },
    },
    'failed',
    /Nothing is left in lan .* 1 Service waits: default\/api\.$/,
  ],
  [
    'none left, and the one that waits is of another class',
    { facts: { pools: [pool('lan', '192.0.2.200/32')], services: [WEB, service('api', null, { loadBalancerClass: 'x/y' })] } },
    'warning',
    /192\.0\.2\.200 default\/web\)\.$/,
  ],
  ['no pool', withPools(), 'ok', /no pool to run out of/],
  ...unreadable('pools', 'services'),
  notInstalled,
]);

const BGP = { name: 'edge', pools: ['far'], poolSelectors: [], nodeSelectors: [] };
const FAR = pool('far', '198.51.100.0/28');
const onlyLan = [advertisement('lan', { pools: ['lan'] })];
checkTable('pool-unmatched', [
  ['covered', {}, 'ok', /The only pool is covered\.$/],
  [
    'by nobody',
    { facts: { pools: [FAR], advertisements: onlyLan } },
    'failed',
    /No L2Advertisement or BGPAdvertisement in metallb-system covers far/,
    /add far to spec\.ipAddressPools/,
  ],
  ['by BGP', { facts: { pools: [FAR], advertisements: onlyLan }, details: { bgpAdvertisements: [BGP] } }, 'ok', /far by BGP/],
  [
    'by another BGP',
    { facts: { pools: [FAR], advertisements: onlyLan }, details: { bgpAdvertisements: [{ ...BGP, pools: ['other'] }] } },
    'failed',
    /covers far/,
  ],
  [
    'BGP not readable',
    { facts: { pools: [FAR], advertisements: onlyLan }, details: { bgpAdvertisements: null } },
    'skipped',
    /whether a BGPAdvertisement does cannot be told/,
    /list bgpadvertisements/,
  ],
  ['no pool', withPools(), 'ok', /There is no pool/],
  ...unreadable('pools', 'advertisements'),
  notInstalled,
]);

const adverts = (...advertisements: readonly ReturnType<typeof advertisement>[]) => ({ facts: { advertisements } });
const labelled = (key: string, value: string) => [{ matchLabels: { [key]: value }, matchExpressions: [] }];
checkTable('advertisement-unmatched', [
  ['all find theirs', {}, 'ok', /1 advertisement is there/],
  ['none is there', adverts(), 'ok', /no advertisement/],
  [
    'a name that is not',
    adverts(advertisement('front', { pools: ['lna'] })),
    'failed',
    /L2Advertisement front names lna, and there is no such pool/,
  ],
  ['one name of two', adverts(advertisement('front', { pools: ['lan', 'lna'] })), 'warning', /names lna/],
  [
    'labels that no pool has',
    adverts(advertisement('front', { poolSelectors: labelled('zone', 'dmz') })),
    'failed',
    /front selects no pool by its labels/,
  ],
  [
    'labels beside a name',
    adverts(advertisement('front', { pools: ['lan'], poolSelectors: labelled('zone', 'dmz') })),
    'warning',
    /1 selector of L2Advertisement front matches no pool/,
  ],
  [
    'no node',
    adverts(advertisement('front', { nodeSelectors: labelled('rack', '7') })),
    'failed',
    /front selects none of 3 nodes/,
    /--show-labels/,
  ],
  ['a BGPAdvertisement', { details: { bgpAdvertisements: [BGP] } }, 'failed', /BGPAdvertisement edge names far/],
  ...unreadable('pools', 'advertisements'),
  notInstalled,
]);

checkTable('node-address-in-pool', [
  ['none', {}, 'ok', /None of 3 nodes has an address in a pool/],
  [
    'an InternalIP',
    { facts: { nodes: [node('node-9', '192.0.2.205')] } },
    'failed',
    /192\.0\.2\.205 of the node node-9 is in lan/,
    /two ranges around it/,
  ],
  [
    'an ExternalIP',
    { facts: { nodes: [node('node-9', '198.51.100.1', { externalAddresses: [ip('192.0.2.206')] })] } },
    'failed',
    /192\.0\.2\.206 of the node node-9/,
  ],
  ...unreadable('pools', 'nodes'),
  notInstalled,
]);

const wholeNet = pool('all', '192.0.2.0/24');
const [SEGMENT] = daemon().segments;
if (SEGMENT === undefined) throw new Error('a segment');
checkTable('infrastructure-in-pool', [
  ['none', {}, 'ok', /Compared with \d+ addresses of 192\.0\.2\.0\/24\.$/],
  [
    'gateway, DNS server, edges, this machine',
    withPools(wholeNet),
    'failed',
    /192\.0\.2\.1 \(the gateway of lan0\) is in all; 192\.0\.2\.5 \(this machine, lan0\) is in all; 192\.0\.2\.53 \(a DNS server.*192\.0\.2\.0 \(the network address.*192\.0\.2\.255 \(the broadcast/,
  ],
  [
    'the edges only, and they are avoided',
    { facts: { pools: [pool('all', ['192.0.2.0/32', '192.0.2.255/32'], { avoidBuggyIps: true })] } },
    'ok',
    /Compared/,
  ],
  ['the edges only', { facts: { pools: [pool('all', ['192.0.2.0/32', '192.0.2.255/32'])] } }, 'failed', /broadcast address/],
  [
    'as the daemon knows them',
    { facts: { pools: [pool('all', '192.0.2.1-192.0.2.9')] }, without: ['machine'] },
    'failed',
    /192\.0\.2\.1 \(the gateway of segment lan\) is in all; 192\.0\.2\.5 \(the daemon's machine\)/,
  ],
  ['a network that is not known here', { facts: { pools: [FAR] } }, 'skipped', /has to do with far/],
  [
    'one of two is not known here',
    { facts: { pools: [FAR, pool('lan', '192.0.2.200/29')] } },
    'ok',
    /Nothing is known here about the networks of far/,
  ],
  ['no pool', withPools(), 'ok', /no pool/],
  ...unreadable('pools'),
  notInstalled,
]);

const otherNet = {
  name: 'lan1',
  up: true,
  addresses: [{ address: ip('203.0.113.5'), network: cidr('203.0.113.0/24') }],
  gateways: [],
};
checkTable('pool-outside-node-subnets', [
  ['inside', {}, 'ok', /lan \(192\.0\.2\.200-192\.0\.2\.210\) lies in 192\.0\.2\.0\/24, where nodes are/],
  [
    'over the edge',
    withPools(pool('lan', '192.0.2.250-192.0.3.5')),
    'failed',
    /Only a part of lan .* lies in 192\.0\.2\.0\/24/,
    /freehold free/,
  ],
  [
    'in a network without nodes',
    { facts: { pools: [pool('dmz', '203.0.113.0/28')] }, machine: { interfaces: [otherNet] } },
    'failed',
    /dmz .* lies in 203\.0\.113\.0\/24, where no node has an address/,
  ],
  [
    'in none that the nodes have',
    { facts: { pools: [FAR] } },
    'warning',
    /far .* lies in none of the networks of the nodes \(192\.0\.2\.0\/24\)/,
  ],
  [
    'nothing known of the nodes either',
    { facts: { pools: [FAR], nodes: [node('a', '198.51.100.200')] } },
    'skipped',
    /The network of far .* is not known here/,
  ],
  ['announced by BGP only', { facts: { pools: [FAR], advertisements: onlyLan } }, 'ok', /no pool that is announced in layer 2/],
  ['no node', { facts: { nodes: [] } }, 'skipped', /no node to compare/],
  ...unreadable('pools', 'nodes', 'advertisements'),
  notInstalled,
]);

checkTable('pending-services', [
  ['all have one', {}, 'ok', /The only Service has one/],
  [
    'one waits, and its event says why',
    {
      facts: { services: [WEB, service('api', null)] },
      details: { lastEvents: new Map([['default/api', 'AllocationFailed: no available IPs']]) },
    },
    'failed',
    /^1 Service has none: default\/api \(AllocationFailed: no available IPs\)\.$/,
    /kubectl -n default describe service api/,
  ],
  ['one waits', { facts: { services: [service('api', null)] } }, 'failed', /has none: default\/api\.$/],
  [
    'of another class',
    { facts: { services: [service('api', null, { loadBalancerClass: 'x/y' })] } },
    'ok',
    /1 Service of another loadBalancerClass has none/,
  ],
  [
    'of the class of MetalLB',
    {
      facts: {
        services: [service('api', null, { loadBalancerClass: 'x/y' })],
        metallb: metallb({ controller: workload('controller', { args: ['--lb-class=x/y'] }) }),
      },
    },
    'failed',
    /default\/api/,
  ],
  ['without MetalLB', { facts: { services: [service('api', null)] }, details: { served: new Set() } }, 'failed', /default\/api/],
  ...unreadable('services'),
]);

const wants = (...addresses: readonly string[]) => ({
  facts: { services: [service('web', '192.0.2.200', { requested: addresses.map(ip) })] },
});
checkTable('requested-outside-pools', [
  ['nobody asks', {}, 'ok', /No Service asks/],
  ['one of a pool', wants('192.0.2.207'), 'ok', /1 Service asks for an address, each in a pool/],
  ['one of no pool', wants('192.0.2.207', '192.0.2.99'), 'failed', /default\/web asks for 192\.0\.2\.99, which no pool has/],
  [
    'a pool that is not there',
    { details: { wantedPools: [{ service: 'default/web', pool: 'gone' }] } },
    'failed',
    /asks for the pool gone, which is not there/,
  ],
  [
    'an address of another pool than the one that is named',
    {
      facts: {
        pools: [pool('lan', '192.0.2.200/29'), pool('b', '192.0.2.220/30')],
        services: [service('web', null, { requested: [ip('192.0.2.221')] })],
      },
      details: { wantedPools: [{ service: 'default/web', pool: 'lan' }] },
    },
    'failed',
    /asks for 192\.0\.2\.221 of the pool lan, which does not have it/,
  ],
  [
    'another class is not ours',
    { facts: { services: [service('web', null, { requested: [ip('192.0.2.99')], loadBalancerClass: 'x/y' })] } },
    'ok',
    /No Service asks/,
  ],
  ...unreadable('services', 'pools'),
  notInstalled,
]);

checkTable('deprecated-annotation', [
  ['none', {}, 'ok', /None/],
  [
    'one',
    { details: { deprecated: [{ service: 'default/web', annotation: 'metallb.universe.tf/address-pool' }] } },
    'warning',
    /1 Service is annotated with it: default\/web: metallb\.universe\.tf\/address-pool/,
    /metallb\.io\//,
  ],
  ...unreadable('services'),
]);

checkTable('service-without-endpoints', [
  ['one is ready', {}, 'ok', /1 Service holds an address/],
  [
    'none is',
    { facts: { services: [service('web', '192.0.2.200', { readyEndpoints: 0, trafficPolicy: 'Local' })] } },
    'warning',
    /behind default\/web \(externalTrafficPolicy Local\)/,
    /describe service web/,
  ],
  [
    'one that waits for its address',
    { facts: { services: [service('api', null, { readyEndpoints: 0 })] } },
    'ok',
    /No Service holds an address of a pool/,
  ],
  ...unreadable('services', 'endpointSlices'),
  notInstalled,
]);

const local = { trafficPolicy: 'Local', readyNodes: ['node-3'] } as const;
const [one, two, three] = NODES;
checkTable('service-no-leader', [
  ['one is expected', {}, 'ok', new RegExp(`default/web \\(192\\.0\\.2\\.200\\): ${LEADER}`)],
  ['nobody holds an address', { facts: { services: [] } }, 'ok', /No Service holds/],
  [
    'no node is ready',
    { facts: { nodes: NODES.map((each) => ({ ...each, ready: false })) } },
    'failed',
    /default\/web \(192\.0\.2\.200\): no node is ready/,
  ],
  [
    'no node has a network',
    { facts: { nodes: NODES.map((each) => ({ ...each, networkUnavailable: true })) } },
    'failed',
    /network of every node is unavailable/,
  ],
  [
    'every node is excluded',
    { facts: { nodes: NODES.map((each) => ({ ...each, excluded: true })) } },
    'failed',
    /not ready, excluded, or not selected/,
  ],
  [
    'Local, and the endpoint is on a node that may not',
    { facts: { services: [service('web', '192.0.2.200', local)], nodes: [one, two, { ...three, excluded: true }] } },
    'failed',
    /externalTrafficPolicy is Local, and its endpoints are on node-3, which may not announce it/,
  ],
  [
    'no endpoints are another check',
    { facts: { services: [service('web', '192.0.2.200', { readyEndpoints: 0 })] } },
    'ok',
    /No Service/,
  ],
  ...unreadable('services', 'pools', 'advertisements', 'nodes'),
  notInstalled,
]);

const [other = ''] = OTHERS;
const says = (...nodes: readonly string[]) => ({
  layer2Statuses: nodes.map((name) => ({ service: 'default/web', node: name, interfaces: [] })),
});
const old = { metallb: metallb({ speaker: workload('speaker', { version: '0.15.3' }) }) };
checkTable('stale-l2-status', [
  ['it agrees', { without: ['wire'] }, 'ok', /agrees with what is expected for 1 Service/],
  [
    'the wire says otherwise',
    { facts: says(other) },
    'failed',
    new RegExp(`says that ${other} announces default/web .*, and ${LEADER} answers for it on the wire`),
    /Look at the speakers/,
  ],
  [
    'the wire says otherwise, of an old MetalLB',
    { facts: { ...says(other), ...old } },
    'failed',
    /on the wire/,
    /Upgrade MetalLB \(0\.15\.3\)/,
  ],
  [
    'the wire agrees, and the rule does not',
    { facts: says(other), wire: wire({ '192.0.2.200': [macOf(other)] }) },
    'ok',
    /agrees/,
  ],
  [
    'only the rule says otherwise',
    { facts: says(other), without: ['wire'] },
    'warning',
    new RegExp(`by MetalLB's own rule ${LEADER} does`),
  ],
  ['the wire is silent about it', { facts: says(other), wire: wire({ '192.0.2.200': [] }) }, 'warning', /own rule/],
  ['a node that is not', { facts: says('gone'), without: ['wire'] }, 'failed', /gone announces .*, and there is no such node/],
  ['two nodes', { facts: says(LEADER, other), without: ['wire'] }, 'warning', /Several nodes are told for default\/web/],
  [
    'nothing is told',
    { facts: says(), without: ['wire'] },
    'warning',
    new RegExp(`says nothing of default/web \\(192\\.0\\.2\\.200\\), which ${LEADER} should announce`),
  ],
  ['nobody announces', { facts: { services: [] } }, 'ok', /No Service is announced/],
  ['an old MetalLB', { details: { served: new Set(['ipaddresspools', 'l2advertisements']) } }, 'skipped', /no ServiceL2Status/],
  ...unreadable('layer2Statuses', 'services', 'nodes'),
  notInstalled,
]);
