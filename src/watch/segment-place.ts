/**
 * Where a segment stands on this machine right now: which network, which of the addresses are ours, how it is looked at,
 * or why it cannot be. Pure: interface facts in, place out.
 */
import { type Cidr, formatCidr, hasBroadcast, networkOf, rangeOfCidr } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { contains, type Ipv4Range, sizeOf } from '../core/address/range.ts';
import type { InfrastructureAddress } from '../core/evidence/facts.ts';
import type { LookMethod } from '../core/evidence/look.ts';
import type { InterfaceFacts } from '../link/types.ts';
import type { SegmentConfig } from '../system/config-types.ts';

/** A /16: what one segment may hold at most. */
export const MAX_SEGMENT_ADDRESSES = 65_536;

export type WaitReason = 'interface-gone' | 'link-down' | 'address-lost' | 'icmp-unavailable' | 'network-too-large';

export interface SegmentPlace {
  readonly method: LookMethod;
  readonly cidr: Cidr;
  readonly range: Ipv4Range;
  /** Null for a routed segment without an interface. */
  readonly facts: InterfaceFacts | null;
  /** Our addresses within the segment. */
  readonly own: readonly Ipv4[];
  /** Sender of ordinary ARP requests: our first address within the segment. */
  readonly ownAddress: Ipv4 | null;
  readonly gateways: readonly Ipv4[];
  readonly infrastructure: readonly InfrastructureAddress[];
}

export type Placing =
  | { readonly state: 'placed'; readonly place: SegmentPlace }
  | { readonly state: 'waiting'; readonly reason: WaitReason; readonly detail: string };

/**
 * @param facts the interface that the configuration names, if there is one
 * @param before the place that the segment had before: an address that went away is a fault, one that never was is not
 */
export function placeSegment(config: SegmentConfig, facts: InterfaceFacts | undefined, before: SegmentPlace | null): Placing {
  const name = config.interface;
  if (name === null) return config.cidr === null ? gone('(none)') : routed(config.cidr, null);
  if (facts === undefined) return gone(name);
  const cidr = config.cidr ?? before?.cidr ?? ownNetwork(facts);
  if (cidr === null) return waiting('address-lost', `${name} has no IPv4 address, and the configuration names no cidr`);
  if (sizeOf(rangeOfCidr(cidr)) > MAX_SEGMENT_ADDRESSES) {
    return waiting('network-too-large', `${formatCidr(cidr)} is larger than a /16; name the part to watch as the segment's cidr`);
  }
  const onLink = facts.addresses.some(({ network }) => contains(rangeOfCidr(network), cidr.network));
  const method =
    config.method !== 'auto'
      ? config.method
      : onLink || before?.method === 'arp' || facts.addresses.length === 0
        ? 'arp'
        : 'icmp';
  if (!facts.adminUp || !facts.running) return waiting('link-down', `${name} is down or has no carrier`);
  if (method === 'icmp') return routed(cidr, facts);
  const place = placed('arp', cidr, facts);
  if (before !== null && before.ownAddress !== null && place.ownAddress === null) {
    return waiting('address-lost', `${name} has lost its address in ${formatCidr(cidr)}`);
  }
  return { state: 'placed', place };
}

const gone = (name: string): Placing => waiting('interface-gone', `there is no interface ${name}`);

function waiting(reason: WaitReason, detail: string): Placing {
  return { state: 'waiting', reason, detail };
}

const routed = (cidr: Cidr, facts: InterfaceFacts | null): Placing => ({ state: 'placed', place: placed('icmp', cidr, facts) });

/** The network of the interface's first address that has more than itself in it. */
export function ownNetwork(facts: InterfaceFacts): Cidr | null {
  return facts.addresses.find(({ network }) => network.prefixLength < 32)?.network ?? null;
}

/** A place for a network named by hand, on an interface that may have no address in it. */
export function placed(method: LookMethod, cidr: Cidr, facts: InterfaceFacts | null): SegmentPlace {
  const range = rangeOfCidr(cidr);
  const own = (facts?.addresses ?? []).map(({ address }) => address).filter((address) => contains(range, address));
  const gateways = (facts?.gateways ?? []).filter((address) => contains(range, address));
  return {
    method,
    cidr,
    range,
    facts,
    own,
    ownAddress: own[0] ?? null,
    gateways,
    infrastructure: [...edges(cidr, facts), ...named(own, 'own'), ...named(gateways, 'gateway')],
  };
}

const named = (addresses: readonly Ipv4[], role: InfrastructureAddress['role']): InfrastructureAddress[] =>
  addresses.map((address) => ({ address, role }));

/** Network and broadcast addresses: of the segment, and of the interface's own network where the segment is a part of it. */
export function edges(cidr: Cidr, facts: InterfaceFacts | null): InfrastructureAddress[] {
  const range = rangeOfCidr(cidr);
  const onLink = (facts?.addresses ?? [])
    .map(({ network }) => network)
    .find((network) => contains(rangeOfCidr(network), cidr.network));
  const network = onLink ?? networkOf(cidr.network, cidr.prefixLength);
  if (!hasBroadcast(network)) return [];
  const whole = rangeOfCidr(network);
  const both: InfrastructureAddress[] = [
    { address: whole.first, role: 'network' },
    { address: whole.last, role: 'broadcast' },
  ];
  return both.filter(({ address }) => contains(range, address));
}
