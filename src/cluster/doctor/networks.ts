/** The networks that are known here, from this machine's interfaces and the daemon's segments; the addresses in them that nobody may have. Pure. */
import { type Cidr, formatCidr, hasBroadcast, rangeOfCidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import { contains } from '../../core/address/range.ts';
import { rangeSet, setContains, subtract } from '../../core/address/range-set.ts';
import type { ClusterNode, ClusterPool } from '../types.ts';
import type { DoctorContext } from './types.ts';

export interface KnownNetwork {
  readonly network: Cidr;
  /** Where it is known from: `eth0`, `segment lan`. */
  readonly from: string;
}

/** Each network once; those that hold only this machine are left out. */
export function knownNetworks({ machine, daemon }: DoctorContext): readonly KnownNetwork[] {
  const found = new Map<string, KnownNetwork>();
  const add = (network: Cidr | null, from: string): void => {
    if (network === null || network.prefixLength >= 32) return;
    const key = formatCidr(network);
    if (!found.has(key)) found.set(key, { network, from });
  };
  if (machine.known) {
    for (const { name, addresses } of machine.value.interfaces) for (const { network } of addresses) add(network, name);
  }
  if (daemon.known) for (const { name, network } of daemon.value.segments) add(network, `segment ${name}`);
  return [...found.values()];
}

export const inNetwork = (network: Cidr, address: Ipv4): boolean => contains(rangeOfCidr(network), address);

export const addressesOfNode = ({ internalAddresses, externalAddresses }: ClusterNode): readonly Ipv4[] => [
  ...internalAddresses,
  ...externalAddresses,
];

/** Addresses that have a part of their own, with what it is; the first word for each address counts. */
export function infrastructure(context: DoctorContext): ReadonlyMap<Ipv4, string> {
  const { machine, daemon } = context;
  const named = new Map<Ipv4, string>();
  const add = (address: Ipv4, what: string): void => {
    if (!named.has(address)) named.set(address, what);
  };
  if (machine.known) {
    for (const { name, gateways, addresses } of machine.value.interfaces) {
      for (const address of gateways) add(address, `the gateway of ${name}`);
      for (const { address } of addresses) add(address, `this machine, ${name}`);
    }
    for (const address of machine.value.dnsServers) add(address, 'a DNS server in /etc/resolv.conf');
  }
  if (daemon.known) {
    for (const { name, gateway, own } of daemon.value.segments) {
      if (gateway !== null) add(gateway, `the gateway of segment ${name}`);
      for (const address of own) add(address, "the daemon's machine");
    }
  }
  for (const { network } of knownNetworks(context)) {
    if (!hasBroadcast(network)) continue;
    const { first, last } = rangeOfCidr(network);
    add(first, `the network address of ${formatCidr(network)}`);
    add(last, `the broadcast address of ${formatCidr(network)}`);
  }
  return named;
}

/** `avoidBuggyIPs` keeps MetalLB from giving out .0 and .255. */
export const givesOut = (pool: ClusterPool, address: Ipv4): boolean =>
  setContains(pool.addresses, address) && !(pool.avoidBuggyIps && [0, 255].includes(address % 256));

/** Whether all of the pool, some of it, or nothing of it lies in the network. */
export function placeIn({ addresses }: ClusterPool, network: Cidr): 'inside' | 'partly' | 'outside' {
  const outside = subtract(addresses, rangeSet([rangeOfCidr(network)]));
  if (outside.length === 0) return 'inside';
  const whole = rangeOfCidr(network);
  return addresses.some(({ first, last }) => first <= whole.last && last >= whole.first) ? 'partly' : 'outside';
}
