/**
 * Listens to the frames of one segment, all the time: decodes each once, counts what it ignores, and hands on ARP frames,
 * sightings, leases and what DHCP servers say. After this nobody sees bytes. It sends nothing and stores nothing.
 */
import { type ArpFrame, decodeArpFrame } from '../core/codec/arp.ts';
import { arpKind } from '../core/codec/arp-kind.ts';
import { type DhcpMessage, decodeDhcp } from '../core/codec/dhcp.ts';
import { decodeEthernet, ETHERTYPE_IPV4, type EthernetFrame } from '../core/codec/ethernet.ts';
import { decodeIpv4, PROTOCOL_UDP } from '../core/codec/ipv4.ts';
import { decodeUdp } from '../core/codec/udp.ts';
import type { WireEvent } from '../core/conflict/wire-event.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { Sighting } from '../core/evidence/sighting.ts';
import type { ReceivedFrame } from '../link/types.ts';
import { type HandedOut, handedOut } from './dhcp-hearing.ts';
import type { FrameCounts } from './frame-counts.ts';
import type { IgnoreReason } from './ignored.ts';
import { type SightingContext, sightingOfArp, sightingOfDhcp } from './sightings.ts';

export interface FrameHandlers {
  /** Every ARP frame that somebody else sent, whatever it is about. */
  readonly onArp: (frame: ArpFrame, atMs: number) => void;
  readonly onSighting: (sighting: Sighting) => void;
  readonly onLease: (lease: Lease, atMs: number) => void;
  /** The same sightings with what the guard wants to know of their frames, and refusals. */
  readonly onEvent?: (event: WireEvent) => void;
  /** A DHCP server was heard, or named. */
  readonly onDhcp?: (heard: HandedOut, atMs: number) => void;
}

export function readFrame(frame: ReceivedFrame, context: SightingContext, counts: FrameCounts, handlers: FrameHandlers): void {
  const reason = whyIgnored(frame, context, counts, handlers);
  if (reason !== null) counts.ignored.count(reason);
}

/** Tag 0 is a priority without a VLAN (802.1Q): still our broadcast domain. */
const isTagged = (id: number): boolean => id !== 0;

/** Hands the frame on, or says why not; an ARP frame that is no sighting may still be an answer that somebody waits for. */
function whyIgnored(
  frame: ReceivedFrame,
  context: SightingContext,
  counts: FrameCounts,
  handlers: FrameHandlers,
): IgnoreReason | null {
  const arp = decodeArpFrame(frame.bytes, frame.vlanId);
  if (arp.ok) return takeArp(arp.value, frame.atMs, context, counts, handlers);
  if (arp.error !== 'ethernet-not-arp') return arp.error;
  const ethernet = decodeEthernet(frame.bytes, frame.vlanId);
  if (!ethernet.ok) return ethernet.error;
  if (ethernet.value.vlans.some(({ id }) => isTagged(id))) return 'other-vlan';
  return ethernet.value.etherType === ETHERTYPE_IPV4
    ? readDhcp(ethernet.value, frame.atMs, context, counts, handlers)
    : 'ethernet-unknown-type';
}

function takeArp(
  arp: ArpFrame,
  atMs: number,
  context: SightingContext,
  counts: FrameCounts,
  handlers: FrameHandlers,
): IgnoreReason | null {
  if (arp.vlanIds.some(isTagged)) return 'other-vlan';
  const seen = sightingOfArp(arp, context, atMs);
  if (!seen.ok && seen.error === 'own-frame') return seen.error;
  counts.heard(`arp-${arpKind(arp)}`);
  handlers.onArp(arp, atMs);
  if (!seen.ok) return seen.error;
  handlers.onSighting(seen.value);
  handlers.onEvent?.({
    ...seen.value,
    kind: 'sighting',
    solicited: arp.operation === 'reply' && arp.targetMac === context.ownMac,
    relayedBy: arp.etherSource === arp.senderMac ? null : arp.etherSource,
    client: null,
  });
  return null;
}

function readDhcp(
  ethernet: EthernetFrame,
  atMs: number,
  context: SightingContext,
  counts: FrameCounts,
  handlers: FrameHandlers,
): IgnoreReason | null {
  const ip = decodeIpv4(ethernet.payload);
  if (!ip.ok) return ip.error;
  if (ip.value.protocol !== PROTOCOL_UDP) return 'ipv4-not-udp';
  const udp = decodeUdp(ip.value.payload);
  if (!udp.ok) return udp.error;
  const dhcp = decodeDhcp(udp.value.payload);
  if (!dhcp.ok) return dhcp.error;
  const message = dhcp.value;
  const seen = sightingOfDhcp(message, ethernet.source, context, atMs);
  if (!seen.ok && seen.error === 'own-frame') return seen.error;
  counts.heard(`dhcp-${message.messageType}`);
  const server = handedOut(message, ethernet.source, ip.value.source);
  if (server.ok) handlers.onDhcp?.(server.value, atMs);
  else if (server.error !== 'dhcp-names-no-server') counts.ignored.count(server.error);
  if (message.messageType === 'nak') return takeRefusal(message, atMs, context, handlers);
  if (!seen.ok) return seen.error;
  handlers.onSighting(seen.value.sighting);
  handlers.onEvent?.({
    ...seen.value.sighting,
    kind: 'sighting',
    solicited: false,
    relayedBy: null,
    client: message.clientMac,
  });
  if (seen.value.lease !== null) handlers.onLease(seen.value.lease, atMs);
  return null;
}

/** A NAK names no address: it takes back what its client asked for. */
function takeRefusal(message: DhcpMessage, atMs: number, context: SightingContext, handlers: FrameHandlers): IgnoreReason | null {
  handlers.onEvent?.({ kind: 'dhcp-nak', segment: context.segment, client: message.clientMac, atMs });
  return handlers.onEvent === undefined ? 'dhcp-names-no-address' : null;
}
