/**
 * fast-check values of each codec: everything that its decoder can give.
 */
import fc from 'fast-check';
import { type Ipv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import { macFromBytes } from '../../../src/core/address/mac.ts';
import type { Arp, ArpFrame } from '../../../src/core/codec/arp.ts';
import { DHCP_MESSAGE_TYPES, type DhcpMessage } from '../../../src/core/codec/dhcp.ts';
import { ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN, type EthernetFrame, type VlanTag } from '../../../src/core/codec/ethernet.ts';
import type { Icmp, IcmpEcho, IcmpUnreachable } from '../../../src/core/codec/icmp.ts';
import type { Ipv4Packet } from '../../../src/core/codec/ipv4.ts';
import type { UdpDatagram } from '../../../src/core/codec/udp.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength });

/** Edges often: they are where signs and wraps go wrong. */
export const anyAddress: fc.Arbitrary<Ipv4> = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff), u32).map(ipv4);
export const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macFromBytes(bytes, 0));
const hostMac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => macFromBytes(bytes.with(0, (bytes[0] ?? 0) & 0xfe), 0));

const vlanTag: fc.Arbitrary<VlanTag> = fc.record({
  type: fc.constantFrom(ETHERTYPE_VLAN, ETHERTYPE_SERVICE_VLAN),
  priority: fc.nat(7),
  dropEligible: fc.boolean(),
  id: fc.nat(4095),
});

export const ethernetFrame: fc.Arbitrary<EthernetFrame> = fc.record({
  destination: anyMac,
  source: anyMac,
  vlans: fc.array(vlanTag, { maxLength: 2 }),
  etherType: fc
    .integer({ min: 0x0600, max: 0xffff })
    .filter((type) => type !== ETHERTYPE_VLAN && type !== ETHERTYPE_SERVICE_VLAN),
  payload: bytesUpTo(80),
});

const arpFields = {
  operation: fc.constantFrom('request', 'reply'),
  senderMac: hostMac,
  senderAddress: anyAddress,
  targetMac: anyMac,
  targetAddress: anyAddress,
} as const;

export const arp: fc.Arbitrary<Arp> = fc.record(arpFields);

export const arpFrame: fc.Arbitrary<ArpFrame> = fc.record({
  ...arpFields,
  etherSource: anyMac,
  etherDestination: anyMac,
  vlanIds: fc.array(fc.nat(4095), { maxLength: 2 }),
});

export const ipv4Packet: fc.Arbitrary<Ipv4Packet> = fc.record({
  trafficClass: u8,
  identification: u16,
  dontFragment: fc.boolean(),
  timeToLive: u8,
  protocol: u8,
  source: anyAddress,
  destination: anyAddress,
  payload: bytesUpTo(80),
});

export const udpDatagram: fc.Arbitrary<UdpDatagram> = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  payload: bytesUpTo(80),
});

const icmpEcho: fc.Arbitrary<IcmpEcho> = fc.record({
  kind: fc.constantFrom('echo-request', 'echo-reply'),
  identifier: u16,
  sequence: u16,
  payload: bytesUpTo(80),
});

const icmpUnreachable: fc.Arbitrary<IcmpUnreachable> = fc.record({
  kind: fc.constant('destination-unreachable'),
  code: u8,
  quoted: fc.record({
    protocol: u8,
    source: anyAddress,
    destination: anyAddress,
    data: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
});

export const icmp: fc.Arbitrary<Icmp> = fc.oneof(icmpEcho, icmpUnreachable);

/** As the decoder leaves it: printable, no blanks around it, not empty. */
const hostname = fc
  .array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: 255 })
  .map((codes) => String.fromCharCode(...codes).trim())
  .map((text) => (text === '' ? null : text));
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

export const dhcpMessage: fc.Arbitrary<DhcpMessage> = fc.record({
  messageType: fc.constantFrom(...DHCP_MESSAGE_TYPES),
  hops: u8,
  transactionId: u32,
  elapsedSeconds: u16,
  broadcast: fc.boolean(),
  clientAddress: anyAddress,
  yourAddress: anyAddress,
  nextServerAddress: anyAddress,
  relayAddress: anyAddress,
  clientMac: anyMac,
  requestedAddress: orNull(anyAddress),
  serverId: orNull(anyAddress),
  leaseSeconds: orNull(u32),
  renewalSeconds: orNull(u32),
  rebindingSeconds: orNull(u32),
  hostname,
  // Beyond 255 bytes: cut into parts on the wire (RFC 3396).
  clientId: orNull(fc.uint8Array({ minLength: 1, maxLength: 600 })),
  subnetMask: orNull(anyAddress),
  routers: fc.array(anyAddress, { maxLength: 63 }),
});
