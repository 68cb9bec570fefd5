import { describe, expect, it } from 'vitest';
import { type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../src/core/address/mac.ts';
import { parseRange } from '../../src/core/address/range.ts';
import type { ArpFrame } from '../../src/core/codec/arp.ts';
import type { DhcpMessage } from '../../src/core/codec/dhcp.ts';
import { decodeDhcp, encodeDhcp } from '../../src/core/codec/dhcp.ts';
import { sightingOfArp, sightingOfDhcp } from '../../src/watch/sightings.ts';

const ip = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const range = parseRange('192.0.2.0/24');
if (!range.ok) throw new Error(range.error);

const OWN = '02:00:00:00:00:01' as Mac;
const HOST = '02:00:00:00:00:aa' as Mac;
const OURS = ip('192.0.2.5');
const OTHER_CARD = '02:00:00:00:00:02' as Mac;
const context = { segment: 'lan', range: range.value, ownMac: OWN, ownMacs: [OWN, OTHER_CARD], own: [OURS] };

const frame = (over: Partial<ArpFrame>): ArpFrame => ({
  etherSource: HOST,
  etherDestination: BROADCAST_MAC,
  vlanIds: [],
  operation: 'request',
  senderMac: HOST,
  senderAddress: ip('192.0.2.10'),
  targetMac: ZERO_MAC,
  targetAddress: ip('192.0.2.20'),
  ...over,
});

describe('sightingOfArp()', () => {
  const says: readonly [name: string, frame: ArpFrame, address: string, source: string][] = [
    ['a reply: its sender uses the sender address', frame({ operation: 'reply', targetMac: OWN }), '192.0.2.10', 'arp-reply'],
    ['a request: its sender uses the sender address', frame({}), '192.0.2.10', 'arp-request'],
    [
      'a probe: its sender is about to use the target address',
      frame({ senderAddress: ip('0.0.0.0') }),
      '192.0.2.20',
      'arp-probe',
    ],
    ['an announcement', frame({ targetAddress: ip('192.0.2.10') }), '192.0.2.10', 'arp-announcement'],
    [
      'a request for something else by an address of ours',
      frame({ targetAddress: ip('198.51.100.1') }),
      '192.0.2.10',
      'arp-request',
    ],
  ];
  it.each(says)('takes %s', (_name, arp, address, source) => {
    const seen = sightingOfArp(arp, context, 1000);
    expect(seen).toEqual({ ok: true, value: { segment: 'lan', address: ip(address), mac: HOST, atMs: 1000, source } });
  });

  it('takes what carries our MAC but no address of ours: somebody else is behind it', () => {
    const cloned = sightingOfArp(frame({ operation: 'reply', etherSource: OWN, senderMac: OWN }), context, 1000);
    expect(cloned.ok && cloned.value).toMatchObject({ address: ip('192.0.2.10'), mac: OWN, source: 'arp-reply' });
  });

  const refuses: readonly [name: string, frame: ArpFrame, reason: string][] = [
    ['our own request', frame({ etherSource: OWN, senderMac: OWN, senderAddress: OURS }), 'own-frame'],
    ['an echo of our own probe by an access point', frame({ senderMac: OWN, senderAddress: ip('0.0.0.0') }), 'own-frame'],
    [
      'a probe by another interface of this machine on the same wire',
      frame({ etherSource: OTHER_CARD, senderMac: OTHER_CARD, senderAddress: ip('0.0.0.0') }),
      'own-frame',
    ],
    ['a sender outside the segment', frame({ senderAddress: ip('198.51.100.7') }), 'outside-segment'],
    [
      'a probe for an address outside',
      frame({ senderAddress: ip('0.0.0.0'), targetAddress: ip('198.51.100.7') }),
      'outside-segment',
    ],
    ['a sender without a MAC', frame({ senderMac: ZERO_MAC }), 'not-a-host'],
    [
      'a reply by nobody',
      frame({ operation: 'reply', senderAddress: ip('0.0.0.0'), targetAddress: ip('0.0.0.1') }),
      'not-a-host',
    ],
  ];
  it.each(refuses)('refuses %s', (_name, arp, reason) => {
    expect(sightingOfArp(arp, context, 1000)).toEqual({ ok: false, error: reason });
  });
});

describe('sightingOfDhcp()', () => {
  const message = (over: Partial<DhcpMessage>): DhcpMessage => {
    const base = decodeDhcp(
      encodeDhcp({
        messageType: 'request',
        transactionId: 7,
        secondsElapsed: 0,
        broadcast: false,
        clientAddress: ip('0.0.0.0'),
        yourAddress: ip('0.0.0.0'),
        nextServerAddress: ip('0.0.0.0'),
        relayAddress: ip('0.0.0.0'),
        clientMac: HOST,
        requestedAddress: null,
        serverId: null,
        leaseSeconds: null,
        hostname: 'printer',
        clientId: null,
        subnetMask: null,
        routers: [],
        ...over,
      } as DhcpMessage),
    );
    if (!base.ok) throw new Error(base.error);
    return base.value;
  };

  const says: readonly [name: string, over: Partial<DhcpMessage>, address: string, source: string, mac: Mac | null][] = [
    ['a REQUEST in SELECTING', { requestedAddress: ip('192.0.2.50') }, '192.0.2.50', 'dhcp-request', HOST],
    ['a REQUEST in REBINDING', { clientAddress: ip('192.0.2.51') }, '192.0.2.51', 'dhcp-request', HOST],
    ['an OFFER', { messageType: 'offer', yourAddress: ip('192.0.2.52') }, '192.0.2.52', 'dhcp-offer', HOST],
    ['an ACK', { messageType: 'ack', yourAddress: ip('192.0.2.53'), leaseSeconds: 60 }, '192.0.2.53', 'dhcp-ack', HOST],
    [
      'a DECLINE: somebody else has it',
      { messageType: 'decline', requestedAddress: ip('192.0.2.54') },
      '192.0.2.54',
      'dhcp-decline',
      null,
    ],
  ];
  it.each(says)('takes %s', (_name, over, address, source, mac) => {
    const seen = sightingOfDhcp(message(over), HOST, context, 5000);
    expect(seen.ok && seen.value.sighting).toMatchObject({ address: ip(address), source, mac, hostname: 'printer', atMs: 5000 });
  });

  it('makes a lease of an ACK only', () => {
    const ack = sightingOfDhcp(
      message({ messageType: 'ack', yourAddress: ip('192.0.2.53'), leaseSeconds: 60 }),
      HOST,
      context,
      5000,
    );
    expect(ack.ok && ack.value.lease).toMatchObject({ address: ip('192.0.2.53'), endsMs: 65_000, mac: HOST });
    const endless = sightingOfDhcp(
      message({ messageType: 'ack', yourAddress: ip('192.0.2.53'), leaseSeconds: 0xffffffff }),
      HOST,
      context,
      5000,
    );
    expect(endless.ok && endless.value.lease?.endsMs).toBe(Number.POSITIVE_INFINITY);
    const offer = sightingOfDhcp(
      message({ messageType: 'offer', yourAddress: ip('192.0.2.52'), leaseSeconds: 60 }),
      HOST,
      context,
      5000,
    );
    expect(offer.ok && offer.value.lease).toBeNull();
  });

  it.each(['discover', 'nak', 'inform'] as const)('refuses a %s: it names no address', (messageType) => {
    expect(sightingOfDhcp(message({ messageType }), HOST, context, 0)).toEqual({ ok: false, error: 'dhcp-names-no-address' });
  });
});
