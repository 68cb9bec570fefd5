/**
 * The IPv4 header (RFC 791). Options are skipped and not kept; fragments are refused by name, never put together; padding
 * behind the total length is cut off.
 */
import { type Ipv4, ipv4FromBytes, writeIpv4 } from '../address/ipv4.ts';
import { err, ok, type Result } from '../result.ts';
import { readU16, writeU16 } from './bytes.ts';
import { finishChecksum, sumWords } from './checksum.ts';
import type { DecodeReason } from './reason.ts';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_UDP = 17;

/** Without options. */
export const IPV4_HEADER_LENGTH = 20;

const DONT_FRAGMENT = 0x4000;
/** More fragments, or an offset: either makes it a piece of a datagram. */
const FRAGMENT_BITS = 0x3fff;

export interface Ipv4Packet {
  /** The whole byte: DSCP in the high 6 bits, ECN in the low 2 (RFC 2474, RFC 3168). */
  readonly trafficClass: number;
  /** 0 .. 65535 */
  readonly identification: number;
  readonly dontFragment: boolean;
  /** 0 .. 255 hops */
  readonly timeToLive: number;
  /** 0 .. 255 (IANA protocol numbers) */
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** A view, without padding; at most 65,515 bytes. */
  readonly payload: Uint8Array;
}

/** Header bytes with options (20 .. 60), or why there is no whole IPv4 header. Shared with the quotes inside ICMP. */
export function ipv4HeaderLength(bytes: Uint8Array): Result<number, DecodeReason> {
  if (bytes.length < IPV4_HEADER_LENGTH) return err('ipv4-too-short');
  const first = bytes[0] ?? 0;
  if (first >>> 4 !== 4) return err('ipv4-not-version-4');
  const headerLength = (first & 0x0f) * 4;
  if (headerLength < IPV4_HEADER_LENGTH) return err('ipv4-bad-header-length');
  if (headerLength > bytes.length) return err('ipv4-too-short');
  return ok(headerLength);
}

export function decodeIpv4(bytes: Uint8Array): Result<Ipv4Packet, DecodeReason> {
  const header = ipv4HeaderLength(bytes);
  if (!header.ok) return header;
  const headerLength = header.value;
  const totalLength = readU16(bytes, 2);
  if (totalLength < headerLength) return err('ipv4-bad-total-length');
  if (totalLength > bytes.length) return err('ipv4-truncated');
  if (finishChecksum(sumWords(bytes, 0, headerLength)) !== 0) return err('ipv4-bad-checksum');
  const flags = readU16(bytes, 6);
  if ((flags & FRAGMENT_BITS) !== 0) return err('ipv4-fragment');
  return ok({
    trafficClass: bytes[1] ?? 0,
    identification: readU16(bytes, 4),
    dontFragment: (flags & DONT_FRAGMENT) !== 0,
    timeToLive: bytes[8] ?? 0,
    protocol: bytes[9] ?? 0,
    source: ipv4FromBytes(bytes, 12),
    destination: ipv4FromBytes(bytes, 16),
    payload: bytes.subarray(headerLength, totalLength),
  });
}

/**
 *     0  version 4, header length 5 words   1
 *     1  traffic class                      1
 *     2  total length                       2
 *     4  identification                     2
 *     6  flags and fragment offset          2
 *     8  time to live                       1
 *     9  protocol                           1
 *    10  header checksum                    2
 *    12  source                             4
 *    16  destination                        4
 *    20  payload
 */
export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_LENGTH + packet.payload.length);
  bytes[0] = 0x45;
  bytes[1] = packet.trafficClass;
  writeU16(bytes, 2, bytes.length);
  writeU16(bytes, 4, packet.identification);
  writeU16(bytes, 6, packet.dontFragment ? DONT_FRAGMENT : 0);
  bytes[8] = packet.timeToLive;
  bytes[9] = packet.protocol;
  writeIpv4(bytes, 12, packet.source);
  writeIpv4(bytes, 16, packet.destination);
  writeU16(bytes, 10, finishChecksum(sumWords(bytes, 0, IPV4_HEADER_LENGTH)));
  bytes.set(packet.payload, IPV4_HEADER_LENGTH);
  return bytes;
}
