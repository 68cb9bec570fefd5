/** How large the network of a watched segment is known to be. */
import { describe, expect, it } from 'vitest';
import { lanOf, type SystemInterfaces } from '../../../src/cli/apply/segments.ts';
import { formatCidr } from '../../../src/core/address/cidr.ts';
import type { SegmentJson } from '../../../src/http/service.ts';

const segment = (more: Partial<SegmentJson> = {}): SegmentJson => ({
  name: 'lan',
  interface: 'lan0',
  cidr: '192.0.2.192/26',
  method: 'arp',
  schedule: '30s',
  rate: 200,
  state: 'idle',
  waitingFor: null,
  gateway: '192.0.2.193',
  ownAddresses: [],
  standIns: [],
  lastSweep: null,
  lastValidSweepAt: null,
  framesReceived: 0,
  kernelDrops: 0,
  ignored: {},
  ...more,
});

const HERE: SystemInterfaces = {
  lo: [{ address: '127.0.0.1', family: 'IPv4', cidr: '127.0.0.1/8' }],
  lan0: [
    { address: 'fe80::1', family: 'IPv6', cidr: 'fe80::1/64' },
    { address: '192.0.2.5', family: 'IPv4', cidr: '192.0.2.5/24' },
  ],
  vpn0: [{ address: '192.0.2.254', family: 'IPv4', cidr: '192.0.2.254/16' }],
};

describe('the network around a segment', () => {
  it.each<readonly [string, Partial<SegmentJson>, SystemInterfaces, string]>([
    ['is that of the interface which it is watched on', {}, HERE, '192.0.2.0/24 whole'],
    ['also where the segment is all of it', { cidr: '192.0.2.0/24', ownAddresses: ['192.0.2.5'] }, HERE, '192.0.2.0/24 whole'],
    ['is not known on another machine', {}, {}, '192.0.2.192/26 part'],
    ['nor from another interface', { interface: 'eth7' }, HERE, '192.0.2.192/26 part'],
    [
      'nor where the daemon has other addresses: it is another machine with an interface of that name',
      { cidr: '192.0.2.0/25', ownAddresses: ['192.0.2.77'] },
      HERE,
      '192.0.2.0/25 part',
    ],
    ['nor from an interface in another network', { cidr: '198.51.100.0/24' }, HERE, '198.51.100.0/24 part'],
    ['nor from one whose network is only a part of it', { cidr: '192.0.0.0/16' }, HERE, '192.0.0.0/16 part'],
    ['nor of a routed segment', { interface: null, method: 'icmp' }, HERE, '192.0.2.192/26 part'],
  ])('%s', (_, more, system, expected) => {
    const { networks } = lanOf([segment(more)], system);
    expect(networks.map(({ cidr, isWhole }) => `${formatCidr(cidr)} ${isWhole ? 'whole' : 'part'}`)).toEqual([expected]);
  });

  it('goes with gateways and own addresses', () => {
    const lan = lanOf([segment({ ownAddresses: ['192.0.2.200'] }), segment({ cidr: 'nonsense', gateway: null })], {});
    expect([lan.networks.length, lan.gateways.length, lan.own.length]).toEqual([1, 1, 1]);
  });
});
