/**
 * The ICMP messages that say something about an address (RFC 792): echo request and reply, and destination unreachable with the
 * datagram that it quotes. Matches nothing to what was sent.
 */
import { type Ipv4, ipv4FromBytes } from '../address/ipv4.ts';
import { err, ok, type Result } from '../result.ts';
import { readU16, writeU16 } from './bytes.ts';
import { internetChecksum } from './checksum.ts';
import { encodeIpv4, IPV4_HEADER_LENGTH, ipv4HeaderLength } from './ipv4.ts';
import type { DecodeReason } from './reason.ts';

const TYPE_ECHO_REPLY = 0;
const TYPE_UNREACHABLE = 3;
const TYPE_ECHO_REQUEST = 8;

/** The part that all messages share, with the four bytes whose meaning depends on the type. */
const ICMP_HEADER_LENGTH = 8;
/** RFC 792: the quote ends with the first 64 bits of the datagram's data. */
const QUOTED_DATA_LENGTH = 8;

export interface IcmpEcho {
  readonly kind: 'echo-request' | 'echo-reply';
  /** 0 .. 65535 */
  readonly identifier: number;
  /** 0 .. 65535 */
  readonly sequence: number;
  /** A view: everything behind the header. */
  readonly payload: Uint8Array;
}

export interface IcmpUnreachable {
  readonly kind: 'destination-unreachable';
  /** 0 net, 1 host, 2 protocol, 3 port, ... (IANA ICMP parameters); 0 .. 255 */
  readonly code: number;
  /** The datagram that could not be delivered. */
  readonly quoted: {
    /** 0 .. 255 (IANA protocol numbers) */
    readonly protocol: number;
    readonly source: Ipv4;
    readonly destination: Ipv4;
    /** A view of the first 8 bytes behind its IPv4 header. */
    readonly data: Uint8Array;
  };
}

export type Icmp = IcmpEcho | IcmpUnreachable;

/** @param bytes the payload of an IPv4 packet, without padding: ICMP has no length of its own, and the checksum covers it all. */
export function decodeIcmp(bytes: Uint8Array): Result<Icmp, DecodeReason> {
  if (bytes.length < ICMP_HEADER_LENGTH) return err('icmp-too-short');
  if (internetChecksum(bytes) !== 0) return err('icmp-bad-checksum');
  const code = bytes[1] ?? 0;
  switch (bytes[0]) {
    case TYPE_ECHO_REPLY:
    case TYPE_ECHO_REQUEST:
      return ok({
        kind: bytes[0] === TYPE_ECHO_REPLY ? 'echo-reply' : 'echo-request',
        identifier: readU16(bytes, 4),
        sequence: readU16(bytes, 6),
        payload: bytes.subarray(ICMP_HEADER_LENGTH),
      });
    case TYPE_UNREACHABLE:
      return decodeUnreachable(code, bytes.subarray(ICMP_HEADER_LENGTH));
    default:
      return err('icmp-unknown-type');
  }
}

/** The quoted header's own lengths and checksum are not judged: routers cut the datagram, and have changed its header. */
function decodeUnreachable(code: number, quote: Uint8Array): Result<IcmpUnreachable, DecodeReason> {
  const header = ipv4HeaderLength(quote);
  if (!header.ok || quote.length < header.value + QUOTED_DATA_LENGTH) return err('icmp-bad-quote');
  return ok({
    kind: 'destination-unreachable',
    code,
    quoted: {
      protocol: quote[9] ?? 0,
      source: ipv4FromBytes(quote, 12),
      destination: ipv4FromBytes(quote, 16),
      data: quote.subarray(header.value, header.value + QUOTED_DATA_LENGTH),
    },
  });
}

/**
 *     0  type       1  0 echo reply, 3 destination unreachable, 8 echo request
 *     1  code       1
 *     2  checksum   2
 *     4  echo: identifier 2, sequence 2; unreachable: zero 4
 *     8  echo: payload; unreachable: IPv4 header 20, first 8 bytes of its data
 */
export function encodeIcmp(message: Icmp): Uint8Array {
  const bytes = message.kind === 'destination-unreachable' ? unreachable(message) : echo(message);
  writeU16(bytes, 2, internetChecksum(bytes));
  return bytes;
}

function echo(message: IcmpEcho): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + message.payload.length);
  bytes[0] = message.kind === 'echo-reply' ? TYPE_ECHO_REPLY : TYPE_ECHO_REQUEST;
  writeU16(bytes, 4, message.identifier);
  writeU16(bytes, 6, message.sequence);
  bytes.set(message.payload, ICMP_HEADER_LENGTH);
  return bytes;
}

function unreachable({ code, quoted }: IcmpUnreachable): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + IPV4_HEADER_LENGTH + QUOTED_DATA_LENGTH);
  bytes[0] = TYPE_UNREACHABLE;
  bytes[1] = code;
  const { protocol, source, destination, data } = quoted;
  const packet = { trafficClass: 0, identification: 0, dontFragment: true, timeToLive: 64, protocol, source, destination };
  bytes.set(encodeIpv4({ ...packet, payload: data }), ICMP_HEADER_LENGTH);
  return bytes;
}
