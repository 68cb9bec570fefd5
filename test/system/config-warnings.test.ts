import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/system/config.ts';
import { configNotes, configWarnings } from '../../src/system/config-warnings.ts';
import { sweepTimes } from '../../src/system/sweep-times.ts';

const LAN = 'segments: [{ name: lan, interface: eth0, cidr: 192.0.2.0/24 }]';
const SPEAKERS = 'speakers: ["02:00:00:00:00:01"]';
const warningsOf = (...lines: string[]): readonly string[] => configWarnings(parseConfig(lines.join('\n'), 'f'));

describe('configWarnings', () => {
  it.each([
    ['the defaults', ''],
    [
      'a pool without speakers beside a cluster',
      LAN,
      'metallb: { kubeconfig: /k, pools: [{ name: p, addresses: [192.0.2.200/29] }] }',
    ],
    ['speakers beside a cluster', LAN, `metallb: { kubeconfig: /k, ${SPEAKERS} }`],
    ['a pool in a segment, with speakers', LAN, `metallb: { pools: [{ name: p, addresses: [192.0.2.200/29] }], ${SPEAKERS} }`],
    [
      'a pool that may lie in a segment whose network is only known by its interface',
      'segments: [{ name: lan, interface: eth0 }]',
      `metallb: { pools: [{ name: p, addresses: [203.0.113.1] }], ${SPEAKERS} }`,
    ],
    [
      'a pool across two segments that touch',
      'segments: [{ name: a, interface: a, cidr: 192.0.2.0/25 }, { name: b, interface: b, cidr: 192.0.2.128/25 }]',
      `metallb: { pools: [{ name: p, addresses: [192.0.2.120-192.0.2.126, 192.0.2.129-192.0.2.130] }], ${SPEAKERS} }`,
    ],
  ])('has nothing to say of %s', (_, ...lines) => {
    expect(warningsOf(...lines)).toEqual([]);
  });

  it.each([
    [
      'pools without speakers',
      'metallb: { pools: [{ name: p, addresses: [192.0.2.1] }] }',
      "metallb.pools has no metallb.speakers beside it: every use of a pool address is a conflict, the cluster's own too. Name the MAC addresses of the nodes.",
    ],
    [
      'speakers without pools',
      `metallb: { ${SPEAKERS} }`,
      'metallb.speakers has no metallb.pools beside it: no address is guarded.',
    ],
    [
      'a pool that is partly outside',
      `metallb: { pools: [{ name: p, addresses: [192.0.2.250-192.0.2.254, 192.0.3.0-192.0.3.4, 203.0.113.9] }], ${SPEAKERS} }`,
      'metallb.pools: 192.0.3.0-192.0.3.4, 203.0.113.9 of pool p lie in no segment that is heard: nobody watches them.',
    ],
    [
      'a pool in many parts outside',
      `metallb: { pools: [{ name: p, addresses: [${[1, 3, 5, 7, 9, 11, 13].map((i) => `203.0.113.${i}`).join(', ')}] }], ${SPEAKERS} }`,
      'metallb.pools: 203.0.113.1, 203.0.113.3, 203.0.113.5, 203.0.113.7, 203.0.113.9 and 2 more of pool p lie in no segment that is heard: nobody watches them.',
    ],
    [
      'no channels',
      'alerts: { channels: [] }',
      'alerts.channels is empty: conflicts are told to nobody; `freehold conflicts` and the log show them.',
    ],
  ])('warns of %s', (_, line, warning) => {
    expect(warningsOf(LAN, line)).toEqual([warning]);
  });

  it('warns of a pool where there is no segment at all', () => {
    expect(warningsOf(`metallb: { pools: [{ name: p, addresses: [192.0.2.1] }], ${SPEAKERS} }`)).toEqual([
      'metallb.pools: 192.0.2.1 of pool p lie in no segment that is heard: nobody watches them.',
    ]);
  });

  const pool = (...ranges: string[]): string =>
    `metallb: { pools: [{ name: p, addresses: [${ranges.join(', ')}] }], ${SPEAKERS} }`;

  it.each<[string, readonly string[], readonly string[]]>([
    [
      'the edges of a network',
      [LAN, pool('192.0.2.0-192.0.2.3', '192.0.2.250-192.0.2.255')],
      [
        'metallb.pools: pool p holds 192.0.2.0, the network address of segment lan (unless its cidr is only a part of the network): no Service can have it.',
        'metallb.pools: pool p holds 192.0.2.255, the broadcast address of segment lan (unless its cidr is only a part of the network): no Service can have it.',
      ],
    ],
    ['a network without edges', ['segments: [{ name: lan, interface: eth0, cidr: 192.0.2.4/31 }]', pool('192.0.2.4/31')], []],
    [
      'a pool that is never probed in part',
      [
        'segments: [{ name: lan, interface: eth0, cidr: 192.0.2.0/24, exclude: [192.0.2.198-192.0.2.201] }]',
        pool('192.0.2.200/29'),
      ],
      [
        'segment lan: 192.0.2.200-192.0.2.201 of pool p is in exclude and never probed: a stranger there is only heard if it speaks, and its conflict closes by silence alone.',
      ],
    ],
    [
      'a pool that only a routed segment holds',
      ['segments: [{ name: far, method: icmp, cidr: 192.0.2.0/24 }]', pool('192.0.2.200/31')],
      ['metallb.pools: 192.0.2.200-192.0.2.201 of pool p lie in no segment that is heard: nobody watches them.'],
    ],
  ])('of pools: %s', (_, lines, warnings) => {
    expect(warningsOf(...lines)).toEqual(warnings);
  });

  const every = (schedule: string, more = ''): string =>
    `segments: [{ name: lan, interface: eth0, schedule: "${schedule}"${more} }]`;
  const RARE =
    'segment lan: its schedule gives some 73 sweeps in proof.quietFor (72 h), and proof.minSweeps asks for 100: no address can be proven free.';
  it.each<[string, readonly string[], readonly string[]]>([
    ['every minute', [every('* * * * *')], []],
    [
      'every hour',
      [every('0 * * * *')],
      [
        RARE,
        'segment lan: there are up to 1 h between two sweeps, and a look vouches for proof.maxGap (15 min): proofs have gaps, and an address may never be free.',
      ],
    ],
    ['every hour, and that is enough', [every('0 * * * *'), 'proof: { minSweeps: 73, maxGap: 1h }'], []],
    ['every hour, and one sweep too few', [every('0 * * * *'), 'proof: { maxGap: 1h }'], [RARE]],
    [
      'every 30 s, with a sweep that takes more than an hour',
      [every('*/30 * * * * *', ', cidr: 10.0.0.0/16, rate: 18'), 'proof: { minSweeps: 1, maxGap: 1h }'],
      [expect.stringContaining('up to 1 h 1 min between two sweeps')],
    ],
    ['the same at max', [every('*/30 * * * * *', ', cidr: 10.0.0.0/16, rate: max')], []],
  ])('of proofs: %s', (_, lines, warnings) => {
    expect(warningsOf(...lines)).toEqual(warnings);
  });
});

