/**
 * DHCPv4 messages over Ethernet (RFC 2131, options of RFC 2132): what names an address, who asks for it and for how long. Other
 * options are skipped and not kept; plain BOOTP is refused. Keeps no state of any exchange.
 */
import { type Ipv4, ipv4FromBytes, writeIpv4 } from '../address/ipv4.ts';
import { type Mac, macFromBytes, writeMac } from '../address/mac.ts';
import { err, ok, type Result } from '../result.ts';
import { readU16, readU32, writeU16, writeU32 } from './bytes.ts';
import { type DhcpOptions, readOptions, writeOptions } from './dhcp-options.ts';
import type { DecodeReason } from './reason.ts';
import { wireText, wireTextBytes } from './wire-text.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** Position + 1 is the value of option 53 (RFC 2132 section 9.6). */
export const DHCP_MESSAGE_TYPES = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const;
export type DhcpMessageType = (typeof DHCP_MESSAGE_TYPES)[number];

/** An option that the message does not have is null. */
export interface DhcpMessage {
  readonly messageType: DhcpMessageType;
  /** Relay hops: 0 .. 255 */
  readonly hops: number;
  /** `xid`: 0 .. 4294967295 */
  readonly transactionId: number;
  /** `secs`: seconds since the client began, 0 .. 65535 */
  readonly elapsedSeconds: number;
  /** The client asks for answers by broadcast. */
  readonly broadcast: boolean;
  /** `ciaddr`: what the client has already; 0.0.0.0 for nothing. */
  readonly clientAddress: Ipv4;
  /** `yiaddr`: what the server gives; 0.0.0.0 for nothing. */
  readonly yourAddress: Ipv4;
  /** `siaddr`: the server of the next boot step. */
  readonly nextServerAddress: Ipv4;
  /** `giaddr`: the relay's address; 0.0.0.0 without a relay. */
  readonly relayAddress: Ipv4;
  /** `chaddr` */
  readonly clientMac: Mac;
  /** Option 50. */
  readonly requestedAddress: Ipv4 | null;
  /** Option 54. */
  readonly serverId: Ipv4 | null;
  /** Option 51, in seconds: 0 .. 4294967295, the last of which means for ever. */
  readonly leaseSeconds: number | null;
  /** Option 58 (T1), in seconds. */
  readonly renewalSeconds: number | null;
  /** Option 59 (T2), in seconds. */
  readonly rebindingSeconds: number | null;
  /** Option 12: 1 .. 255 printable ASCII characters, whatever was on the wire. */
  readonly hostname: string | null;
  /** Option 61. */
  readonly clientId: Uint8Array | null;
  /** Option 1. */
  readonly subnetMask: Ipv4 | null;
  /** Option 3, at most 63; empty without it. */
  readonly routers: readonly Ipv4[];
}

const OPTION = {
  subnetMask: 1,
  routers: 3,
  hostname: 12,
  requestedAddress: 50,
  leaseSeconds: 51,
  messageType: 53,
  serverId: 54,
  renewalSeconds: 58,
  rebindingSeconds: 59,
  clientId: 61,
} as const;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
/** Hardware type 1 (Ethernet) and length 6, read as one number. */
const ETHERNET_HARDWARE = 0x0106;
const BROADCAST_FLAG = 0x8000;
const MAGIC_COOKIE = 0x63825363;

const SNAME_OFFSET = 44;
const FILE_OFFSET = 108;
const COOKIE_OFFSET = 236;
const OPTIONS_OFFSET = 240;
/** RFC 1542 section 2.1: BOOTP relays may drop anything shorter. */
const MIN_LENGTH = 300;
/** One option's worth. */
const MAX_ROUTERS = 63;

const opOf = (type: DhcpMessageType): number => (type === 'offer' || type === 'ack' || type === 'nak' ? BOOTREPLY : BOOTREQUEST);

/** @param bytes the payload of a UDP datagram */
export function decodeDhcp(bytes: Uint8Array): Result<DhcpMessage, DecodeReason> {
  if (bytes.length < OPTIONS_OFFSET) return err('dhcp-too-short');
  const op = bytes[0];
  if (op !== BOOTREQUEST && op !== BOOTREPLY) return err('dhcp-unknown-op');
  if (readU32(bytes, COOKIE_OFFSET) !== MAGIC_COOKIE) return err('dhcp-bad-magic-cookie');
  if (readU16(bytes, 1) !== ETHERNET_HARDWARE) return err('dhcp-not-ethernet');
  const options = readOptions({
    options: bytes.subarray(OPTIONS_OFFSET),
    file: bytes.subarray(FILE_OFFSET, COOKIE_OFFSET),
    sname: bytes.subarray(SNAME_OFFSET, FILE_OFFSET),
  });
  if (!options.ok) return options;
  if (!lengthsFit(options.value)) return err('dhcp-bad-option-length');
  const typeCode = options.value.get(OPTION.messageType)?.[0];
  if (typeCode === undefined) return err('dhcp-no-message-type');
  const messageType = DHCP_MESSAGE_TYPES[typeCode - 1];
  if (messageType === undefined) return err('dhcp-unknown-message-type');
  if (opOf(messageType) !== op) return err('dhcp-op-mismatch');
  return ok(messageOf(bytes, messageType, options.value));
}

const FIXED_LENGTHS: ReadonlyMap<number, number> = new Map([
  [OPTION.messageType, 1],
  [OPTION.subnetMask, 4],
  [OPTION.requestedAddress, 4],
  [OPTION.leaseSeconds, 4],
  [OPTION.serverId, 4],
  [OPTION.renewalSeconds, 4],
  [OPTION.rebindingSeconds, 4],
]);

