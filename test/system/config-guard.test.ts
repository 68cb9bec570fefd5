import { describe, expect, it } from 'vitest';
import { formatRange } from '../../src/core/address/range.ts';
import { parseConfig } from '../../src/system/config.ts';
import { problemsOf } from './config-problems.ts';

const pools = (...addresses: string[]): string =>
  `metallb: { pools: [${addresses.map((list, i) => `{ name: pool-${i}, addresses: [${list}] }`).join(', ')}] }`;

describe('dhcp, metallb and guard', () => {
  it('are read with every key', () => {
    const { dhcp, metallb, guard } = parseConfig(
      `
dhcp:
  leases: [/var/lib/misc/dnsmasq.leases, { path: /var/lib/kea/kea-leases4.csv, format: kea }, { path: /l }]
  servers: [192.0.2.1, 192.0.2.2]
  avoidSpans: false
metallb:
  cluster: off
  kubeconfig: /etc/freehold/kubeconfig
  context: freehold@prod
  namespace: lb.system
  pools:
    - { name: production-pool, addresses: [192.0.2.224/28, 192.0.2.200 - 192.0.2.210, 192.0.2.211-192.0.2.212] }
    - { name: one.only, addresses: [203.0.113.7/32] }
  speakers:
    - "02:00:00:00:00:0A"
    - { mac: 02-00-00-00-00-02, node: worker-1.example }
    - { mac: "02:00:00:00:00:03" }
guard: { closeAfter: 7d, splitBrainGrace: 1s }
`,
      'f',
    );
    expect(dhcp).toEqual({
      leases: [
        { path: '/var/lib/misc/dnsmasq.leases', format: 'auto' },
        { path: '/var/lib/kea/kea-leases4.csv', format: 'kea' },
        { path: '/l', format: 'auto' },
      ],
      servers: [0xc0000201, 0xc0000202],
      avoidSpans: false,
    });
    expect(metallb).toMatchObject({
      cluster: 'off',
      kubeconfig: '/etc/freehold/kubeconfig',
      context: 'freehold@prod',
      namespace: 'lb.system',
    });
    expect(metallb.pools.map(({ name, addresses }) => [name, addresses.map(formatRange)])).toEqual([
      ['production-pool', ['192.0.2.200-192.0.2.212', '192.0.2.224-192.0.2.239']],
      ['one.only', ['203.0.113.7']],
    ]);
    expect(metallb.speakers).toEqual([
      { mac: '02:00:00:00:00:0a', node: null },
      { mac: '02:00:00:00:00:02', node: 'worker-1.example' },
      { mac: '02:00:00:00:00:03', node: null },
    ]);
    expect(guard).toEqual({ closeAfterMs: 7 * 86_400_000, splitBrainGraceMs: 1000 });
  });

  it.each([
    ['a pool of 65536 addresses', pools('198.18.0.0/16')],
    ['pools that touch', pools('192.0.2.0-192.0.2.9', '192.0.2.10-192.0.2.19')],
    [
      'two MACs of one node',
      'metallb: { speakers: [{ mac: "02:00:00:00:00:01", node: a }, { mac: "02:00:00:00:00:02", node: a }] }',
    ],
    ['a pool name of 253 characters', `metallb: { pools: [{ name: ${'a'.repeat(253)}, addresses: [192.0.2.1] }] }`],
    ['the shortest times', 'guard: { closeAfter: 10s, splitBrainGrace: 1s }'],
  ])('may have %s', (_, text) => {
    expect(problemsOf(text)).toEqual([]);
  });
});

const POOL_NAME = 'expected the name of a pool, as Kubernetes has it: lower case letters, digits, hyphens and dots';
const NODE_NAME = POOL_NAME.replace('a pool', 'a node');
const NAMESPACE_NAME = POOL_NAME.replace('a pool', 'a namespace');