describe('configNotes', () => {
  const notesOf = (...lines: string[]): readonly string[] => configNotes(parseConfig(lines.join('\n'), 'f'));
  const POOL = `metallb: { pools: [{ name: p, addresses: [192.0.2.200/31] }], ${SPEAKERS} }`;
  it.each<[string, readonly string[], readonly string[]]>([
    ['a pool in a network that is named', [LAN, POOL], []],
    [
      'a pool, and a network that only its interface knows',
      ['segments: [{ name: lan, interface: eth0 }]', POOL],
      [
        'metallb.pools: whether anybody watches 192.0.2.200-192.0.2.201 of pool p cannot be told here: lan has no cidr, so only the interface knows the network. The log at the start and GET /pools tell.',
      ],
    ],
    [
      'a pool in a network that is named, beside others that are not',
      ['segments: [{ name: lan, interface: eth0, cidr: 192.0.2.0/24 }, { name: dmz, interface: eth1 }]', POOL],
      [],
    ],
    ['no pool', ['segments: [{ name: lan, interface: eth0 }]'], []],
  ])('%s', (_, lines, notes) => {
    expect(notesOf(...lines)).toEqual(notes);
  });
});

it('sweepTimes knows no times of a schedule that never starts', () => {
  expect(sweepTimes('0 0 30 2 *')).toBeNull();
  expect(sweepTimes('* * * * *')).toEqual({ meanMs: 60_000, longestMs: 60_000 });
});
