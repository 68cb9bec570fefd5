/**
 * Reads the frames of one segment: decodes each once, counts what it ignores, and hands on ARP frames and sightings.
 * After this nobody sees bytes. It sends nothing and stores nothing.
 */
import { type ArpFrame, decodeArpFrame } from '../core/codec/arp.ts';
import { decodeDhcp } from '../core/codec/dhcp.ts';
import { decodeEthernet, ETHERTYPE_IPV4, type EthernetFrame } from '../core/codec/ethernet.ts';
import { decodeIpv4, PROTOCOL_UDP } from '../core/codec/ipv4.ts';
import { decodeUdp } from '../core/codec/udp.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { Sighting } from '../core/evidence/sighting.ts';
import type { ReceivedFrame } from '../link/types.ts';
import type { IgnoredFrames, IgnoreReason } from './ignored.ts';
import { type SightingContext, sightingOfArp, sightingOfDhcp } from './sightings.ts';

export interface FrameHandlers {
  /** Every ARP frame that somebody else sent, whatever it is about. */
  readonly onArp: (frame: ArpFrame, atMs: number) => void;
  readonly onSighting: (sighting: Sighting) => void;
  readonly onLease: (lease: Lease, atMs: number) => void;
}

export function readFrame(frame: ReceivedFrame, context: SightingContext, ignored: IgnoredFrames, handlers: FrameHandlers): void {
  const reason = whyIgnored(frame, context, handlers);
  if (reason !== null) ignored.count(reason);
}

/** Tag 0 is a priority without a VLAN (802.1Q): still our broadcast domain. */
const isTagged = (id: number): boolean => id !== 0;

/** Hands the frame on, or says why not; an ARP frame that is no sighting may still be an answer that somebody waits for. */
function whyIgnored(frame: ReceivedFrame, context: SightingContext, handlers: FrameHandlers): IgnoreReason | null {
  const arp = decodeArpFrame(frame.bytes, frame.vlanId);
  if (arp.ok) return takeArp(arp.value, frame.atMs, context, handlers);
  if (arp.error !== 'ethernet-not-arp') return arp.error;
  const ethernet = decodeEthernet(frame.bytes, frame.vlanId);
  if (!ethernet.ok) return ethernet.error;
  if (ethernet.value.vlans.some(({ id }) => isTagged(id))) return 'other-vlan';
  return ethernet.value.etherType === ETHERTYPE_IPV4
    ? readDhcp(ethernet.value, frame.atMs, context, handlers)
    : 'ethernet-unknown-type';
}

function takeArp(arp: ArpFrame, atMs: number, context: SightingContext, handlers: FrameHandlers): IgnoreReason | null {
  if (arp.vlanIds.some(isTagged)) return 'other-vlan';
  const seen = sightingOfArp(arp, context, atMs);
  if (!seen.ok && seen.error === 'own-frame') return seen.error;
  handlers.onArp(arp, atMs);
  if (!seen.ok) return seen.error;
  handlers.onSighting(seen.value);
  return null;
}

function readDhcp(ethernet: EthernetFrame, atMs: number, context: SightingContext, handlers: FrameHandlers): IgnoreReason | null {
  const ip = decodeIpv4(ethernet.payload);
  if (!ip.ok) return ip.error;
  if (ip.value.protocol !== PROTOCOL_UDP) return 'ipv4-not-udp';
  const udp = decodeUdp(ip.value.payload);
  if (!udp.ok) return udp.error;
  const dhcp = decodeDhcp(udp.value.payload);
  if (!dhcp.ok) return dhcp.error;
  const seen = sightingOfDhcp(dhcp.value, ethernet.source, context, atMs);
  if (!seen.ok) return seen.error;
  handlers.onSighting(seen.value.sighting);
  if (seen.value.lease !== null) handlers.onLease(seen.value.lease, atMs);
  return null;
}
