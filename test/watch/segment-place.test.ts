import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../src/core/address/cidr.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { formatRange } from '../../src/core/address/range.ts';
import type { InterfaceFacts } from '../../src/link/types.ts';
import type { SegmentConfig } from '../../src/system/config-types.ts';
import { placeSegment } from '../../src/watch/segment-place.ts';

const ip = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

const config = (over: Partial<SegmentConfig> = {}): SegmentConfig => ({
  name: 'lan',
  interface: 'lan0',
  cidr: null,
  method: 'auto',
  schedule: '*/30 * * * * *',
  rate: 500,
  exclude: [],
  reserved: [],
  controls: [],
  ...over,
});
const facts = (over: Partial<InterfaceFacts> = {}): InterfaceFacts => ({
  name: 'lan0',
  index: 2,
  mac: '02:00:00:00:00:01' as Mac,
  mtu: 1500,
  adminUp: true,
  running: true,
  loopback: false,
  addresses: [{ address: ip('192.0.2.5'), network: cidr('192.0.2.0/24') }],
  gateways: [ip('192.0.2.1')],
  ...over,
});
const place = (...args: Parameters<typeof placeSegment>) => {
  const placing = placeSegment(...args);
  if (placing.state !== 'placed') throw new Error(placing.detail);
  return placing.place;
};
const roles = (found: ReturnType<typeof place>) =>
  Object.fromEntries(found.infrastructure.map(({ address, role }) => [role, formatIpv4(address)]));

describe('placeSegment()', () => {
  it('takes the interface its own network when the configuration names none', () => {
    const found = place(config(), [facts()], null);
    expect([formatRange(found.range), found.method, found.ownAddress]).toEqual(['192.0.2.0-192.0.2.255', 'arp', ip('192.0.2.5')]);
    expect(roles(found)).toEqual({ network: '192.0.2.0', broadcast: '192.0.2.255', own: '192.0.2.5', gateway: '192.0.2.1' });
  });

  it('takes network and broadcast from the wire and not from the part that is watched', () => {
    const found = place(config({ cidr: cidr('192.0.2.128/25') }), [facts()], null);
    expect(roles(found)).toEqual({ broadcast: '192.0.2.255' });
  });

  it('has no broadcast in a /31', () => {
    const network = cidr('192.0.2.4/31');
    expect(roles(place(config(), [facts({ addresses: [{ address: ip('192.0.2.5'), network }], gateways: [] })], null))).toEqual({
      own: '192.0.2.5',
    });
  });

  it('sweeps by ICMP what is not on the link', () => {
    expect(place(config({ cidr: cidr('203.0.113.0/24') }), [facts()], null).method).toBe('icmp');
    expect(place(config({ cidr: cidr('203.0.113.0/24'), interface: null }), [], null).method).toBe('icmp');
  });

  it('sweeps by ARP where it is told to, with no address of its own', () => {
    const found = place(config({ cidr: cidr('203.0.113.0/24'), method: 'arp' }), [facts()], null);
    expect([found.method, found.ownAddress]).toEqual(['arp', null]);
  });

  it('knows what this machine holds on its other interfaces for its own: nobody is heard to answer for that', () => {
    const loopback = facts({
      name: 'lo',
      index: 1,
      loopback: true,
      addresses: [{ address: ip('192.0.2.77'), network: cidr('192.0.2.77/32') }],
    });
    const found = place(config(), [loopback, facts()], null);
    expect([found.own, found.ownAddress]).toEqual([[ip('192.0.2.77'), ip('192.0.2.5')], ip('192.0.2.5')]);
  });

  it('names the wire, so that looks on one prove nothing about another', () => {
    expect(place(config(), [facts()], null).wire).toBe('arp:lan0');
    expect(place(config({ cidr: cidr('203.0.113.0/24') }), [facts()], null).wire).toBe('icmp');
  });

  const waits: readonly [name: string, config: SegmentConfig, facts: InterfaceFacts | undefined, reason: string][] = [
    ['the interface is not there', config(), undefined, 'interface-gone'],
    ['it is switched off', config(), facts({ adminUp: false, running: false }), 'link-down'],
    ['the cable is out', config(), facts({ running: false }), 'link-down'],
    ['it has no address and no network is named', config(), facts({ addresses: [] }), 'address-lost'],
    [
      'its network is larger than a /16',
      config(),
      facts({ addresses: [{ address: ip('10.0.0.1'), network: cidr('10.0.0.0/8') }] }),
      'network-too-large',
    ],
  ];
  it.each(waits)('waits while %s', (_name, wanted, found, reason) => {
    expect(placeSegment(wanted, found === undefined ? [] : [found], null)).toMatchObject({ state: 'waiting', reason });
  });

  it('waits when the address that it had is lost, and stays an ARP segment meanwhile', () => {
    const before = place(config(), [facts()], null);
    expect(placeSegment(config(), [facts({ addresses: [] })], before)).toMatchObject({
      state: 'waiting',
      reason: 'address-lost',
    });
    const elsewhere = facts({ addresses: [{ address: ip('198.51.100.5'), network: cidr('198.51.100.0/24') }] });
    expect(placeSegment(config(), [elsewhere], before)).toMatchObject({ state: 'waiting', reason: 'address-lost' });
  });

  it('does not miss an address that it never had', () => {
    const wanted = config({ cidr: cidr('192.0.2.0/24') });
    const before = place(wanted, [facts({ addresses: [] })], null);
    expect(place(wanted, [facts({ addresses: [] })], before).method).toBe('arp');
  });
});
