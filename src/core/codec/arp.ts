/**
 * ARP for IPv4 over Ethernet (RFC 826): the packet alone, and the whole frame in one go. Says what the bytes say; what they mean
 * for an address is arp-kind.ts and the sightings. Writing of whole sweeps is arp-write.ts.
 */
import { type Ipv4, ipv4FromBytes, writeIpv4 } from '../address/ipv4.ts';
import { MAC_LENGTH, type Mac, macFromBytes, writeMac } from '../address/mac.ts';
import { err, ok, type Result } from '../result.ts';
import { readU16, writeU16 } from './bytes.ts';
import {
  ETHERNET_MIN_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_SERVICE_VLAN,
  ETHERTYPE_VLAN,
  encodeEthernet,
  etherTypeOffset,
  snapTypeOffset,
  tagsAllowed,
  type VlanTag,
  vlanIdsBefore,
} from './ethernet.ts';
import type { DecodeReason } from './reason.ts';

export { ARP_FRAME_LENGTH, type ArpFrameWriter, arpFrameWriter, writeArpProbe, writeArpRequest } from './arp-write.ts';

/** One packet without padding. */
export const ARP_LENGTH = 28;

const HARDWARE_ETHERNET = 1;
/** Some hosts on Ethernet say this instead, and every Linux believes them: arp_process() takes both. */
const HARDWARE_IEEE_802 = 6;
const OPERATION_REQUEST = 1;
const OPERATION_REPLY = 2;
/** Hardware length 6 and protocol length 4, read as one number. */
const ADDRESS_LENGTHS = 0x0604;

export type ArpOperation = 'request' | 'reply';

export interface Arp {
  readonly operation: ArpOperation;
  /** Never a group address. */
  readonly senderMac: Mac;
  /** 0.0.0.0 in a probe (RFC 5227 section 2.1.1). */
  readonly senderAddress: Ipv4;
  /** Zero or anything in a request: nobody knows it yet. */
  readonly targetMac: Mac;
  readonly targetAddress: Ipv4;
}

export interface ArpFrame extends Arp {
  /** Who sent the frame: not always who the packet says (proxies, access points). */
  readonly etherSource: Mac;
  readonly etherDestination: Mac;
  /** Outermost first; at most two. 0 is a priority tag without a VLAN. */
  readonly vlanIds: readonly number[];
}

/** Why the packet at `offset` is refused; null where it is not. */
function faultAt(bytes: Uint8Array, offset: number): DecodeReason | null {
  if (bytes.length < offset + ARP_LENGTH) return 'arp-too-short';
  const hardware = readU16(bytes, offset);
  if (
    (hardware !== HARDWARE_ETHERNET && hardware !== HARDWARE_IEEE_802) ||
    readU16(bytes, offset + 2) !== ETHERTYPE_IPV4 ||
    readU16(bytes, offset + 4) !== ADDRESS_LENGTHS
  ) {
    return 'arp-not-ipv4-over-ethernet';
  }
  const operation = readU16(bytes, offset + 6);
  if (operation !== OPERATION_REQUEST && operation !== OPERATION_REPLY) return 'arp-unknown-operation';
  // A group MAC as the sender is taken: a router must not believe it (RFC 1812 section 3.3.2), but clusters that share an
  // address by multicast answer this way, and their address is in use.
  return null;
}

const operationAt = (bytes: Uint8Array, offset: number): ArpOperation =>
  readU16(bytes, offset + 6) === OPERATION_REPLY ? 'reply' : 'request';

/** Anything behind the packet is padding. */
export function decodeArp(bytes: Uint8Array): Result<Arp, DecodeReason> {
  const fault = faultAt(bytes, 0);
  if (fault !== null) return err(fault);
  return ok({
    operation: operationAt(bytes, 0),
    senderMac: macFromBytes(bytes, 8),
    senderAddress: ipv4FromBytes(bytes, 14),
    targetMac: macFromBytes(bytes, 18),
    targetAddress: ipv4FromBytes(bytes, 24),
  });
}

