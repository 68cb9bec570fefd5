/** Who answers for addresses of a pool that no Service holds: a device that was there before, or a second cluster. Pure. */
import { formatIpv4, type Ipv4 } from '../../../core/address/ipv4.ts';
import {
  intersectSets,
  type RangeSet,
  rangeSetOfAddresses,
  setContains,
  subtract,
  union,
} from '../../../core/address/range-set.ts';
import type { ClusterFacts } from '../../types.ts';
import { announcedServices } from '../announcing.ts';
import { failed, ok, skipped, warning, wireCheck } from '../judge.ts';
import { addressesOfNode } from '../networks.ts';
import { addressesByMac, peopleOf } from '../people.ts';
import type { Check, WireFacts } from '../types.ts';
import { addressList, clauses, count, some } from '../words.ts';

const GROUP = 'On the wire';
/** A stranger with this many addresses of the pools gives them out, rather than having one. */
const LIKE_A_CLUSTER = 2;

interface Answered {
  readonly address: Ipv4;
  readonly pool: string;
}

const poolNameAt = ({ pools }: ClusterFacts, address: Ipv4): string | null =>
  pools.find(({ addresses }) => setContains(addresses, address))?.name ?? null;

const answeredInPools = (wire: WireFacts, facts: ClusterFacts): readonly Answered[] =>
  [...wire.answers.keys()]
    .sort((a, b) => a - b)
    .flatMap((address) => {
      const pool = poolNameAt(facts, address);
      return pool === null ? [] : [{ address, pool }];
    });

const askedInPools = (wire: WireFacts, { pools }: ClusterFacts): RangeSet =>
  intersectSets(
    wire.asked,
    pools.reduce<RangeSet>((all, { addresses }) => union(all, addresses), []),
  );

/** Node addresses are their own check. */
const heldOrNodes = (facts: ClusterFacts): RangeSet =>
  rangeSetOfAddresses([...facts.services.flatMap(({ addresses }) => addresses), ...facts.nodes.flatMap(addressesOfNode)]);

const noneAsked = () =>
  skipped('No address of a pool could be asked for from here.', 'An interface in the network of the pool: --interface IF');

export const poolAddressInUse: Check = wireCheck(
  {
    name: 'pool-address-in-use',
    title: 'Nobody has an address of a pool that no Service holds',
    group: GROUP,
    why: 'MetalLB gives out the lowest free address without a look; then two have it. Silence now is no proof: devices that are off are found by the history (freehold free).',
    reads: ['pools', 'services', 'nodes'],
    needsMetallb: true,
  },
  (wire, { facts }, context) => {
    const unheld = subtract(askedInPools(wire, facts), heldOrNodes(facts));
    if (askedInPools(wire, facts).length === 0) return noneAsked();
    const people = peopleOf(wire, facts.nodes, context);
    const answered = answeredInPools(wire, facts).filter(({ address }) => setContains(unheld, address));
    const strange = answered.filter(({ address }) => people.strangersAt(address, null).length > 0);
    if (strange.length > 0) {
      const list = strange.map(
        ({ address, pool }) =>
          `${formatIpv4(address)} of ${pool} by ${some(people.strangersAt(address, null).map(people.nameOf), 2)}`,
      );
      return failed(
        `${count(strange.length, 'address', 'addresses')} that no Service holds ${strange.length === 1 ? 'is' : 'are'} in use: ${some(list)}.`,
        'freehold history ADDRESS tells since when. Give that device another address, or take it out of the pool: freehold free shows a range that is proven.',
      );
    }
    const byNodes = answered.filter(({ address }) =>
      (wire.answers.get(address) ?? []).some((mac) => people.nodeOf(mac) !== null),
    );
    if (byNodes.length > 0) {
      const list = byNodes.map(({ address }) => {
        const nodes = new Set((wire.answers.get(address) ?? []).flatMap((mac) => people.nodeOf(mac) ?? []));
        return `${formatIpv4(address)} (${some([...nodes], 3)})`;
      });
      return warning(
        `Nodes answer for addresses that no Service holds: ${some(list)}.`,
        'Look on that node: ip address show. It is left over on kube-ipvs0 (restart kube-proxy), or of another load balancer (kube-vip, keepalived).',
        'Something else than MetalLB put it there; the next Service that gets it meets both.',
      );
    }
    const routers = answered.filter(({ address }) => (wire.answers.get(address) ?? []).some((mac) => people.standsIn(mac)));
    if (routers.length > 0) {
      return skipped(
        `A router answers for everything here (${some([...new Set(routers.flatMap(({ address }) => wire.answers.get(address) ?? []))].map(people.nameOf), 2)}): whether anybody is behind ${addressList(routers.map(({ address }) => address))} cannot be told.`,
        'Switch proxy ARP off for this network on that router.',
      );
    }
    return ok(`Nobody answers for the others of ${some(facts.pools.map(({ name }) => name))} now.`);
  },
);

export const secondCluster: Check = wireCheck(
  {
    name: 'second-cluster',
    title: 'No second cluster gives out the same addresses',
    group: GROUP,
    why: 'Two clusters with one range give out the same addresses, each without knowing of the other.',
    reads: ['pools', 'services', 'nodes'],
    needsMetallb: true,
  },
  (wire, { facts }, context) => {
    if (askedInPools(wire, facts).length === 0) return noneAsked();
    const people = peopleOf(wire, facts.nodes, context);
    if (!people.nodesKnown) {
      return skipped(
        'No node answered, so that a node cannot be told from a stranger.',
        'An interface in the network of the nodes: --interface IF',
      );
    }
    const expected = new Map(announcedServices(facts).map((one) => [one.address, one.expected.node]));
    const inPools = answeredInPools(wire, facts).map(({ address }) => address);
    const strangers = addressesByMac(inPools, (address) => people.strangersAt(address, expected.get(address) ?? null));
    const crowds = [...strangers].filter(([, addresses]) => addresses.length >= LIKE_A_CLUSTER);
    if (crowds.length === 0) return ok('No stranger answers for several addresses of the pools.');
    const list = crowds.map(
      ([mac, addresses]) =>
        `${people.nameOf(mac)}, no node of this cluster, answers for ${count(addresses.length, 'address', 'addresses')}: ${addressList(addresses)}`,
    );
    return failed(
      `${clauses(list)}.`,
      'Look whether another cluster (MetalLB, kube-vip) or a machine with many addresses stands in this network, and give each a range of its own.',
    );
  },
);
