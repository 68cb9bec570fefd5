/** The checks on the wire: who answers for the addresses of Services and pools. */
import { leader } from '../../../src/cluster/election.ts';
import { ip, mac, set } from '../../ledger/fixtures.ts';
import {
  checkTable,
  DECOYS,
  daemon,
  daemonPools,
  denied,
  GATEWAY,
  known,
  LEADER,
  macOf,
  NODES,
  OTHERS,
  type Row,
  STRANGER,
  service,
  WEB,
  wire,
} from './scene.ts';

const [other = ''] = OTHERS;
const VIP = '192.0.2.200';
const SECOND_NIC = mac('02:00:00:00:01:01');
/** An address of the pool that has the same leader. */
const ALSO_LEADER =
  Array.from({ length: 10 }, (_, index) => `192.0.2.${201 + index}`).find(
    (address) =>
      leader(
        NODES.map(({ name }) => name),
        address,
      ) === LEADER,
  ) ?? '';
const leaderAddress = `192.0.2.1${LEADER.at(-1) ?? ''}`;

const common: readonly Row[] = [
  ['MetalLB is not installed', { details: { served: new Set() } }, 'skipped', /not installed/],
  ['the wire is unknown', { without: ['wire'] }, 'skipped', /There is no wire/],
  ['the cluster is unknown', { without: ['cluster'] }, 'skipped', /There is no cluster/],
  ['the nodes may not be read', { facts: { unread: denied('nodes') } }, 'skipped', /forbidden/],
  [
    'asking proved nothing',
    { wire: wire({}, { interfaces: [], failures: [{ interface: 'lan0', why: 'the link is down' }] }) },
    'skipped',
    /proved nothing \(lan0: the link is down\)/,
    /--interface IF/,
  ],
];
const noNode = { '192.0.2.11': [], '192.0.2.12': [], '192.0.2.13': [] };
const noSpeakers = { daemon: { pools: known(daemonPools()) } };

checkTable('announced-not-answered', [
  ['its node answers', {}, 'ok', /Somebody answers for 1 address: default\/web \(192\.0\.2\.200\)/],
  [
    'nobody answers',
    { wire: wire({ [VIP]: [] }) },
    'failed',
    new RegExp(`^Nobody answers for default/web \\(192\\.0\\.2\\.200\\), expected from ${LEADER}\\. Nodes do answer`),
    /anti-spoofing.*Wi-Fi.*metallb-excludel2/,
  ],
  ['no node answers for itself either', { wire: wire({ ...noNode, [VIP]: [] }) }, 'skipped', /No node answered on lan0/],
  [
    'its node is this machine',
    { wire: wire({ [VIP]: [] }, { own: [ip(leaderAddress)] }) },
    'skipped',
    /could be asked for from here: default\/web/,
  ],
  ['it is in another network', { wire: wire({}, { asked: set('198.51.100.1') }) }, 'skipped', /could be asked for/],
  ['no Service holds an address', { facts: { services: [] } }, 'skipped', /No Service holds an address/, /smoke-test/],
  [
    'no endpoint is another matter',
    { facts: { services: [service('web', VIP, { readyEndpoints: 0 })] }, wire: wire({ [VIP]: [] }) },
    'skipped',
    /could be asked for/,
  ],
  ...common,
]);

const ipvs = { kubeProxy: { kind: 'configured', mode: 'ipvs', strictArp: true, daemonSet: true } as const };
const everyNode = { [VIP]: NODES.map(({ name }) => macOf(name)) };
checkTable('several-answerers', [
  ['one node', {}, 'ok', /One node answers for each of 1 address\./],
  [
    'a stranger beside the node',
    { wire: wire({ [VIP]: [macOf(LEADER), STRANGER] }) },
    'failed',
    new RegExp(
      `^52:54:00:12:34:56 \\(Example Corp\\), no node that is known, answers for default/web \\(192\\.0\\.2\\.200\\) beside ${LEADER}\\.$`,
    ),
    /freehold history/,
  ],
  [
    'a stranger alone',
    { wire: wire({ [VIP]: [STRANGER] }) },
    'failed',
    /no node that is known, answers for default\/web \(192\.0\.2\.200\)\.$/,
  ],
  [
    'a node whose MAC nobody knows, alone',
    { wire: wire({ [leaderAddress]: [], [VIP]: [SECOND_NIC] }), ...noSpeakers },
    'ok',
    /One node answers/,
  ],
  [
    'two MACs that nobody knows',
    { wire: wire({ ...noNode, [VIP]: [SECOND_NIC, STRANGER] }), ...noSpeakers },
    'failed',
    /2 MACs answer for default\/web .* whose they are is not known/,
  ],
  [
    'the gateway',
    { wire: wire({ [VIP]: [macOf(LEADER), GATEWAY] }) },
    'failed',
    /02:00:00:00:00:fe, a router that answers for others, too/,
    /proxy ARP/,
  ],
  [
    'who answers for everything',
    { wire: wire({ ...Object.fromEntries(DECOYS.map((address) => [address, [STRANGER]])), [VIP]: [macOf(LEADER), STRANGER] }) },
    'failed',
    /a router that answers/,
  ],
  [
    'all nodes, in ipvs mode',
    { facts: ipvs, wire: wire(everyNode) },
    'failed',
    /^3 nodes answer for default\/web/,
    /freehold strict-arp --enable/,
  ],
  [
    'two nodes, in iptables mode',
    { wire: wire({ [VIP]: [macOf(LEADER), macOf(other)] }) },
    'failed',
    /^2 nodes answer/,
    /^The speakers do not see each other: .*7946/,
  ],
  [
    'all nodes, of k3s',
    { facts: { kubeProxy: { kind: 'none' } }, wire: wire(everyNode) },
    'failed',
    /3 nodes/,
    /--kube-proxy-arg=ipvs-strict-arp/,
  ],
  [
    'two nodes of k3s',
    { facts: { kubeProxy: { kind: 'none' } }, wire: wire({ [VIP]: [macOf(LEADER), macOf(other)] }) },
    'failed',
    /2 nodes/,
    /^The speakers/,
  ],
  [
    'one node with two interfaces',
    { wire: wire({ [leaderAddress]: [macOf(LEADER), SECOND_NIC], [VIP]: [macOf(LEADER), SECOND_NIC] }) },
    'warning',
    new RegExp(`${LEADER} answers for default/web .* with 2 MACs`),
    /spec\.interfaces/,
  ],
  [
    'a second interface that the daemon knows',
    {
      daemon: { pools: known(daemonPools({ speakers: [{ mac: SECOND_NIC, node: LEADER }] })) },
      wire: wire({ [VIP]: [macOf(LEADER), SECOND_NIC] }),
    },
    'warning',
    /2 MACs/,
  ],
  ['nobody', { wire: wire({ [VIP]: [] }) }, 'skipped', /Nobody answered for any/],
  ['no Service holds an address', { facts: { services: [] } }, 'skipped', /No Service holds/],
  ...common,
]);