const NO_VLANS: readonly number[] = [];

function sameMac(bytes: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < MAC_LENGTH; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

/**
 * Ethernet and ARP in one: a sweep hears tens of thousands of these. ARP behind an 802.3 length and a SNAP header (RFC 1042) is
 * read like any other.
 * @param kernelVlanId the VLAN of a tag that the kernel took off the frame; null where there was none.
 */
export function decodeArpFrame(frame: Uint8Array, kernelVlanId: number | null = null): Result<ArpFrame, DecodeReason> {
  const type = etherTypeOffset(frame, tagsAllowed(kernelVlanId));
  if (!type.ok) return type;
  const ownType = readU16(frame, type.value) === ETHERTYPE_ARP ? type.value : snapTypeOffset(frame, type.value);
  if (ownType === null || readU16(frame, ownType) !== ETHERTYPE_ARP) return err('ethernet-not-arp');
  const offset = ownType + 2;
  const fault = faultAt(frame, offset);
  if (fault !== null) return err(fault);
  // The two pairs of MACs are nearly always the same, and making text is what takes time here.
  const etherDestination = macFromBytes(frame, 0);
  const etherSource = macFromBytes(frame, MAC_LENGTH);
  const tags = type.value === 2 * MAC_LENGTH ? NO_VLANS : vlanIdsBefore(frame, type.value);
  return ok({
    etherSource,
    etherDestination,
    vlanIds: kernelVlanId === null ? tags : [kernelVlanId & 0x0fff, ...tags],
    operation: operationAt(frame, offset),
    senderMac: sameMac(frame, MAC_LENGTH, offset + 8) ? etherSource : macFromBytes(frame, offset + 8),
    senderAddress: ipv4FromBytes(frame, offset + 14),
    targetMac: sameMac(frame, 0, offset + 18) ? etherDestination : macFromBytes(frame, offset + 18),
    targetAddress: ipv4FromBytes(frame, offset + 24),
  });
}

/**
 *     0  hardware type     2  1: Ethernet (6, IEEE 802, is read too)
 *     2  protocol type     2  0x0800: IPv4
 *     4  hardware length   1  6
 *     5  protocol length   1  4
 *     6  operation         2  1 request, 2 reply
 *     8  sender MAC        6
 *    14  sender address    4
 *    18  target MAC        6
 *    24  target address    4
 */
export function encodeArp(arp: Arp): Uint8Array {
  const bytes = new Uint8Array(ARP_LENGTH);
  writeU16(bytes, 0, HARDWARE_ETHERNET);
  writeU16(bytes, 2, ETHERTYPE_IPV4);
  writeU16(bytes, 4, ADDRESS_LENGTHS);
  writeU16(bytes, 6, arp.operation === 'request' ? OPERATION_REQUEST : OPERATION_REPLY);
  writeMac(bytes, 8, arp.senderMac);
  writeIpv4(bytes, 14, arp.senderAddress);
  writeMac(bytes, 18, arp.targetMac);
  writeIpv4(bytes, 24, arp.targetAddress);
  return bytes;
}

/** The whole frame as Ethernet II, padded to the minimum of 60 bytes. Of two VLANs the outer one gets a service tag (802.1ad). */
export function encodeArpFrame(frame: ArpFrame): Uint8Array {
  const packet = encodeArp(frame);
  const headerLength = 2 * MAC_LENGTH + 4 * frame.vlanIds.length + 2;
  const payload = new Uint8Array(Math.max(ARP_LENGTH, ETHERNET_MIN_LENGTH - headerLength));
  payload.set(packet);
  const vlans = frame.vlanIds.map(
    (id, index): VlanTag => ({
      type: index < frame.vlanIds.length - 1 ? ETHERTYPE_SERVICE_VLAN : ETHERTYPE_VLAN,
      priority: 0,
      dropEligible: false,
      id,
    }),
  );
  return encodeEthernet({
    destination: frame.etherDestination,
    source: frame.etherSource,
    vlans,
    etherType: ETHERTYPE_ARP,
    payload,
  });
}