/** Empty host names and client ids are seen in the wild, and mean the same as none. */
function lengthsFit(options: DhcpOptions): boolean {
  for (const [code, length] of FIXED_LENGTHS) {
    const value = options.get(code);
    if (value !== undefined && value.length !== length) return false;
  }
  const routers = options.get(OPTION.routers);
  return routers === undefined || (routers.length >= 4 && routers.length % 4 === 0);
}

/** All lengths are checked by now. */
function messageOf(bytes: Uint8Array, messageType: DhcpMessageType, options: DhcpOptions): DhcpMessage {
  const hostname = options.get(OPTION.hostname);
  const clientId = options.get(OPTION.clientId);
  return {
    messageType,
    hops: bytes[3] ?? 0,
    transactionId: readU32(bytes, 4),
    elapsedSeconds: readU16(bytes, 8),
    broadcast: (readU16(bytes, 10) & BROADCAST_FLAG) !== 0,
    clientAddress: ipv4FromBytes(bytes, 12),
    yourAddress: ipv4FromBytes(bytes, 16),
    nextServerAddress: ipv4FromBytes(bytes, 20),
    relayAddress: ipv4FromBytes(bytes, 24),
    clientMac: macFromBytes(bytes, 28),
    requestedAddress: address(options, OPTION.requestedAddress),
    serverId: address(options, OPTION.serverId),
    leaseSeconds: seconds(options, OPTION.leaseSeconds),
    renewalSeconds: seconds(options, OPTION.renewalSeconds),
    rebindingSeconds: seconds(options, OPTION.rebindingSeconds),
    hostname: hostname === undefined ? null : wireText(hostname),
    clientId: clientId === undefined || clientId.length === 0 ? null : clientId,
    subnetMask: address(options, OPTION.subnetMask),
    routers: addresses(options.get(OPTION.routers)),
  };
}

function address(options: DhcpOptions, code: number): Ipv4 | null {
  const value = options.get(code);
  return value === undefined ? null : ipv4FromBytes(value, 0);
}

function seconds(options: DhcpOptions, code: number): number | null {
  const value = options.get(code);
  return value === undefined ? null : readU32(value, 0);
}

function addresses(value: Uint8Array | undefined): readonly Ipv4[] {
  const count = Math.min((value?.length ?? 0) / 4, MAX_ROUTERS);
  return value === undefined ? [] : Array.from({ length: count }, (_, i) => ipv4FromBytes(value, i * 4));
}

/**
 * A whole message, padded to 300 bytes.
 *
 *     0  op                1  1 from a client, 2 from a server
 *     1  hardware type     1  1: Ethernet
 *     2  hardware length   1  6
 *     3  hops              1
 *     4  transaction id    4
 *     8  seconds           2
 *    10  flags             2  the highest bit: broadcast
 *    12  client address    4  ciaddr
 *    16  your address      4  yiaddr
 *    20  next server       4  siaddr
 *    24  relay             4  giaddr
 *    28  client MAC       16  chaddr: 6 used
 *    44  server name      64  sname
 *   108  boot file       128  file
 *   236  magic cookie      4  63 82 53 63
 *   240  options
 */
export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const options = writeOptions(optionsOf(message));
  const bytes = new Uint8Array(Math.max(MIN_LENGTH, OPTIONS_OFFSET + options.length));
  bytes[0] = opOf(message.messageType);
  writeU16(bytes, 1, ETHERNET_HARDWARE);
  bytes[3] = message.hops;
  writeU32(bytes, 4, message.transactionId);
  writeU16(bytes, 8, message.elapsedSeconds);
  writeU16(bytes, 10, message.broadcast ? BROADCAST_FLAG : 0);
  writeIpv4(bytes, 12, message.clientAddress);
  writeIpv4(bytes, 16, message.yourAddress);
  writeIpv4(bytes, 20, message.nextServerAddress);
  writeIpv4(bytes, 24, message.relayAddress);
  writeMac(bytes, 28, message.clientMac);
  writeU32(bytes, COOKIE_OFFSET, MAGIC_COOKIE);
  bytes.set(options, OPTIONS_OFFSET);
  return bytes;
}

/** Message type first: some servers look for it there. */
function optionsOf(message: DhcpMessage): DhcpOptions {
  const options = new Map<number, Uint8Array>();
  const putNumber = (code: number, value: number | null): void => {
    if (value !== null) options.set(code, numbers([value]));
  };
  options.set(OPTION.messageType, Uint8Array.of(DHCP_MESSAGE_TYPES.indexOf(message.messageType) + 1));
  if (message.clientId !== null) options.set(OPTION.clientId, message.clientId);
  putNumber(OPTION.requestedAddress, message.requestedAddress);
  putNumber(OPTION.serverId, message.serverId);
  putNumber(OPTION.leaseSeconds, message.leaseSeconds);
  putNumber(OPTION.renewalSeconds, message.renewalSeconds);
  putNumber(OPTION.rebindingSeconds, message.rebindingSeconds);
  putNumber(OPTION.subnetMask, message.subnetMask);
  if (message.routers.length > 0) options.set(OPTION.routers, numbers(message.routers));
  if (message.hostname !== null) options.set(OPTION.hostname, wireTextBytes(message.hostname));
  return options;
}

function numbers(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => {
    writeU32(bytes, index * 4, value);
  });
  return bytes;
}
