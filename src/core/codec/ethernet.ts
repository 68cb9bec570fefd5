/**
 * Ethernet II frames without the frame check sequence (the kernel keeps that), with up to two VLAN tags (IEEE 802.1Q, and
 * 802.1ad for the outer of two); of IEEE 802.3 frames only where a SNAP header puts the type. Does not know where the payload ends: padding to the minimum of 60 bytes stays in it, and the
 * payload's own decoder tolerates it.
 */
import { MAC_LENGTH, type Mac, macFromBytes, writeMac } from '../address/mac.ts';
import { err, ok, type Result } from '../result.ts';
import { readU16, writeU16 } from './bytes.ts';
import type { DecodeReason } from './reason.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
/** 802.1Q: a customer tag. */
export const ETHERTYPE_VLAN = 0x8100;
/** 802.1ad: a service tag, the outer of two. */
export const ETHERTYPE_SERVICE_VLAN = 0x88a8;

/** Addresses and type. */
export const ETHERNET_HEADER_LENGTH = 14;
/** The shortest frame on a cable, without its check sequence; virtual links carry shorter ones. */
export const ETHERNET_MIN_LENGTH = 60;

const TAG_LENGTH = 4;
const MAX_TAGS = 2;
const TYPE_OFFSET = 2 * MAC_LENGTH;
/** IEEE 802.3 clause 3.2.6: smaller values are lengths. */
const FIRST_ETHERTYPE = 0x0600;

export interface VlanTag {
  readonly type: typeof ETHERTYPE_VLAN | typeof ETHERTYPE_SERVICE_VLAN;
  /** 0 .. 7 */
  readonly priority: number;
  readonly dropEligible: boolean;
  /** 0 .. 4095; 0 is a priority without a VLAN. */
  readonly id: number;
}

export interface EthernetFrame {
  readonly destination: Mac;
  readonly source: Mac;
  /** Outermost first; at most two. */
  readonly vlans: readonly VlanTag[];
  /** 0x0600 .. 0xffff: the type of the payload, behind any tags. */
  readonly etherType: number;
  /** A view of the frame; padding included. */
  readonly payload: Uint8Array;
}

const isTagType = (type: number): type is VlanTag['type'] => type === ETHERTYPE_VLAN || type === ETHERTYPE_SERVICE_VLAN;

/**
 * Where the type of the payload stands, behind any tags. At least two bytes lie there.
 * @param maxTags how many tags may stand in the bytes: fewer where the kernel has taken one off.
 */
export function etherTypeOffset(bytes: Uint8Array, maxTags = MAX_TAGS): Result<number, DecodeReason> {
  if (bytes.length < ETHERNET_HEADER_LENGTH) return err('ethernet-too-short');
  let offset = TYPE_OFFSET;
  for (let tags = 0; isTagType(readU16(bytes, offset)); tags++) {
    if (tags === maxTags) return err('ethernet-too-many-tags');
    offset += TAG_LENGTH;
    if (bytes.length < offset + 2) return err('ethernet-too-short');
  }
  return ok(offset);
}

/** LLC: SNAP both ways, unnumbered; then organisation 0, so that an Ethernet type follows. */
const SNAP_HEADER: readonly number[] = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00];

/**
 * Where the type of a SNAP packet stands (RFC 1042: IP and ARP in an 802.3 frame), with at least its two bytes; null where there is
 * no such packet. The length is not held against what was received: it does not count padding, and is not what makes it a packet.
 * @param typeOffset where the length stands in place of a type: `etherTypeOffset`.
 */
export function snapTypeOffset(bytes: Uint8Array, typeOffset: number): number | null {
  const offset = typeOffset + 2 + SNAP_HEADER.length;
  if (readU16(bytes, typeOffset) >= FIRST_ETHERTYPE || bytes.length < offset + 2) return null;
  for (let i = 0; i < SNAP_HEADER.length; i++) if (bytes[typeOffset + 2 + i] !== SNAP_HEADER[i]) return null;
  return offset;
}

const NO_TAGS: readonly VlanTag[] = [];

/** @param typeOffset where the type of the payload stands: `etherTypeOffset`. */
function tagsBefore(bytes: Uint8Array, typeOffset: number): readonly VlanTag[] {
  if (typeOffset === TYPE_OFFSET) return NO_TAGS;
  const tags: VlanTag[] = [];
  for (let offset = TYPE_OFFSET; offset < typeOffset; offset += TAG_LENGTH) {
    const type = readU16(bytes, offset) === ETHERTYPE_VLAN ? ETHERTYPE_VLAN : ETHERTYPE_SERVICE_VLAN;
    tags.push(tagOf(type, readU16(bytes, offset + 2)));
  }
  return tags;
}

const tagOf = (type: VlanTag['type'], control: number): VlanTag => ({
  type,
  priority: control >>> 13,
  dropEligible: (control & 0x1000) !== 0,
  id: control & 0x0fff,
});

/**
 * The same tags as bare VLAN numbers, outermost first.
 * @param typeOffset where the type of the payload stands: `etherTypeOffset`.
 */
export function vlanIdsBefore(bytes: Uint8Array, typeOffset: number): number[] {
  const ids: number[] = [];
  for (let offset = TYPE_OFFSET; offset < typeOffset; offset += TAG_LENGTH) ids.push(readU16(bytes, offset + 2) & 0x0fff);
  return ids;
}

/** How many tags may stand in the bytes, given what the kernel reported beside them. */
export const tagsAllowed = (kernelVlanId: number | null): number => (kernelVlanId === null ? MAX_TAGS : MAX_TAGS - 1);

/**
 * @param kernelVlanId the VLAN of a tag that the kernel or the network card took off the frame and reported beside it; it
 *   becomes the outermost tag. Null where there was none.
 */
export function decodeEthernet(bytes: Uint8Array, kernelVlanId: number | null = null): Result<EthernetFrame, DecodeReason> {
  const offset = etherTypeOffset(bytes, tagsAllowed(kernelVlanId));
  if (!offset.ok) return offset;
  const etherType = readU16(bytes, offset.value);
  if (etherType < FIRST_ETHERTYPE) return err('ethernet-length-not-type');
  const tags = tagsBefore(bytes, offset.value);
  return ok({
    destination: macFromBytes(bytes, 0),
    source: macFromBytes(bytes, MAC_LENGTH),
    vlans: kernelVlanId === null ? tags : [tagOf(ETHERTYPE_VLAN, kernelVlanId & 0x0fff), ...tags],
    etherType,
    payload: bytes.subarray(offset.value + 2),
  });
}

/**
 * Not padded: the payload ends where it ends.
 *
 *     0  destination   6
 *     6  source        6
 *    12  tags          4 each: type 2, priority 3 bits, drop eligible 1 bit, VLAN 12 bits
 *     +  type          2
 *     +  payload
 */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const typeOffset = TYPE_OFFSET + frame.vlans.length * TAG_LENGTH;
  const bytes = new Uint8Array(typeOffset + 2 + frame.payload.length);
  writeMac(bytes, 0, frame.destination);
  writeMac(bytes, MAC_LENGTH, frame.source);
  frame.vlans.forEach((tag, index) => {
    const offset = TYPE_OFFSET + index * TAG_LENGTH;
    writeU16(bytes, offset, tag.type);
    writeU16(bytes, offset + 2, (tag.priority << 13) | (tag.dropEligible ? 0x1000 : 0) | tag.id);
  });
  writeU16(bytes, typeOffset, frame.etherType);
  bytes.set(frame.payload, typeOffset + 2);
  return bytes;
}