checkTable('pool-address-in-use', [
  ['nobody but the Service', {}, 'ok', /Nobody answers for the others of lan now/],
  [
    'a stranger',
    { wire: wire({ '192.0.2.205': [STRANGER] }) },
    'failed',
    /^1 address that no Service holds is in use: 192\.0\.2\.205 of lan by 52:54:00:12:34:56 \(Example Corp\)\.$/,
    /freehold history/,
  ],
  [
    'a node',
    { wire: wire({ '192.0.2.205': [macOf('node-2')] }) },
    'warning',
    /Nodes answer .*: 192\.0\.2\.205 \(node-2\)/,
    /kube-ipvs0/,
  ],
  [
    'a router that answers for everything',
    { wire: wire({ ...Object.fromEntries(DECOYS.map((address) => [address, [GATEWAY]])), '192.0.2.205': [GATEWAY] }) },
    'skipped',
    /A router answers for everything here \(02:00:00:00:00:fe\): whether anybody is behind 192\.0\.2\.205 cannot be told/,
  ],
  ['no address of a pool was asked for', { wire: wire({}, { asked: set('192.0.2.11') }) }, 'skipped', /No address of a pool/],
  ['the Services may not be read', { facts: { unread: denied('services') } }, 'skipped', /forbidden/],
  ...common,
]);

checkTable('second-cluster', [
  ['nobody', {}, 'ok', /No stranger answers/],
  ['a stranger with one address', { wire: wire({ '192.0.2.205': [STRANGER] }) }, 'ok', /No stranger/],
  [
    'a stranger with two',
    { wire: wire({ '192.0.2.205': [STRANGER], '192.0.2.206': [STRANGER] }) },
    'failed',
    /52:54:00:12:34:56 \(Example Corp\), no node of this cluster, answers for 2 addresses: 192\.0\.2\.205, 192\.0\.2\.206/,
  ],
  [
    'a stranger with one of a Service, too',
    { wire: wire({ '192.0.2.205': [STRANGER], [VIP]: [macOf(LEADER), STRANGER] }) },
    'failed',
    /answers for 2 addresses: 192\.0\.2\.200, 192\.0\.2\.205/,
  ],
  ['a node', { wire: wire({ '192.0.2.205': [macOf('node-2')], '192.0.2.206': [macOf('node-2')] }) }, 'ok', /No stranger/],
  [
    'a node whose MAC nobody knows, with its own Services',
    {
      facts: { services: [WEB, service('api', ALSO_LEADER)] },
      wire: wire({ [leaderAddress]: [], [VIP]: [SECOND_NIC], [ALSO_LEADER]: [SECOND_NIC] }),
      ...noSpeakers,
    },
    'ok',
    /No stranger/,
  ],
  [
    'a router that answers for everything',
    { wire: wire({ ...Object.fromEntries([...DECOYS, '192.0.2.205', '192.0.2.206'].map((address) => [address, [STRANGER]])) }) },
    'ok',
    /No stranger/,
  ],
  ['no node is known', { wire: wire(noNode), ...noSpeakers }, 'skipped', /cannot be told from a stranger/],
  ['no address of a pool was asked for', { wire: wire({}, { asked: set('192.0.2.11') }) }, 'skipped', /No address of a pool/],
  ...common,
]);

// Speakers that the daemon knows make nodes of MACs that did not answer here.
checkTable('second-cluster', [
  [
    'speakers of the configuration',
    {
      daemon: { pools: known(daemonPools({ speakers: [{ mac: STRANGER, node: null }] })), segments: daemon().segments },
      wire: wire({ '192.0.2.205': [STRANGER], '192.0.2.206': [STRANGER] }),
    },
    'ok',
    /No stranger/,
  ],
]);
