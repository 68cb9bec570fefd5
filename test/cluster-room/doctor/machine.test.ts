/** The checks of this machine, DHCP and the daemon. */
import { expect, it } from 'vitest';
import { ip, mac, set } from '../../ledger/fixtures.ts';
import { checkTable, cidr, daemon, daemonPools, dhcp, known, missing, node, pool, run } from './scene.ts';

const [SEGMENT] = daemon().segments;
if (SEGMENT === undefined) throw new Error('a segment');
const [LAN0] = [
  { name: 'lan0', up: true, addresses: [{ address: ip('192.0.2.5'), network: cidr('192.0.2.0/24') }], gateways: [] },
];
const ELSEWHERE = { ...LAN0, name: 'wan0', addresses: [{ address: ip('203.0.113.5'), network: cidr('203.0.113.0/24') }] };

checkTable('subnet-and-interface', [
  ['in the network of the nodes', {}, 'ok', /^All 3 nodes have addresses in the networks here: 192\.0\.2\.0\/24 \(lan0\)\.$/],
  ['one node', { facts: { nodes: [node('solo', '192.0.2.11')] } }, 'ok', /^The only node has an address/],
  [
    'no such interface',
    { machine: { wantedInterfaces: ['lan7'] } },
    'failed',
    /no interface lan7.*there are: lan0/,
    /--interface IF/,
  ],
  ['an interface that is down', { machine: { interfaces: [{ ...LAN0, up: false }] } }, 'failed', /lan0 is down/, /ip link/],
  ['an interface without an address', { machine: { interfaces: [{ ...LAN0, addresses: [] }] } }, 'failed', /lan0 has no IPv4/],
  [
    'a configuration that cannot be read',
    { machine: { configProblem: 'permission denied.' } },
    'warning',
    /permission denied/,
    /--config/,
  ],
  [
    'a segment that waits',
    { daemon: { segments: [{ ...SEGMENT, state: 'waiting', waitingFor: 'link-down' }] } },
    'failed',
    /cannot watch 1 segment: lan \(link-down\)/,
  ],
  [
    'no interface with a network',
    { machine: { interfaces: [], wantedInterfaces: [] }, without: ['daemon'] },
    'failed',
    /No interface of this machine has an IPv4 network/,
  ],
  [
    'only in another network',
    { machine: { interfaces: [ELSEWHERE], wantedInterfaces: [] }, without: ['daemon'] },
    'failed',
    /No node has an address in a network of this machine: node-1 192\.0\.2\.11, .*203\.0\.113\.0\/24 \(wan0\)/,
  ],
  [
    'one node elsewhere',
    { facts: { nodes: [node('near', '192.0.2.11'), node('far', '198.51.100.9')] } },
    'warning',
    /1 node of 2 has no address .*: far 198\.51\.100\.9/,
  ],
  ['the nodes unknown', { without: ['cluster'] }, 'ok', /The nodes are not known\.$/],
  [
    'the nodes unknown, and nothing named',
    { machine: { wantedInterfaces: [] }, without: ['cluster'] },
    'ok',
    /which of them is theirs is not told/,
  ],
  ['the machine unknown', { without: ['machine'] }, 'skipped', /There is no machine/],
]);

{
  const MAY_NOT = { mayNotSend: 'the kernel refuses a raw socket: EPERM' };
  checkTable('right-to-send', [
    ['both may', {}, 'ok', /This command may; and the daemon sweeps lan\./],
    ['the command may', { without: ['daemon'] }, 'ok', /^This command may\.$/],
    ['only the daemon may', { machine: MAY_NOT }, 'ok', /^The daemon sweeps lan\. This command itself may not/],
    ['nobody may, and an interface is named', { machine: MAY_NOT, without: ['daemon'] }, 'failed', /EPERM/, /sudo/],
    [
      'a daemon that never swept shows nothing',
      { machine: MAY_NOT, daemon: { segments: [{ ...SEGMENT, sweptOnce: false }] } },
      'failed',
      /no daemon is known to/,
    ],
    [
      'nobody may, and nobody wants to',
      { machine: { ...MAY_NOT, wantedInterfaces: [] }, without: ['daemon'] },
      'warning',
      /may not send raw frames/,
    ],
    ['the machine unknown', { without: ['machine'] }, 'skipped', /There is no machine/],
  ]);
}

