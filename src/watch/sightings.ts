/**
 * From a decoded frame to a sighting, or to the named reason why it is none. The one place that decides what a frame says
 * about an address. Pure: keeps nothing, reads no clock.
 */
import { ANY_ADDRESS, type Ipv4, LIMITED_BROADCAST } from '../core/address/ipv4.ts';
import { type Mac, ZERO_MAC } from '../core/address/mac.ts';
import { contains, type Ipv4Range } from '../core/address/range.ts';
import type { ArpFrame } from '../core/codec/arp.ts';
import { arpKind } from '../core/codec/arp-kind.ts';
import type { DhcpMessage } from '../core/codec/dhcp.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { Sighting, SightingSource } from '../core/evidence/sighting.ts';
import { err, ok, type Result } from '../core/result.ts';

export interface SightingContext {
  readonly segment: string;
  readonly range: Ipv4Range;
  /** Our own MAC on the segment: what answers to us are sent to. */
  readonly ownMac: Mac;
  /** The MACs of all interfaces of this machine: two of them may be on one wire. */
  readonly ownMacs: readonly Mac[];
  /** Addresses of this machine. */
  readonly own: readonly Ipv4[];
}

export type SightingRefusal =
  /** Our own frame, or an echo of it by an access point or repeater (RFC 5227 section 2.1.1, NOTE). */
  | 'own-frame'
  /** Tagged for another broadcast domain. */
  | 'other-vlan'
  /** About an address that is not in the segment. */
  | 'outside-segment'
  /** About the network or broadcast address, 0.0.0.0 or a zero MAC: nobody can have it. */
  | 'not-a-host'
  /** A DHCP message that names no address (DISCOVER without a wish, NAK, RELEASE ...). */
  | 'dhcp-names-no-address';

/** RFC 826 and RFC 5227: who says what about which address. */
export function sightingOfArp(frame: ArpFrame, context: SightingContext, atMs: number): Result<Sighting, SightingRefusal> {
  const ours = context.ownMacs.includes(frame.senderMac) || context.ownMacs.includes(frame.etherSource);
  // We only ever send from 0.0.0.0 and from addresses of ours: with our MAC and another address, somebody else is behind it.
  if (ours && (frame.senderAddress === ANY_ADDRESS || context.own.includes(frame.senderAddress))) return err('own-frame');
  const kind = arpKind(frame);
  const address = kind === 'probe' ? frame.targetAddress : frame.senderAddress;
  if (frame.senderMac === ZERO_MAC || address === ANY_ADDRESS) return err('not-a-host');
  return sighting(context, address, frame.senderMac, atMs, `arp-${kind}`);
}

export interface DhcpSighting {
  readonly sighting: Sighting;
  /** An ACK grants a lease. */
  readonly lease: Lease | null;
}

/** RFC 2131 section 3.1 and 4.4: what a DHCP message says about an address. */
export function sightingOfDhcp(
  message: DhcpMessage,
  etherSource: Mac,
  context: SightingContext,
  atMs: number,
): Result<DhcpSighting, SightingRefusal> {
  if (context.ownMacs.includes(etherSource) || context.ownMacs.includes(message.clientMac)) return err('own-frame');
  const told = whatDhcpSays(message);
  if (told === null) return err('dhcp-names-no-address');
  const mac = told.source === 'dhcp-decline' ? null : message.clientMac;
  const seen = sighting(context, told.address, mac, atMs, told.source, message.hostname ?? undefined);
  if (!seen.ok) return seen;
  const lease: Lease | null =
    told.source === 'dhcp-ack' && message.leaseSeconds !== null
      ? {
          address: told.address,
          mac: message.clientMac,
          hostname: message.hostname,
          // RFC 2131 section 3.3: all ones is a lease without end.
          endsMs: message.leaseSeconds === 0xffffffff ? Number.POSITIVE_INFINITY : atMs + message.leaseSeconds * 1000,
          source: 'dhcp-ack',
        }
      : null;
  return ok({ sighting: seen.value, lease });
}

function whatDhcpSays(message: DhcpMessage): { readonly address: Ipv4; readonly source: SightingSource } | null {
  switch (message.messageType) {
    case 'request': {
      // SELECTING and INIT-REBOOT name the address in option 50; RENEWING and REBINDING use ciaddr.
      const address = message.requestedAddress ?? message.clientAddress;
      return address === ANY_ADDRESS ? null : { address, source: 'dhcp-request' };
    }
    case 'offer':
      return { address: message.yourAddress, source: 'dhcp-offer' };
    case 'ack':
      // The ACK to an INFORM gives no address.
      return message.yourAddress === ANY_ADDRESS ? null : { address: message.yourAddress, source: 'dhcp-ack' };
    case 'decline':
      return message.requestedAddress === null ? null : { address: message.requestedAddress, source: 'dhcp-decline' };
    case 'discover':
    case 'nak':
    case 'release':
    case 'inform':
      return null;
  }
}

function sighting(
  context: SightingContext,
  address: Ipv4,
  mac: Mac | null,
  atMs: number,
  source: SightingSource,
  hostname?: string,
): Result<Sighting, SightingRefusal> {
  if (!contains(context.range, address)) return err('outside-segment');
  if (address === LIMITED_BROADCAST) return err('not-a-host');
  return ok({ segment: context.segment, address, mac, atMs, source, ...(hostname === undefined ? {} : { hostname }) });
}
