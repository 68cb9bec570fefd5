/** Whom to ask for on the wire, from one interface: nodes, gateway, Services, pools, and a few addresses that nobody should have. Pure. */
import { type Cidr, hasBroadcast, rangeOfCidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import {
  intersectSets,
  type RangeSet,
  rangeSet,
  rangeSetOfAddresses,
  setContains,
  setSize,
  subtract,
  union,
} from '../../core/address/range-set.ts';
import type { ClusterFacts } from '../types.ts';
import { addressesOfNode } from './networks.ts';

/** Addresses of pools that are asked for, the lowest first: MetalLB gives those out first. At 500 a second that takes 8 s. */
const MOST_OF_POOLS = 4096;
/** Also of nodes and Services: what one sweep of a /16 could ask. */
const MOST_NAMED = 4096;
const DECOYS = 16;

export interface WirePlan {
  /** All of what is asked. */
  readonly targets: RangeSet;
  /** Of these. */
  readonly decoys: RangeSet;
}

/** @param network of the interface: what lies outside of it cannot be asked for. @param gateways and others that are known to be alive */
export function planWire(facts: ClusterFacts, network: Cidr, gateways: readonly Ipv4[]): WirePlan {
  const whole = rangeSet([rangeOfCidr(network)]);
  const named = rangeSetOfAddresses(
    [...gateways, ...facts.nodes.flatMap(addressesOfNode), ...facts.services.flatMap(({ addresses }) => addresses)].slice(
      0,
      MOST_NAMED,
    ),
  );
  const pools = facts.pools.reduce<RangeSet>((all, { addresses }) => union(all, addresses), []);
  const asked = intersectSets(union(named, lowest(intersectSets(pools, whole), MOST_OF_POOLS)), whole);
  const decoys = spread(subtract(whole, union(union(pools, named), edgesOf(network))), DECOYS);
  return { targets: union(asked, decoys), decoys };
}

function lowest(addresses: RangeSet, most: number): RangeSet {
  const parts: { first: Ipv4; last: Ipv4 }[] = [];
  let room = most;
  for (const { first, last } of addresses) {
    if (room <= 0) break;
    const end = Math.min(last, first + room - 1) as Ipv4;
    parts.push({ first, last: end });
    room -= end - first + 1;
  }
  return rangeSet(parts);
}

const edgesOf = (network: Cidr): RangeSet => {
  const { first, last } = rangeOfCidr(network);
  return hasBroadcast(network) ? rangeSetOfAddresses([first, last]) : [];
};

/** `count` addresses of the set, evenly apart. */
function spread(set: RangeSet, count: number): RangeSet {
  const size = setSize(set);
  const wanted = Math.min(count, size);
  const chosen: Ipv4[] = [];
  for (let index = 0; index < wanted; index++) {
    const address = addressAt(set, Math.floor(((index + 0.5) * size) / wanted));
    if (address !== null && setContains(set, address)) chosen.push(address);
  }
  return rangeSetOfAddresses(chosen);
}

function addressAt(set: RangeSet, position: number): Ipv4 | null {
  let left = position;
  for (const { first, last } of set) {
    const size = last - first + 1;
    if (left < size) return (first + left) as Ipv4;
    left -= size;
  }
  return null;
}
