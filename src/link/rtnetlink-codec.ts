/**
 * rtnetlink messages about links, IPv4 addresses and IPv4 routes: dump requests out, messages in (RFC 3549; Linux
 * `rtnetlink.h`). Pure; never throws on input, and reads no octet outside of it: what is cut short is left out.
 */
import { type Ipv4, ipv4FromBytes } from '../core/address/ipv4.ts';
import { MAC_LENGTH, type Mac, macFromBytes } from '../core/address/mac.ts';

export interface LinkMessage {
  readonly kind: 'link';
  readonly gone: boolean;
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** Null where the hardware has no 48-bit address. */
  readonly mac: Mac | null;
  readonly adminUp: boolean;
  readonly running: boolean;
  readonly loopback: boolean;
}

export interface AddressMessage {
  readonly kind: 'address';
  readonly gone: boolean;
  readonly index: number;
  readonly address: Ipv4;
  /** An address of the network: the peer's on a point-to-point link, else our own. */
  readonly networkAddress: Ipv4;
  /** 0 .. 32 */
  readonly prefixLength: number;
}

export interface NextHop {
  readonly index: number;
  readonly gateway: Ipv4;
}

/** A default route of the main table. */
export interface DefaultRouteMessage {
  readonly kind: 'default-route';
  readonly gone: boolean;
  /** Those that have a gateway. */
  readonly hops: readonly NextHop[];
}

/** The end of a dump; `errno` 0 is success. */
export interface DumpEndMessage {
  readonly kind: 'end';
  readonly errno: number;
}

/** The tables changed while they were being dumped: the dump cannot be trusted. */
export interface DumpInterruptedMessage {
  readonly kind: 'interrupted';
}

export type RouteMessage = LinkMessage | AddressMessage | DefaultRouteMessage | DumpEndMessage | DumpInterruptedMessage;

export type DumpSubject = 'links' | 'addresses' | 'routes';

const HEADER_LENGTH = 16;
const NLM_F_REQUEST_DUMP = 0x01 | 0x300;
const NLM_F_DUMP_INTR = 0x10;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;

const AF_UNSPEC = 0;
const AF_INET = 2;

const LINK_LENGTH = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;

const ADDRESS_LENGTH = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

const ROUTE_LENGTH = 12;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RT_TABLE_MAIN = 254;
const RTN_UNICAST = 1;
const NEXT_HOP_LENGTH = 8;

const REQUESTS: Readonly<Record<DumpSubject, { readonly type: number; readonly body: number; readonly family: number }>> = {
  links: { type: RTM_GETLINK, body: LINK_LENGTH, family: AF_UNSPEC },
  addresses: { type: RTM_GETADDR, body: ADDRESS_LENGTH, family: AF_INET },
  routes: { type: RTM_GETROUTE, body: ROUTE_LENGTH, family: AF_INET },
};

export function encodeDumpRequest(subject: DumpSubject, sequence: number): Uint8Array {
  const { type, body, family } = REQUESTS[subject];
  const bytes = new Uint8Array(HEADER_LENGTH + body);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST_DUMP, true);
  view.setUint32(8, sequence, true);
  bytes[HEADER_LENGTH] = family;
  return bytes;
}

/** Every message of a datagram that Freehold understands, in order. */
export function decodeRouteMessages(datagram: Uint8Array): readonly RouteMessage[] {
  const messages: RouteMessage[] = [];
  const view = viewOf(datagram);
  for (let at = 0; at + HEADER_LENGTH <= datagram.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_LENGTH || at + length > datagram.length) break;
    if ((view.getUint16(at + 6, true) & NLM_F_DUMP_INTR) !== 0) messages.push({ kind: 'interrupted' });
    const message = decodeBody(view.getUint16(at + 4, true), datagram.subarray(at + HEADER_LENGTH, at + length));
    if (message !== null) messages.push(message);
    at += align(length);
  }
  return messages;
}

function decodeBody(type: number, body: Uint8Array): RouteMessage | null {
  switch (type) {
    case NLMSG_ERROR:
    case NLMSG_DONE:
      return { kind: 'end', errno: body.length < 4 ? 0 : Math.abs(viewOf(body).getInt32(0, true)) };
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return decodeLink(type === RTM_DELLINK, body);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return decodeAddress(type === RTM_DELADDR, body);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return decodeRoute(type === RTM_DELROUTE, body);
    default:
      return null;
  }
}