describe('refuses, with line, path, what was expected and what was given:', () => {
  it.each([
    [
      'a lease file of another kind',
      'dhcp: { leases: [5] }',
      'dhcp.leases[0]: expected a path, or a mapping with path and format, got 5',
    ],
    [
      'a lease file without path',
      'dhcp: { leases: [{ format: isc }] }',
      'dhcp.leases[0].path: is required: expected an absolute path',
    ],
    ['a relative path, deeper', 'dhcp: { leases: [{ path: a }] }', 'dhcp.leases[0].path: expected an absolute path, got "a"'],
    [
      'an unknown format',
      'dhcp: { leases: [{ path: /a, format: kia }] }',
      'dhcp.leases[0].format: expected one of auto, dnsmasq, isc, kea, got "kia"',
    ],
    ['a strange key', 'dhcp: { leases: [{ pth: /a, path: /b }] }', 'dhcp.leases[0].pth: unknown key (did you mean "path"?)'],
    [
      'a server that is no address',
      'dhcp: { servers: [dhcp.example] }',
      'dhcp.servers[0]: "dhcp.example" is not an IPv4 address',
    ],
    ['avoidSpans in words', 'dhcp: { avoidSpans: "no" }', 'dhcp.avoidSpans: expected true or false, got "no"'],
    ['a relative kubeconfig', 'metallb: { kubeconfig: k }', 'metallb.kubeconfig: expected an absolute path, got "k"'],
    ['a cluster by name', 'metallb: { cluster: prod }', 'metallb.cluster: expected one of auto, off, got "prod"'],
    ['a cluster by truth', 'metallb: { cluster: false }', 'metallb.cluster: expected one of auto, off, got false'],
    [
      'an empty context',
      'metallb: { context: "" }',
      'metallb.context: expected a text of 1 to 253 characters on one line, got ""',
    ],
    ['a namespace that is none', 'metallb: { namespace: MetalLB }', `metallb.namespace: ${NAMESPACE_NAME}, got "MetalLB"`],
    ['a key that is near', 'metallb: { kubconfig: /k }', 'metallb.kubconfig: unknown key (did you mean "kubeconfig"?)'],
    [
      'a pool without name',
      'metallb: { pools: [{ addresses: [192.0.2.1] }] }',
      `metallb.pools[0].name: is required: ${POOL_NAME}`,
    ],
    [
      'a pool name with an underscore',
      'metallb: { pools: [{ name: a_b, addresses: [192.0.2.1] }] }',
      `metallb.pools[0].name: ${POOL_NAME}, got "a_b"`,
    ],
    [
      'a pool without addresses',
      pools(''),
      'metallb.pools[0].addresses: expected at least one range or network, got an empty list',
    ],
    [
      'host bits, with what MetalLB would make of them',
      pools('192.0.2.5/28'),
      'metallb.pools[0].addresses[0]: "192.0.2.5/28" has host bits set: MetalLB takes it as 192.0.2.0-192.0.2.15; write the range or the network that is meant',
    ],
    [
      'IPv6',
      pools('"2001:db8::/64"'),
      'metallb.pools[0].addresses[0]: "2001:db8::/64" is IPv6: only IPv4 is guarded, leave it out',
    ],
    ['multicast', pools('233.252.0.0/24'), 'metallb.pools[0].addresses[0]: expected unicast addresses, got "233.252.0.0/24"'],
    [
      'a range backwards',
      pools('192.0.2.9-192.0.2.1'),
      'metallb.pools[0].addresses[0]: "192.0.2.9-192.0.2.1" is not a range (the first address is after the last)',
    ],
    [
      'a range of 65537 addresses',
      pools('198.18.0.0-198.19.0.0'),
      'metallb.pools[0].addresses[0]: expected at most 65536 addresses (these are 65537), got "198.18.0.0-198.19.0.0"',
    ],
    [
      'a pool of 65537 addresses in parts',
      pools('198.18.0.0/16, 192.0.2.1'),
      'metallb.pools[0].addresses: expected at most 65536 addresses in one pool (these are 65537), got a list',
    ],
    [
      'pools that overlap',
      pools('192.0.2.0/28', '192.0.2.99, 192.0.2.15-192.0.2.20'),
      'metallb.pools[1].addresses[1]: expected addresses of no other pool (it overlaps 192.0.2.0-192.0.2.15 of pools[0].addresses[0]), got "192.0.2.15-192.0.2.20"',
    ],
    [
      'a pool that overlaps itself',
      pools('192.0.2.0/28, 192.0.2.5'),
      'metallb.pools[0].addresses[1]: expected addresses of no other pool (it overlaps 192.0.2.0-192.0.2.15 of pools[0].addresses[0]), got "192.0.2.5"',
    ],
    [
      'a pool name twice',
      'metallb: { pools: [{ name: a, addresses: [192.0.2.1] }, { name: a, addresses: [192.0.2.2] }] }',
      'metallb.pools[1].name: expected a name of its own (pools[0] has it already), got "a"',
    ],
    [
      '257 ranges',
      pools(Array.from({ length: 257 }, (_, i) => `198.51.${(i * 2) >> 8}.${(i * 2) & 255}`).join(', ')),
      'metallb.pools[0].addresses: expected at most 256 ranges or networks, got a list',
    ],
    [
      'a speaker of another kind',
      'metallb: { speakers: [7] }',
      'metallb.speakers[0]: expected a MAC address, or a mapping with mac and node, got 7',
    ],
    [
      'half a MAC',
      'metallb: { speakers: ["02:00:00"] }',
      'metallb.speakers[0]: "02:00:00" is not a MAC address (expected six hex pairs like 52:54:00:12:34:56)',
    ],
    [
      'a group MAC',
      'metallb: { speakers: [{ mac: "01:00:5e:00:00:01" }] }',
      'metallb.speakers[0].mac: expected the MAC address of one node (this one is nobody, or a group), got "01:00:5e:00:00:01"',
    ],
    [
      'a node name in capitals',
      'metallb: { speakers: [{ mac: "02:00:00:00:00:01", node: Worker }] }',
      `metallb.speakers[0].node: ${NODE_NAME}, got "Worker"`,
    ],
    [
      'a speaker twice, in two forms',
      'metallb: { speakers: ["02:00:00:00:00:0a", { mac: 02-00-00-00-00-0A, node: a }] }',
      'metallb.speakers[1].mac: expected a MAC address of its own (speakers[0] has it already), got "02-00-00-00-00-0A"',
    ],
    [
      'a quiet time too short',
      'guard: { closeAfter: 9s }',
      'guard.closeAfter: expected a duration from 10s to 7d, like 90s, 10m, 72h or 14d, got "9s"',
    ],
    [
      'a grace time too long',
      'guard: { splitBrainGrace: 61m }',
      'guard.splitBrainGrace: expected a duration from 1s to 1h, like 90s, 10m, 72h or 14d, got "61m"',
    ],
  ])('%s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(`1: ${problem}`)]);
  });

  it('all at once, rules between values too', () => {
    const text = [
      'metallb:',
      '  pools:',
      '    - { name: a, addresses: [192.0.2.0/28, 192.0.2.300] }',
      '    - { name: a, addresses: [192.0.2.3], colour: red }',
      'guard: { closeAfter: 1s }',
    ].join('\n');
    expect(problemsOf(text).map((problem) => problem.split(': ', 2).join(' '))).toEqual([
      '3 metallb.pools[0].addresses[1]',
      '4 metallb.pools[1].colour',
      '4 metallb.pools[1].name',
      '4 metallb.pools[1].addresses[0]',
      '5 guard.closeAfter',
    ]);
  });
});
