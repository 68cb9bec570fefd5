import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/system/config.ts';
import { configWarnings } from '../../src/system/config-warnings.ts';

const LAN = 'segments: [{ name: lan, interface: eth0, cidr: 192.0.2.0/24 }]';
const SPEAKERS = 'speakers: ["02:00:00:00:00:01"]';
const warningsOf = (...lines: string[]): readonly string[] => configWarnings(parseConfig(lines.join('\n'), 'f'));

describe('configWarnings', () => {
  it.each([
    ['the defaults', ''],
    ['a pool in a segment, with speakers', LAN, `metallb: { pools: [{ name: p, addresses: [192.0.2.200/29] }], ${SPEAKERS} }`],
    [
      'a pool that may lie in a segment whose network is only known by its interface',
      'segments: [{ name: lan, interface: eth0 }]',
      `metallb: { pools: [{ name: p, addresses: [203.0.113.1] }], ${SPEAKERS} }`,
    ],
    [
      'a pool across two segments that touch',
      'segments: [{ name: a, interface: a, cidr: 192.0.2.0/25 }, { name: b, interface: b, cidr: 192.0.2.128/25 }]',
      `metallb: { pools: [{ name: p, addresses: [192.0.2.120-192.0.2.130] }], ${SPEAKERS} }`,
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
      `metallb: { pools: [{ name: p, addresses: [192.0.2.250-192.0.3.4, 203.0.113.9] }], ${SPEAKERS} }`,
      'metallb.pools: 192.0.3.0-192.0.3.4, 203.0.113.9 of pool p lie in no segment: nobody watches them.',
    ],
    [
      'a pool in many parts outside',
      `metallb: { pools: [{ name: p, addresses: [${[1, 3, 5, 7, 9, 11, 13].map((i) => `203.0.113.${i}`).join(', ')}] }], ${SPEAKERS} }`,
      'metallb.pools: 203.0.113.1, 203.0.113.3, 203.0.113.5, 203.0.113.7, 203.0.113.9 and 2 more of pool p lie in no segment: nobody watches them.',
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
      'metallb.pools: 192.0.2.1 of pool p lie in no segment: nobody watches them.',
    ]);
  });
});
