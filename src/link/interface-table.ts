/**
 * The machine's interfaces, folded from rtnetlink messages. Pure state: who asks the kernel is netlink-socket.ts, who
 * watches is interfaces.ts.
 */
import { networkOf } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { ZERO_MAC } from '../core/address/mac.ts';
import type { AddressMessage, DefaultRouteMessage, LinkMessage, RouteMessage } from './rtnetlink-codec.ts';
import type { InterfaceAddress, InterfaceFacts } from './types.ts';

/** More default routes than this through one interface are left out. */
const MAX_GATEWAYS = 64;

export interface InterfaceTable {
  readonly links: Map<number, LinkMessage>;
  /** By interface index, then by address, peer and prefix. */
  readonly addresses: Map<number, Map<string, InterfaceAddress>>;
  readonly gateways: Map<number, readonly Ipv4[]>;
}

export const emptyTable = (): InterfaceTable => ({ links: new Map(), addresses: new Map(), gateways: new Map() });

/**
 * Takes in one message.
 * @returns whether the routes must be asked for again. The kernel drops the routes of a link that goes down, and of an
 * address that goes away, without a word.
 */
export function noteMessage(table: InterfaceTable, message: RouteMessage): boolean {
  switch (message.kind) {
    case 'link':
      return noteLink(table, message);
    case 'address':
      noteAddress(table, message);
      return message.gone;
    case 'default-route':
      return true;
    case 'end':
    case 'interrupted':
      return false;
  }
}

function noteLink(table: InterfaceTable, link: LinkMessage): boolean {
  const before = table.links.get(link.index);
  if (link.gone) {
    table.links.delete(link.index);
    table.addresses.delete(link.index);
    return true;
  }
  table.links.set(link.index, link);
  return before === undefined || before.adminUp !== link.adminUp || before.running !== link.running;
}

function noteAddress(table: InterfaceTable, message: AddressMessage): void {
  const { index, address, networkAddress, prefixLength } = message;
  const key = `${address} ${networkAddress}/${prefixLength}`;
  const known = table.addresses.get(index) ?? new Map<string, InterfaceAddress>();
  if (message.gone) known.delete(key);
  else known.set(key, { address, network: networkOf(networkAddress, prefixLength) });
  table.addresses.set(index, known);
}

/** Replaces all gateways by those of a dump. */
export function replaceGateways(table: InterfaceTable, routes: readonly DefaultRouteMessage[]): void {
  table.gateways.clear();
  for (const { index, gateway } of routes.flatMap(({ hops }) => hops)) {
    const known = table.gateways.get(index) ?? [];
    if (known.length < MAX_GATEWAYS && !known.includes(gateway)) table.gateways.set(index, [...known, gateway]);
  }
}

/** By index: the order in which the interfaces came. */
export const factsOf = (table: InterfaceTable): readonly InterfaceFacts[] =>
  [...table.links.values()]
    .sort((a, b) => a.index - b.index)
    .map(({ name, index, mac, mtu, adminUp, running, loopback }) => ({
      name,
      index,
      mac: mac ?? ZERO_MAC,
      mtu,
      adminUp,
      running,
      loopback,
      addresses: [...(table.addresses.get(index)?.values() ?? [])],
      gateways: table.gateways.get(index) ?? [],
    }));