function decodeLink(gone: boolean, body: Uint8Array): LinkMessage | null {
  // Other families speak of a bridge's ports: RTM_DELLINK of AF_BRIDGE means that a link left its bridge, not that it is gone.
  if (body.length < LINK_LENGTH || body[0] !== AF_UNSPEC) return null;
  const view = viewOf(body);
  const flags = view.getUint32(8, true);
  const attributes = attributesOf(body, LINK_LENGTH);
  const name = attributes.get(IFLA_IFNAME);
  const hardware = attributes.get(IFLA_ADDRESS);
  if (name === undefined) return null;
  return {
    kind: 'link',
    gone,
    index: view.getInt32(4, true),
    name: textOf(name),
    mtu: numberOf(attributes.get(IFLA_MTU)) ?? 0,
    mac: hardware?.length === MAC_LENGTH ? macFromBytes(hardware, 0) : null,
    adminUp: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
  };
}

function decodeAddress(gone: boolean, body: Uint8Array): AddressMessage | null {
  const prefixLength = body[1] ?? 0;
  if (body.length < ADDRESS_LENGTH || body[0] !== AF_INET || prefixLength > 32) return null;
  const attributes = attributesOf(body, ADDRESS_LENGTH);
  const peer = addressOf(attributes.get(IFA_ADDRESS));
  const local = addressOf(attributes.get(IFA_LOCAL)) ?? peer;
  if (local === undefined) return null;
  const index = viewOf(body).getUint32(4, true);
  return { kind: 'address', gone, index, address: local, networkAddress: peer ?? local, prefixLength };
}

function decodeRoute(gone: boolean, body: Uint8Array): DefaultRouteMessage | null {
  if (body.length < ROUTE_LENGTH || body[0] !== AF_INET || body[1] !== 0 || body[7] !== RTN_UNICAST) return null;
  const attributes = attributesOf(body, ROUTE_LENGTH);
  if ((numberOf(attributes.get(RTA_TABLE)) ?? body[4]) !== RT_TABLE_MAIN) return null;
  const several = attributes.get(RTA_MULTIPATH);
  if (several !== undefined) return { kind: 'default-route', gone, hops: hopsOf(several) };
  const index = numberOf(attributes.get(RTA_OIF));
  const gateway = addressOf(attributes.get(RTA_GATEWAY));
  const hops = index === undefined || gateway === undefined ? [] : [{ index, gateway }];
  return { kind: 'default-route', gone, hops };
}

/** An array of `struct rtnexthop`, each with attributes of its own. */
function hopsOf(bytes: Uint8Array): readonly NextHop[] {
  const hops: NextHop[] = [];
  const view = viewOf(bytes);
  for (let at = 0; at + NEXT_HOP_LENGTH <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < NEXT_HOP_LENGTH || at + length > bytes.length) break;
    const gateway = addressOf(attributesOf(bytes.subarray(at, at + length), NEXT_HOP_LENGTH).get(RTA_GATEWAY));
    if (gateway !== undefined) hops.push({ index: view.getInt32(at + 4, true), gateway });
    at += align(length);
  }
  return hops;
}

/** Attribute type -> value; where one comes twice the last counts, as in the kernel's own parser. */
function attributesOf(body: Uint8Array, from: number): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(body);
  for (let at = from; at + 4 <= body.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > body.length) break;
    // The two high bits say "nested" and "network byte order".
    attributes.set(view.getUint16(at + 2, true) & 0x3fff, body.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

const align = (length: number): number => (length + 3) & ~3;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const numberOf = (value: Uint8Array | undefined): number | undefined =>
  value !== undefined && value.length >= 4 ? viewOf(value).getUint32(0, true) : undefined;
const addressOf = (value: Uint8Array | undefined): Ipv4 | undefined =>
  value !== undefined && value.length >= 4 ? ipv4FromBytes(value, 0) : undefined;

/** Up to the first NUL, one character per octet: the kernel allows any octet in a name. */
function textOf(value: Uint8Array): string {
  const end = value.indexOf(0);
  return String.fromCharCode(...value.subarray(0, end < 0 ? value.length : Math.min(end, 16)));
}
