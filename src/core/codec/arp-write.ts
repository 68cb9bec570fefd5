/**
 * Writes the frames of a sweep straight into one big buffer, without making an object each: a /16 is 65,534 of them. Only the
 * two kinds that Freehold ever sends: the probe, which plants nothing in any cache, and the request with our own true address.
 */
import { ANY_ADDRESS, type Ipv4, writeIpv4 } from '../address/ipv4.ts';
import { MAC_LENGTH, type Mac, writeMac } from '../address/mac.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4 } from './ethernet.ts';

/** Bytes of a written frame: 42 of header and packet, padded to Ethernet's minimum. */
export const ARP_FRAME_LENGTH = 60;

/**
 *     0  ff:ff:ff:ff:ff:ff   6
 *     6  our MAC             6
 *    12  08 06               2  ARP
 *    14  00 01 08 00 06 04   6  IPv4 over Ethernet
 *    20  00 01               2  request
 *    22  our MAC             6
 *    28  sender address      4
 *    32  zero                6  target MAC: unknown
 *    38  target address      4
 *    42  zero               18  padding
 */
function write(buffer: Uint8Array, offset: number, ourMac: Mac, sender: Ipv4, target: Ipv4): void {
  if (!(offset >= 0 && offset + ARP_FRAME_LENGTH <= buffer.length)) {
    throw new RangeError(`no room for a frame of ${ARP_FRAME_LENGTH} bytes at ${offset} in a buffer of ${buffer.length}`);
  }
  // The buffer is used again for the next sweep: every byte is written.
  for (let i = 0; i < MAC_LENGTH; i++) buffer[offset + i] = 0xff;
  writeMac(buffer, offset + 6, ourMac);
  buffer[offset + 12] = ETHERTYPE_ARP >>> 8;
  buffer[offset + 13] = ETHERTYPE_ARP & 0xff;
  buffer[offset + 14] = 0;
  buffer[offset + 15] = 1;
  buffer[offset + 16] = ETHERTYPE_IPV4 >>> 8;
  buffer[offset + 17] = ETHERTYPE_IPV4 & 0xff;
  buffer[offset + 18] = 6;
  buffer[offset + 19] = 4;
  buffer[offset + 20] = 0;
  buffer[offset + 21] = 1;
  for (let i = 0; i < MAC_LENGTH; i++) buffer[offset + 22 + i] = buffer[offset + 6 + i] ?? 0;
  writeIpv4(buffer, offset + 28, sender);
  for (let i = 32; i < 38; i++) buffer[offset + i] = 0;
  writeIpv4(buffer, offset + 38, target);
  for (let i = 42; i < ARP_FRAME_LENGTH; i++) buffer[offset + i] = 0;
}

/**
 * An ARP probe (RFC 5227 section 2.1.1): sender address 0.0.0.0, target MAC zero, broadcast.
 * @param offset where the 60 bytes begin
 * @throws RangeError where they do not fit
 */
export const writeArpProbe = (buffer: Uint8Array, offset: number, ourMac: Mac, target: Ipv4): void =>
  write(buffer, offset, ourMac, ANY_ADDRESS, target);

/**
 * An ordinary broadcast request (RFC 826). Receivers may cache the sender: `ourAddress` is one that we truly have.
 * @param offset where the 60 bytes begin
 * @throws RangeError where they do not fit
 */
export const writeArpRequest = (buffer: Uint8Array, offset: number, ourMac: Mac, ourAddress: Ipv4, target: Ipv4): void =>
  write(buffer, offset, ourMac, ourAddress, target);

/** Writes many frames of one sender: what they share is laid out once. */
export interface ArpFrameWriter {
  /** @throws RangeError where `ARP_FRAME_LENGTH` bytes do not fit at `offset` */
  probe(buffer: Uint8Array, offset: number, target: Ipv4): void;
  /** Null where the sender has no address of its own: then it can send no ordinary request. */
  readonly request: ((buffer: Uint8Array, offset: number, target: Ipv4) => void) | null;
}

export function arpFrameWriter(ourMac: Mac, ourAddress: Ipv4 | null): ArpFrameWriter {
  const stamp = (sender: Ipv4) => {
    const template = new Uint8Array(ARP_FRAME_LENGTH);
    write(template, 0, ourMac, sender, ANY_ADDRESS);
    return (buffer: Uint8Array, offset: number, target: Ipv4): void => {
      buffer.set(template, offset);
      writeIpv4(buffer, offset + 38, target);
    };
  };
  return { probe: stamp(ANY_ADDRESS), request: ourAddress === null ? null : stamp(ourAddress) };
}
