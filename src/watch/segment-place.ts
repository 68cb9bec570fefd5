/**
 * Where a segment stands on this machine right now: which network, which of the addresses are ours, how it is looked at,
 * or why it cannot be. Pure: interface facts in, place out.
 */
import { type Cidr, formatCidr, hasBroadcast, networkOf, rangeOfCidr } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { contains, type Ipv4Range, overlaps, sizeOf } from '../core/address/range.ts';
import type { InfrastructureAddress } from '../core/evidence/facts.ts';
import type { LookMethod } from '../core/evidence/look.ts';
import type { InterfaceFacts } from '../link/types.ts';
import type { SegmentConfig } from '../system/config-types.ts';

/** A /16: what one segment may hold at most. */
export const MAX_SEGMENT_ADDRESSES = 65_536;

export type WaitReason =
  | 'interface-gone'
  | 'link-down'
  | 'address-lost'
  | 'network-too-large'
  /** Part of the network lies on the link and part of it behind a router: no one method can look at both. */
  | 'cidr-beyond-link'
  /** The packet socket, or the ledger, refused; tried again every few seconds. */
  | 'socket-failed';

export interface SegmentPlace {
  readonly method: LookMethod;
  readonly cidr: Cidr;
  readonly range: Ipv4Range;
  /** Null for a routed segment without an interface. */
  readonly facts: InterfaceFacts | null;
  /** Where it is looked at: looks on one wire prove nothing about another. */
  readonly wire: string;
  /** Addresses of this machine within the segment, on whichever interface: nobody else can be heard to answer for them. */
  readonly own: readonly Ipv4[];
  /** The MACs of all interfaces of this machine but loopback. */
  readonly ownMacs: readonly Mac[];
  /** Sender of ordinary ARP requests: the interface's first address within the segment. */
  readonly ownAddress: Ipv4 | null;
  readonly gateways: readonly Ipv4[];
  readonly infrastructure: readonly InfrastructureAddress[];
}

export type Placing =
  | { readonly state: 'placed'; readonly place: SegmentPlace }
  | { readonly state: 'waiting'; readonly reason: WaitReason; readonly detail: string };

/**
 * @param interfaces all of the machine's: what it holds elsewhere it answers for here too
 * @param before the place that the segment had before: an address that went away is a fault, one that never was is not
 */
export function placeSegment(config: SegmentConfig, interfaces: readonly InterfaceFacts[], before: SegmentPlace | null): Placing {
  const name = config.interface;
  if (name === null) {
    return config.cidr === null ? gone('(none)') : { state: 'placed', place: placed('icmp', config.cidr, null, interfaces) };
  }
  const facts = interfaces.find((candidate) => candidate.name === name);
  if (facts === undefined) return gone(name);
  const cidr = config.cidr ?? before?.cidr ?? ownNetwork(facts);
  if (cidr === null) return waiting('address-lost', `${name} has no IPv4 address, and the configuration names no cidr`);
  if (sizeOf(rangeOfCidr(cidr)) > MAX_SEGMENT_ADDRESSES) {
    return waiting('network-too-large', `${formatCidr(cidr)} is larger than a /16; name the part to watch as the segment's cidr`);
  }
  if (!facts.adminUp || !facts.running) return waiting('link-down', `${name} is down or has no carrier`);
  const method = config.method === 'auto' ? methodFor(cidr, facts, before) : config.method;
  if (method === null) {
    return waiting(
      'cidr-beyond-link',
      `only a part of ${formatCidr(cidr)} lies in a network of ${name}; name that part, and the rest as a segment of its own`,
    );
  }
  const place = placed(method, cidr, facts, interfaces);
  if (method === 'arp' && before !== null && before.ownAddress !== null && place.ownAddress === null) {
    return waiting('address-lost', `${name} has lost its address in ${formatCidr(cidr)}`);
  }
  return { state: 'placed', place };
}

/** By ARP what lies on the link, by ICMP what does not; null for a network of which only a part does. */
function methodFor(cidr: Cidr, facts: InterfaceFacts, before: SegmentPlace | null): LookMethod | null {
  const range = rangeOfCidr(cidr);
  const networks = facts.addresses.map(({ network }) => rangeOfCidr(network));
  if (networks.some((network) => contains(network, range.first) && contains(network, range.last))) return 'arp';
  // Its addresses may be away for a moment; then it is no routed network all at once.
  if (before?.method === 'arp' || networks.length === 0) return 'arp';
  return networks.some((network) => overlaps(network, range)) ? null : 'icmp';
}

const gone = (name: string): Placing => waiting('interface-gone', `there is no interface ${name}`);

function waiting(reason: WaitReason, detail: string): Placing {
  return { state: 'waiting', reason, detail };
}

/** The network of the interface's first address that has more than itself in it. */
export function ownNetwork(facts: InterfaceFacts): Cidr | null {
  return facts.addresses.find(({ network }) => network.prefixLength < 32)?.network ?? null;
}

/** A place for a network, on an interface that may have no address in it. */
export function placed(
  method: LookMethod,
  cidr: Cidr,
  facts: InterfaceFacts | null,
  interfaces: readonly InterfaceFacts[],
): SegmentPlace {
  const range = rangeOfCidr(cidr);
  const within = (all: readonly InterfaceFacts[]): Ipv4[] => [
    ...new Set(
      all.flatMap(({ addresses }) => addresses.map(({ address }) => address)).filter((address) => contains(range, address)),
    ),
  ];
  const own = within(interfaces);
  const gateways = (facts?.gateways ?? []).filter((address) => contains(range, address));
  return {
    method,
    cidr,
    range,
    facts,
    wire: method === 'icmp' ? 'icmp' : `arp:${facts?.name ?? ''}`,
    own,
    ownMacs: interfaces.filter(({ loopback }) => !loopback).map(({ mac }) => mac),
    ownAddress: facts === null ? null : (within([facts])[0] ?? null),
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