{
  const unknown = dhcp({ segment: 'iot', state: 'unknown', servers: [], leases: [] });
  checkTable('dhcp-seen', [
    ['a server was heard', {}, 'ok', /On lan: 192\.0\.2\.1, 1 lease/],
    ['lease files', { daemon: { dhcp: known([dhcp({ state: 'lease-files', servers: [] })]) } }, 'ok', /On lan: lease files/],
    [
      'unheard is not absent',
      { daemon: { dhcp: known([unknown, dhcp()]) } },
      'warning',
      /on iot: whether there is one is unknown, which is not the same as none\. On lan/,
      /reserved/,
    ],
    ['no segment', { daemon: { dhcp: known([]) } }, 'skipped', /watches no segment/],
    ['a daemon that does not tell', { daemon: { dhcp: missing('It is too old.') } }, 'skipped', /too old/],
    ['no daemon', { without: ['daemon'] }, 'skipped', /There is no daemon/],
  ]);
}

{
  const server = { server: '192.0.2.1', mac: null, span: set('192.0.2.100-192.0.2.150'), overlaps: [] };
  checkTable('dhcp-scope-overlap', [
    ['nothing handed out lies in a pool', {}, 'ok', /lies in 1 pool: lan\.$/],
    [
      'a server handed out addresses of the pool',
      {
        daemon: {
          dhcp: known([dhcp({ servers: [{ ...server, overlaps: [{ pool: 'lan', ranges: set('192.0.2.200-192.0.2.203') }] }] })]),
        },
      },
      'failed',
      /192\.0\.2\.1 handed out 192\.0\.2\.200-192\.0\.2\.203 of the pool lan/,
      /Narrow the scope/,
    ],
    [
      'a lease in the pool',
      { daemon: { dhcp: known([dhcp({ leases: [{ address: ip('192.0.2.207'), mac: '02:00:00:00:00:99', hostname: 'tv' }] })]) } },
      'failed',
      /192\.0\.2\.207 of the pool lan is leased to 02:00:00:00:00:99 tv/,
    ],
    [
      'a lease in a pool that only the daemon knows',
      {
        without: ['cluster'],
        daemon: { dhcp: known([dhcp({ leases: [{ address: ip('192.0.2.207'), mac: null, hostname: null }] })]) },
      },
      'failed',
      /192\.0\.2\.207 of the pool lan is leased\./,
    ],
    [
      'a span that reaches over the pool',
      { daemon: { dhcp: known([dhcp({ servers: [{ ...server, span: set('192.0.2.100-192.0.2.220') }] })]) } },
      'warning',
      /hands out addresses from 192\.0\.2\.100-192\.0\.2\.220, and the pool lan has 192\.0\.2\.200-192\.0\.2\.210 of that/,
    ],
    [
      'a reserved range in the pool',
      { machine: { reserved: [{ segment: 'lan', ranges: set('192.0.2.190-192.0.2.201') }] } },
      'warning',
      /reserves .*192\.0\.2\.200-192\.0\.2\.201 \(segment lan, pool lan\)/,
    ],
    [
      'a reserved range in the pool, without a daemon',
      { machine: { reserved: [{ segment: 'lan', ranges: set('192.0.2.201') }] }, without: ['daemon'] },
      'warning',
      /192\.0\.2\.201 \(segment lan, pool lan\)/,
    ],
    [
      'nothing heard is no all-clear',
      { daemon: { dhcp: known([dhcp({ state: 'unknown', servers: [], leases: [] })]) } },
      'skipped',
      /No DHCP was heard on lan, so that its scope is not known/,
    ],
    ['no pool', { facts: { pools: [] }, daemon: { pools: known(daemonPools({ pools: [] })) } }, 'skipped', /No pool is known/],
    ['no daemon', { without: ['daemon'] }, 'skipped', /There is no daemon/],
  ]);
}

