/** Who a MAC belongs to, as far as the wire, the daemon and the cluster tell: a node, a router that stands in, or a stranger. Pure. */
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { setContains, setSize } from '../../core/address/range-set.ts';
import type { ClusterNode } from '../types.ts';
import { addressesOfNode } from './networks.ts';
import type { DoctorContext, WireFacts } from './types.ts';

export interface People {
  /** Name of the node that has this MAC; null: no node that is known. */
  nodeOf(mac: Mac): string | null;
  /** It answers for addresses that nobody has, or is the gateway's: a router with proxy ARP. */
  standsIn(mac: Mac): boolean;
  /** A node answered for its own address: silence about others then says something. */
  readonly nodesHeard: boolean;
  /** The MAC of a node is known, from the wire or the daemon: without that, nobody can be told from a stranger. */
  readonly nodesKnown: boolean;
  /**
   * Who answered for the address, and is no node and no router. Where a node whose MAC is not known should answer, and one MAC does, it is
   * taken for that node's. @param expected the node that should; null: none
   */
  strangersAt(address: Ipv4, expected: string | null): readonly Mac[];
  /** `52:54:00:00:00:05 (QEMU)` */
  nameOf(mac: Mac): string;
}

/** This many decoys, or half of them where there are fewer, make a stand-in. */
const DECOYS = 4;

export function peopleOf(wire: WireFacts, nodes: readonly ClusterNode[], { daemon }: DoctorContext): People {
  const nodeOf = new Map<Mac, string>();
  let nodesHeard = false;
  for (const node of nodes) {
    for (const mac of addressesOfNode(node).flatMap((address) => wire.answers.get(address) ?? [])) {
      nodesHeard = true;
      if (!nodeOf.has(mac)) nodeOf.set(mac, node.name);
    }
  }
  if (daemon.known && daemon.value.pools.known) {
    for (const { mac, node } of daemon.value.pools.value.speakers) {
      if (!nodeOf.has(mac)) nodeOf.set(mac, node ?? `the speaker ${mac}`);
    }
  }
  const gatewayMacs = new Set(wire.gateways.flatMap((address) => wire.answers.get(address) ?? []));
  const decoysOf = new Map<Mac, number>();
  for (const [address, macs] of wire.answers) {
    if (setContains(wire.decoys, address)) for (const mac of macs) decoysOf.set(mac, (decoysOf.get(mac) ?? 0) + 1);
  }
  const enough = Math.max(1, Math.min(DECOYS, Math.ceil(setSize(wire.decoys) / 2)));
  const answersDecoys = (mac: Mac): boolean => (decoysOf.get(mac) ?? 0) >= enough;
  const known = new Set(nodeOf.values());
  const people: Omit<People, 'strangersAt'> = {
    // A router that answers for everything answers for nodes, too.
    nodeOf: (mac) => (answersDecoys(mac) ? null : (nodeOf.get(mac) ?? null)),
    standsIn: (mac) => answersDecoys(mac) || (gatewayMacs.has(mac) && !nodeOf.has(mac)),
    nodesHeard,
    nodesKnown: known.size > 0,
    nameOf: (mac) => {
      const vendor = wire.vendors.get(mac);
      return vendor === undefined ? mac : `${mac} (${vendor})`;
    },
  };
  return {
    ...people,
    strangersAt(address, expected) {
      const macs = wire.answers.get(address) ?? [];
      if (!people.nodesKnown || (macs.length === 1 && expected !== null && !known.has(expected))) return [];
      return macs.filter((mac) => people.nodeOf(mac) === null && !people.standsIn(mac));
    },
  };
}

/** Which of these addresses each MAC answered for. @param macsAt who counts */
export function addressesByMac(
  addresses: Iterable<Ipv4>,
  macsAt: (address: Ipv4) => readonly Mac[],
): ReadonlyMap<Mac, readonly Ipv4[]> {
  const byMac = new Map<Mac, Ipv4[]>();
  for (const address of addresses) {
    for (const mac of macsAt(address)) {
      const known = byMac.get(mac);
      if (known === undefined) byMac.set(mac, [address]);
      else known.push(address);
    }
  }
  return byMac;
}
