/** ARP and DHCP frames that a test sends as somebody else. */
import { type Ipv4, ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { encodeArpFrame } from '../../src/core/codec/arp.ts';
import { type DhcpMessage, type DhcpMessageType, encodeDhcp } from '../../src/core/codec/dhcp.ts';
import { ETHERTYPE_IPV4, encodeEthernet } from '../../src/core/codec/ethernet.ts';
import { encodeIpv4, PROTOCOL_UDP } from '../../src/core/codec/ipv4.ts';
import { encodeUdp } from '../../src/core/codec/udp.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff' as Mac;
const NOBODY = '00:00:00:00:00:00' as Mac;

function ip(text: string): Ipv4 {
  const read = parseIpv4(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

const arp = (operation: 'request' | 'reply', senderMac: Mac, senderAddress: Ipv4, targetAddress: Ipv4, targetMac = NOBODY) =>
  encodeArpFrame({
    etherSource: senderMac,
    etherDestination: targetMac === NOBODY ? BROADCAST : targetMac,
    vlanIds: [],
    operation,
    senderMac,
    senderAddress,
    targetMac,
    targetAddress,
  });

/** RFC 5227: "this address is mine". */
export const announcement = (mac: Mac, address: string): Uint8Array => arp('request', mac, ip(address), ip(address));
/** RFC 5227: "does anybody have this address, which I want". */
export const probe = (mac: Mac, address: string): Uint8Array => arp('request', mac, ipv4(0), ip(address));
/** An ordinary question by somebody who uses `address`. */
export const request = (mac: Mac, address: string, target: string): Uint8Array => arp('request', mac, ip(address), ip(target));
/** What a MetalLB speaker sends when it takes an address over: a request and a reply, both by broadcast. */
export const metallbBurst = (mac: Mac, address: string): Uint8Array[] =>
  (['request', 'reply'] as const).map((operation) => arp(operation, mac, ip(address), ip(address), BROADCAST));

/** An answer to whoever has `toMac` and asked from `toAddress`; to everybody where that is left out. */
export const reply = (mac: Mac, address: string, toMac: Mac = BROADCAST, toAddress: string = address): Uint8Array =>
  arp('reply', mac, ip(address), ip(toAddress), toMac);

/** Bytes of a client's name as text that `encodeDhcp` turns into the same bytes again. */
const bytesAsText = (name: Uint8Array | string | null): string | null =>
  name === null || typeof name === 'string' ? name : Buffer.from(name).toString('latin1');

/** RFC 2131 section 4.3.2, SELECTING: the client takes the offer of `server`. */
export function dhcpRequest(mac: Mac, address: string, server: string, hostname: Uint8Array | string | null = null): Uint8Array {
  const names = { requestedAddress: ip(address), serverId: ip(server), hostname: bytesAsText(hostname) };
  return dhcpFrame(mac, { ...dhcpMessage('request', mac), ...names }, { source: ipv4(0), ports: [68, 67] });
}

/** RFC 2131 section 4.3.1: `server` gives the client the address for two hours. By broadcast, as clients may ask for. */
export function dhcpAck(
  serverMac: Mac,
  server: string,
  mac: Mac,
  address: string,
  hostname: Uint8Array | string | null = null,
): Uint8Array {
  const gives = { yourAddress: ip(address), serverId: ip(server), leaseSeconds: 7200, hostname: bytesAsText(hostname) };
  return dhcpFrame(serverMac, { ...dhcpMessage('ack', mac), ...gives }, { source: ip(server), ports: [67, 68] });
}

/** A message that says nothing yet. */
function dhcpMessage(messageType: DhcpMessageType, clientMac: Mac): DhcpMessage {
  return {
    messageType,
    hops: 0,
    transactionId: 1,
    elapsedSeconds: 0,
    broadcast: true,
    clientAddress: ipv4(0),
    yourAddress: ipv4(0),
    nextServerAddress: ipv4(0),
    relayAddress: ipv4(0),
    clientMac,
    requestedAddress: null,
    serverId: null,
    leaseSeconds: null,
    renewalSeconds: null,
    rebindingSeconds: null,
    hostname: null,
    clientId: null,
    subnetMask: null,
    routers: [],
  };
}

function dhcpFrame(
  mac: Mac,
  message: DhcpMessage,
  { source, ports: [sourcePort, destinationPort] }: { readonly source: Ipv4; readonly ports: readonly [number, number] },
): Uint8Array {
  const between = { source, destination: ipv4(0xffffffff) };
  const payload = encodeUdp({ sourcePort, destinationPort, payload: encodeDhcp(message) }, between);
  return encodeEthernet({
    source: mac,
    destination: BROADCAST,
    vlans: [],
    etherType: ETHERTYPE_IPV4,
    payload: encodeIpv4({
      ...between,
      trafficClass: 0,
      identification: 1,
      dontFragment: false,
      timeToLive: 64,
      protocol: PROTOCOL_UDP,
      payload,
    }),
  });
}
