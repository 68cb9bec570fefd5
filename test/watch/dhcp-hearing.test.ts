import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { DhcpMessage } from '../../src/core/codec/dhcp.ts';
import { handedOut } from '../../src/watch/dhcp-hearing.ts';
import { anyAddress, dhcpMessage } from '../core/codec/arbitraries.ts';

const ip = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const NONE = ip('0.0.0.0');
const CLIENT = '02:00:00:00:00:aa' as Mac;
const SENDER = '02:00:00:00:00:01' as Mac;
const SOURCE = ip('192.0.2.3');

const message = (messageType: DhcpMessage['messageType'], over: Partial<DhcpMessage> = {}): DhcpMessage => ({
  messageType,
  hops: 0,
  transactionId: 1,
  elapsedSeconds: 0,
  broadcast: false,
  clientAddress: NONE,
  yourAddress: NONE,
  nextServerAddress: NONE,
  relayAddress: NONE,
  clientMac: CLIENT,
  requestedAddress: null,
  serverId: null,
  leaseSeconds: null,
  renewalSeconds: null,
  rebindingSeconds: null,
  hostname: null,
  clientId: null,
  subnetMask: null,
  routers: [],
  ...over,
});
/** What the server with option 54 says of 192.0.2.50, for an hour. */
const GIVES = { serverId: ip('192.0.2.1'), yourAddress: ip('192.0.2.50'), leaseSeconds: 3600 };

/** `SERVER gives ADDRESS by MAC`, or the reason. */
const heard = (of: DhcpMessage, source: Ipv4 = SOURCE): string => {
  const told = handedOut(of, SENDER, source);
  if (!told.ok) return told.error;
  const { server, address, mac } = told.value;
  return `${formatIpv4(server)} gives ${address === null ? 'nothing' : formatIpv4(address)} by ${mac}`;
};

describe('handedOut()', () => {
  const cases: readonly (readonly [name: string, DhcpMessage, expected: string])[] = [
    ['an OFFER', message('offer', GIVES), `192.0.2.1 gives 192.0.2.50 by ${SENDER}`],
    [
      'an OFFER without a lease time',
      message('offer', { ...GIVES, leaseSeconds: null }),
      `192.0.2.1 gives 192.0.2.50 by ${SENDER}`,
    ],
    ['an ACK', message('ack', GIVES), `192.0.2.1 gives 192.0.2.50 by ${SENDER}`],
    [
      'an ACK by way of a relay: its MAC is what was heard',
      message('ack', { ...GIVES, relayAddress: ip('192.0.2.2'), hops: 1 }),
      `192.0.2.1 gives 192.0.2.50 by ${SENDER}`,
    ],
    [
      'an ACK to an INFORM',
      message('ack', { ...GIVES, yourAddress: NONE, leaseSeconds: null, clientAddress: ip('192.0.2.60') }),
      `192.0.2.1 gives nothing by ${SENDER}`,
    ],
    [
      'an ACK to an INFORM that repeats its address',
      message('ack', { ...GIVES, leaseSeconds: null }),
      `192.0.2.1 gives nothing by ${SENDER}`,
    ],
    ['a NAK', message('nak', { ...GIVES, leaseSeconds: null }), `192.0.2.1 gives nothing by ${SENDER}`],
    [
      'an OFFER without option 54, but with siaddr',
      message('offer', { ...GIVES, serverId: null, nextServerAddress: ip('192.0.2.4') }),
      `192.0.2.4 gives 192.0.2.50 by ${SENDER}`,
    ],
    ['an OFFER with neither', message('offer', { ...GIVES, serverId: null }), `192.0.2.3 gives 192.0.2.50 by ${SENDER}`],
    [
      'a REQUEST that takes an offer up: the address is the server’s, the MAC is not',
      message('request', { serverId: ip('192.0.2.1'), requestedAddress: ip('192.0.2.50') }),
      '192.0.2.1 gives 192.0.2.50 by null',
    ],
    [
      'a REQUEST by who has an address already',
      message('request', { serverId: ip('192.0.2.1'), clientAddress: ip('192.0.2.60') }),
      '192.0.2.1 gives nothing by null',
    ],
    [
      'a DECLINE',
      message('decline', { serverId: ip('192.0.2.1'), requestedAddress: ip('192.0.2.50') }),
      '192.0.2.1 gives nothing by null',
    ],
    ['a RELEASE', message('release', { serverId: ip('192.0.2.1') }), '192.0.2.1 gives nothing by null'],
    ['a REQUEST for no server in particular', message('request', { requestedAddress: ip('192.0.2.50') }), 'dhcp-names-no-server'],
    ['a DISCOVER', message('discover', { serverId: ip('192.0.2.1') }), 'dhcp-names-no-server'],
    ['an INFORM', message('inform'), 'dhcp-names-no-server'],
  ];
  it.each(cases)('%s', (_name, of, expected) => {
    expect(heard(of)).toBe(expected);
  });

  it.each(['0.0.0.0', '0.1.2.3', '127.0.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'])(
    'believes in no server, and no address, %s',
    (impossible) => {
      const it = ip(impossible);
      expect(heard(message('offer', { ...GIVES, serverId: it }))).toBe('dhcp-impossible-server');
      expect(heard(message('request', { serverId: it }))).toBe('dhcp-impossible-server');
      expect(heard(message('nak'), it)).toBe('dhcp-impossible-server');
      expect(heard(message('ack', { ...GIVES, yourAddress: it }))).toBe(
        it === NONE ? `192.0.2.1 gives nothing by ${SENDER}` : 'dhcp-impossible-address',
      );
    },
  );

  it('throws on nothing, and tells of nobody that no host can be', () => {
    fc.assert(
      fc.property(dhcpMessage, anyAddress, (of, source) => {
        const told = handedOut(of, SENDER, source);
        if (!told.ok) return;
        const { server, address } = told.value;
        for (const one of address === null ? [server] : [server, address]) {
          expect(one >>> 24).toBeGreaterThan(0);
          expect(one >>> 24).toBeLessThan(224);
        }
      }),
    );
  });
});
