/**
 * Puts together what the guard watches over: the configuration's pools and speakers, what is known of the cluster, and the MACs of its
 * nodes that were learned on the wire. Pure.
 */
import { intersectSets, subtract, union } from '../address/range-set.ts';
import { type ClusterKnowledge, nodeAddressesOf } from './cluster-knowledge.ts';
import type { ClusterView, Pool, Speaker } from './cluster-view.ts';

export interface Configured {
  readonly pools: readonly Pool[];
  readonly speakers: readonly Speaker[];
}

/**
 * @param knowledge null: there is no cluster to ask
 * @param learned MACs of nodes, as the wire told them
 */
export function mergeView(
  configured: Configured,
  knowledge: ClusterKnowledge | null,
  learned: readonly Speaker[],
  asOfMs: number | null,
): ClusterView {
  const ofCluster = knowledge?.pools ?? [];
  return {
    source: knowledge === null ? 'configuration' : 'cluster',
    asOfMs: knowledge === null ? null : asOfMs,
    pools: [...ofCluster, ...besides(configured.pools, ofCluster)],
    speakers: mergeSpeakers(configured.speakers, learned),
    assignments: knowledge?.services?.assignments ?? null,
    requested: knowledge?.services?.requested ?? [],
    nodeAddresses: nodeAddressesOf(knowledge?.nodes ?? []),
  };
}

/** The configured pools that go on being guarded: those that are no pool of the cluster, neither by name nor by address. */
function besides(configured: readonly Pool[], ofCluster: readonly Pool[]): readonly Pool[] {
  const names = new Set(ofCluster.map(({ name }) => name));
  const taken = ofCluster.reduce<Pool['addresses']>((all, { addresses }) => union(all, addresses), []);
  return configured.filter(({ name, addresses }) => !names.has(name) && intersectSets(addresses, taken).length === 0);
}

/** Names of configured pools that the cluster has otherwise: some of their addresses are in no pool of the cluster. */
export function contradicted(configured: readonly Pool[], ofCluster: readonly Pool[]): readonly string[] {
  const kept = new Set(besides(configured, ofCluster));
  const taken = ofCluster.reduce<Pool['addresses']>((all, { addresses }) => union(all, addresses), []);
  return configured.filter((pool) => !kept.has(pool) && subtract(pool.addresses, taken).length > 0).map(({ name }) => name);
}

/** One entry for each MAC. What the configuration names comes first, with the node's name where only the wire told it. */
function mergeSpeakers(configured: readonly Speaker[], learned: readonly Speaker[]): readonly Speaker[] {
  const nodes = new Map(learned.map(({ mac, node }) => [mac, node]));
  const named = new Set(configured.map(({ mac }) => mac));
  return [
    ...configured.map(({ mac, node }) => ({ mac, node: node ?? nodes.get(mac) ?? null })),
    ...learned.filter(({ mac }) => !named.has(mac)),
  ];
}