{
  const state = { open: 0, summaries: [], blind: false, notices: [] };
  checkTable('open-conflicts', [
    ['none', {}, 'ok', /^None is open\.$/],
    [
      'one',
      { daemon: { conflicts: known({ ...state, open: 1, summaries: ['squatter: a printer uses 192.0.2.201 of pool lan.'] }) } },
      'failed',
      /^1 conflict is open: squatter: a printer uses 192\.0\.2\.201 of pool lan\.$/,
      /freehold conflicts/,
    ],
    [
      'a blind guard',
      { daemon: { conflicts: known({ ...state, blind: true, notices: ['No segment is watched.'] }) } },
      'skipped',
      /nothing could be heard: No segment is watched\.$/,
    ],
    [
      'a guard that hears less',
      { daemon: { conflicts: known({ ...state, notices: ['The cluster is away.'] }) } },
      'warning',
      /not everything is heard: The cluster is away\.$/,
    ],
    ['no daemon', { without: ['daemon'] }, 'skipped', /There is no daemon/],
  ]);
}

{
  const speakers = [{ mac: mac('02:00:00:00:00:01'), node: 'node-1' }];
  checkTable('guard-covers-pools', [
    ['every pool', {}, 'ok', /1 pool and 1 speaker are known/],
    [
      'a pool of the cluster is not known',
      { facts: { pools: [pool('lan', '192.0.2.200-192.0.2.220')] } },
      'warning',
      /not know of all of lan \(192\.0\.2\.211-192\.0\.2\.220\)/,
      /metallb\.kubeconfig/,
    ],
    [
      'a part that no segment watches',
      {
        daemon: {
          pools: known(
            daemonPools({
              speakers,
              pools: [{ name: 'lan', addresses: set('192.0.2.200-192.0.2.210'), unwatched: set('192.0.2.209') }],
            }),
          ),
        },
      },
      'warning',
      /No segment watches 192\.0\.2\.209 of lan/,
    ],
    ['no speaker', { daemon: { pools: known(daemonPools()) } }, 'warning', /knows the MAC of no node/],
    [
      'a notice',
      { daemon: { pools: known(daemonPools({ speakers, notices: ['The cluster cannot be read for 5 min.'] })) } },
      'warning',
      /The guard says: The cluster cannot be read for 5 min\.$/,
    ],
    ['no pool', { facts: { pools: [] }, daemon: { pools: known(daemonPools({ pools: [] })) } }, 'skipped', /knows no pool/],
    ['no cluster to compare with', { without: ['cluster'] }, 'ok', /1 pool/],
    ['no daemon', { without: ['daemon'] }, 'skipped', /There is no daemon/],
  ]);
}

{
  const claim = { id: 7, state: 'unknown', pool: 'lan', startedAt: '2026-05-05T10:00:00.000Z' };
  checkTable('unfinished-claims', [
    ['none', {}, 'ok', /No claim is left/],
    [
      'one',
      { daemon: { claims: known([claim]) } },
      'warning',
      /claim 7 of lan, unknown, begun 2026-05-05T10:00:00\.000Z/,
      /freehold claims/,
    ],
    ['a daemon that knows no claims', { daemon: { claims: missing('It is too old.') } }, 'skipped', /too old/],
    ['no daemon', { without: ['daemon'] }, 'skipped', /There is no daemon/],
  ]);
}

it('says nothing that a stranger could use against a terminal', () => {
  const hostile = '\u001b[31mred\u202e\u0007';
  const { seen } = run('dhcp-scope-overlap', {
    daemon: { dhcp: known([dhcp({ leases: [{ address: ip('192.0.2.207'), mac: null, hostname: hostile }] })]) },
  });
  expect(seen).toContain('[31mred');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that must not be there
  expect(seen).not.toMatch(/[\u0000-\u001f\u202e]/);
});
