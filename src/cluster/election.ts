/**
 * Who announces a Service, computed as MetalLB's speakers do (speaker/layer2_controller.go): no lease, each of them sorts the nodes
 * that may by a hash of node and address, and the first one does. A second opinion, independent of what MetalLB reports. Who is in the
 * speakers' memberlist is not known here: a node that is not Ready counts as gone.
 */
import { hash } from 'node:crypto';
import { formatIpv4 } from '../core/address/ipv4.ts';
import { matchesAny } from './labels.ts';
import type { Advertisement, ClusterNode, ClusterPool, LoadBalancerService } from './types.ts';

export interface Election {
  readonly nodes: readonly ClusterNode[];
  readonly advertisements: readonly Advertisement[];
  readonly pools: readonly ClusterPool[];
  /** The speakers run with --ignore-exclude-lb. */
  readonly ignoreExcludeLabel: boolean;
  /** For whoever elects again and again; default `leader`. */
  readonly leader?: typeof leader;
}

/** The node that is expected to announce, or why there is none. */
export type Expected =
  | { readonly node: string }
  | { readonly node: null; readonly why: 'no-pool' | 'no-advertisement' | 'no-endpoints' | 'no-node' };

/** The L2Advertisements that are about a pool. */
export const advertisementsOf = (pool: ClusterPool, advertisements: readonly Advertisement[]): readonly Advertisement[] =>
  advertisements.filter(({ pools, poolSelectors }) => {
    if (pools.length === 0 && poolSelectors.length === 0) return true;
    return pools.includes(pool.name) || (poolSelectors.length > 0 && matchesAny(poolSelectors, pool.labels));
  });

export function expectedAnnouncer(service: LoadBalancerService, pool: ClusterPool | null, election: Election): Expected {
  const [first] = service.addresses;
  if (pool === null || first === undefined) return { node: null, why: 'no-pool' };
  const advertisements = advertisementsOf(pool, election.advertisements);
  if (advertisements.length === 0) return { node: null, why: 'no-advertisement' };
  if (service.readyEndpoints === 0) return { node: null, why: 'no-endpoints' };
  const eligible = election.nodes.filter(
    (node) =>
      node.ready &&
      !node.networkUnavailable &&
      (election.ignoreExcludeLabel || !node.excluded) &&
      advertisements.some(({ nodeSelectors }) => matchesAny(nodeSelectors, node.labels)) &&
      (service.trafficPolicy === 'Cluster' || service.readyNodes === null || service.readyNodes.includes(node.name)),
  );
  const node = (election.leader ?? leader)(
    eligible.map(({ name }) => name),
    service.firstAddress ?? formatIpv4(first),
  );
  return node === null ? { node: null, why: 'no-node' } : { node };
}

/** The first by SHA-256 of `NODE#ADDRESS`; null where there is nobody. */
export function leader(nodes: readonly string[], address: string): string | null {
  let first: { readonly node: string; readonly digest: string } | null = null;
  for (const node of nodes) {
    // In hex: it sorts as its bytes do.
    const digest = hash('sha256', `${node}#${address}`);
    if (first === null || digest < first.digest) first = { node, digest };
  }
  return first?.node ?? null;
}

/** Addresses whose leader is remembered. */
const MOST_REMEMBERED = 20_000;

/** `leader` that hashes only where the nodes have changed since it was last asked for an address. */
export function rememberingLeader(): typeof leader {
  const known = new Map<string, { readonly nodes: string; readonly leader: string | null }>();
  return (nodes, address) => {
    const names = nodes.join(' ');
    const before = known.get(address);
    if (before?.nodes === names) return before.leader;
    const found = leader(nodes, address);
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(address, { nodes: names, leader: found });
    return found;
  };
}
