/**
 * UDP datagrams (RFC 768).
 *
 * The checksum is looked at only when asked. A frame that was sent on this machine, or by a virtual machine or container on a
 * veth or virtio link, reaches a packet socket before anyone has filled its checksum in: the field then holds a partial sum, and a
 * good DHCP message would be thrown away. Frames that crossed a cable have already been checked by its own check sequence.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { err, ok, type Result } from '../result.ts';
import { readU16, writeU16 } from './bytes.ts';
import { finishChecksum, sumWords } from './checksum.ts';
import { PROTOCOL_UDP } from './ipv4.ts';
import type { DecodeReason } from './reason.ts';

export const UDP_HEADER_LENGTH = 8;

export interface UdpDatagram {
  /** 0 .. 65535 */
  readonly sourcePort: number;
  /** 0 .. 65535 */
  readonly destinationPort: number;
  /** A view, without padding; at most 65,527 bytes. */
  readonly payload: Uint8Array;
}

/** The part of the IPv4 header that the checksum also covers. */
export interface UdpAddresses {
  readonly source: Ipv4;
  readonly destination: Ipv4;
}

/** The sum over the pseudo header (RFC 768) and the datagram: `bytes` up to `length`. */
function checksum(bytes: Uint8Array, length: number, { source, destination }: UdpAddresses): number {
  const pseudo = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + PROTOCOL_UDP + length;
  return finishChecksum(sumWords(bytes, 0, length, pseudo));
}

/**
 * @param verifyBetween verify the checksum, if the sender made one, for a datagram between these addresses; null to not
 *   verify it.
 */
export function decodeUdp(bytes: Uint8Array, verifyBetween: UdpAddresses | null = null): Result<UdpDatagram, DecodeReason> {
  if (bytes.length < UDP_HEADER_LENGTH) return err('udp-too-short');
  const length = readU16(bytes, 4);
  if (length < UDP_HEADER_LENGTH) return err('udp-bad-length');
  if (length > bytes.length) return err('udp-truncated');
  const checked = verifyBetween !== null && readU16(bytes, 6) !== 0;
  if (checked && checksum(bytes, length, verifyBetween) !== 0) return err('udp-bad-checksum');
  return ok({
    sourcePort: readU16(bytes, 0),
    destinationPort: readU16(bytes, 2),
    payload: bytes.subarray(UDP_HEADER_LENGTH, length),
  });
}

/**
 * @param between the addresses of the IPv4 header, to make the checksum; null to send none.
 *
 *     0  source port        2
 *     2  destination port   2
 *     4  length             2  header included
 *     6  checksum           2  0: none
 *     8  payload
 */
export function encodeUdp(datagram: UdpDatagram, between: UdpAddresses | null = null): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER_LENGTH + datagram.payload.length);
  writeU16(bytes, 0, datagram.sourcePort);
  writeU16(bytes, 2, datagram.destinationPort);
  writeU16(bytes, 4, bytes.length);
  bytes.set(datagram.payload, UDP_HEADER_LENGTH);
  // A sum of zero is sent as all ones: zero says that there is none.
  if (between !== null) writeU16(bytes, 6, checksum(bytes, bytes.length, between) || 0xffff);
  return bytes;
}
