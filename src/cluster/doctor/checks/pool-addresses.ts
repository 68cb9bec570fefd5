/** Addresses in pools that are somebody's already, or nobody's to have; and pools where no node can answer. Pure. */
import { formatCidr } from '../../../core/address/cidr.ts';
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { setContains } from '../../../core/address/range-set.ts';
import { advertisementsOf } from '../../election.ts';
import type { ClusterNode, ClusterPool } from '../../types.ts';
import { clusterCheck, failed, ok, skipped, warning } from '../judge.ts';
import { addressesOfNode, givesOut, infrastructure, inNetwork, type KnownNetwork, knownNetworks, placeIn } from '../networks.ts';
import type { Check } from '../types.ts';
import { clauses, count, rangeList, some } from '../words.ts';

const GROUP = 'Pools';

export const nodeAddressInPool: Check = clusterCheck(
  {
    name: 'node-address-in-pool',
    title: 'No pool holds the address of a node',
    group: GROUP,
    why: 'MetalLB gives it to a Service without a look, and the node drops out of the cluster. It checked this in 0.15.0 only, and wrongly.',
    reads: ['pools', 'nodes'],
    needsMetallb: true,
  },
  ({ facts: { pools, nodes, namespace } }) => {
    const found = nodes.flatMap((node) =>
      addressesOfNode(node).flatMap((address) =>
        pools
          .filter(({ addresses }) => setContains(addresses, address))
          .map((pool) => `${formatIpv4(address)} of the node ${node.name} is in ${pool.name}`),
      ),
    );
    if (found.length > 0) {
      return failed(
        `${clauses(found, 5)}.`,
        `Take it out of the pool, by two ranges around it: kubectl -n ${namespace} edit ipaddresspool NAME`,
      );
    }
    return ok(`None of ${count(nodes.length, 'node')} has an address in a pool.`);
  },
);

export const infrastructureInPool: Check = clusterCheck(
  {
    name: 'infrastructure-in-pool',
    title: 'No pool holds a gateway, an edge of the network, or a DNS server',
    group: GROUP,
    why: 'MetalLB gives out what the pool says, from the lowest address on: also the network and broadcast addresses, which do not work, and the gateway, which then does not either.',
    reads: ['pools'],
    needsMetallb: true,
  },
  ({ facts: { pools, namespace } }, context) => {
    const named = infrastructure(context);
    const found = [...named].flatMap(([address, what]) =>
      pools.filter((pool) => givesOut(pool, address)).map((pool) => `${formatIpv4(address)} (${what}) is in ${pool.name}`),
    );
    if (found.length > 0) {
      return failed(`${clauses(found, 5)}.`, `Take them out of the pool: kubectl -n ${namespace} edit ipaddresspool NAME`);
    }
    if (pools.length === 0) return ok('There is no pool.');
    const networks = knownNetworks(context);
    const unseen = pools.filter((pool) => networks.every(({ network }) => placeIn(pool, network) === 'outside'));
    if (unseen.length === pools.length) {
      return skipped(
        `No network that is known here has to do with ${some(unseen.map(({ name }) => name))}, so that its gateway and edges are not known.`,
        'Run it on a machine in the network of the pool, or with the daemon that watches it.',
      );
    }
    const but =
      unseen.length === 0 ? '' : ` Nothing is known here about the networks of ${some(unseen.map(({ name }) => name))}.`;
    return ok(
      `Compared with ${count(named.size, 'address', 'addresses')} of ${some(networks.map(({ network }) => formatCidr(network)))}.${but}`,
    );
  },
  ['machine', 'daemon'],
);

interface Placed {
  readonly pool: ClusterPool;
  readonly text: string;
  readonly verdict: 'inside' | 'failed' | 'warning' | 'unknown';
}

export const poolOutsideNodeSubnets: Check = clusterCheck(
  {
    name: 'pool-outside-node-subnets',
    title: 'The pools lie in networks that nodes stand in',
    group: GROUP,
    why: 'In layer 2 mode a node answers ARP for the address, and only those ask who take it for a neighbour: outside of the network of a node nobody does.',
    reads: ['pools', 'nodes', 'advertisements'],
    needsMetallb: true,
  },
  ({ facts: { pools, nodes, advertisements } }, context) => {
    const ofLayer2 = pools.filter((pool) => pool.addresses.length > 0 && advertisementsOf(pool, advertisements).length > 0);
    if (ofLayer2.length === 0) return ok('There is no pool that is announced in layer 2.');
    if (nodes.length === 0) return skipped('There is no node to compare with.', 'A node.');
    const networks = knownNetworks(context);
    const placed = ofLayer2.map((pool) => placedIn(pool, nodes, networks));
    const of = (verdict: Placed['verdict']): readonly string[] =>
      placed.filter((one) => one.verdict === verdict).map(({ text }) => text);
    const fix =
      'Choose a range in the network of the nodes: freehold free shows proven ones, freehold apply pushes one. A range elsewhere needs BGP.';
    if (of('failed').length > 0) return failed(`${clauses([...of('failed'), ...of('warning')])}.`, fix);
    if (of('warning').length > 0)
      return warning(
        `${clauses(of('warning'))}.`,
        fix,
        'Only where nodes have a second interface there, which Kubernetes does not tell, can one answer.',
      );
    if (of('unknown').length > 0) {
      return skipped(
        `${clauses(of('unknown'))}.`,
        'Run it on a machine in the network of the nodes, or with the daemon that watches it.',
      );
    }
    return ok(`${clauses(of('inside'))}.`);
  },
  ['machine', 'daemon'],
);

/** Kubernetes does not tell the networks of nodes: those that are known here must do. */
function placedIn(pool: ClusterPool, nodes: readonly ClusterNode[], networks: readonly KnownNetwork[]): Placed {
  const stands = (node: ClusterNode, { network }: KnownNetwork): boolean =>
    addressesOfNode(node).some((address) => inNetwork(network, address));
  const ofNodes = networks.filter((network) => nodes.some((node) => stands(node, network)));
  const placeOf =
    (place: ReturnType<typeof placeIn>) =>
    ({ network }: KnownNetwork): boolean =>
      placeIn(pool, network) === place;
  const name = ({ network }: KnownNetwork): string => formatCidr(network);
  const what = `${pool.name} (${rangeList(pool.addresses, 2)})`;
  const inside = ofNodes.find(placeOf('inside'));
  if (inside !== undefined) return { pool, verdict: 'inside', text: `${what} lies in ${name(inside)}, where nodes are` };
  const partly = ofNodes.find(placeOf('partly'));
  if (partly !== undefined)
    return { pool, verdict: 'failed', text: `Only a part of ${what} lies in ${name(partly)}, where nodes are` };
  const empty = networks.find(placeOf('inside'));
  if (empty !== undefined)
    return { pool, verdict: 'failed', text: `${what} lies in ${name(empty)}, where no node has an address` };
  const seen = nodes.filter((node) => networks.some((network) => stands(node, network)));
  return seen.length === nodes.length
    ? { pool, verdict: 'warning', text: `${what} lies in none of the networks of the nodes (${some(ofNodes.map(name))})` }
    : { pool, verdict: 'unknown', text: `The network of ${what} is not known here` };
}
