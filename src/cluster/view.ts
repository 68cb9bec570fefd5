/**
 * From a cluster's objects, as plain values, to what the guard knows of it: pools, who holds and who asks for which address, who is
 * elected to announce it and who says that he does, and the nodes. What was not read is null, and never an empty list. Pure.
 */
import { rangeSet, setContains } from '../core/address/range-set.ts';
import type { ClusterKnowledge, ClusterNodeFacts } from '../core/conflict/cluster-knowledge.ts';
import type { Assignment, Pool, RequestedAddress } from '../core/conflict/cluster-view.ts';
import { printable } from '../core/text.ts';
import { type Election, expectedAnnouncer, leader } from './election.ts';
import type { ServingEndpoints } from './read/services.ts';
import type { WatchedKind } from './read/snapshot.ts';
import { type ClusterNode, type ClusterPool, type LoadBalancerService, serviceKey } from './types.ts';
import type { SliceShare, WatchedValue } from './watch/kinds.ts';

/** null: not read yet, or it cannot be. */
export type ReadValues = { readonly [Kind in WatchedKind]: readonly WatchedValue[Kind][] | null };

/** Runs of addresses in all pools together: every frame is looked up among them. */
export const MOST_RUNS = 4_096;
/** Services times nodes: beyond that who is elected is not computed, since it would take the daemon's time from what is urgent. */
export const MOST_ELECTIONS = 100_000;
const MOST_REMARKS = 20;
const NAME = 253;
const SUMMARY = 300;

/** @param elect for whoever calls this again and again: one that remembers (election.ts) */
export function knowledgeOf(values: ReadValues, elect: typeof leader = leader): ClusterKnowledge {
  return {
    pools: values.pools === null ? null : poolsOf(values.pools),
    services: values.services === null ? null : servicesOf(values.services, values, elect),
    nodes: values.nodes === null ? null : [...values.nodes].sort(byName).map(nodeFacts),
  };
}

function poolsOf(pools: readonly ClusterPool[]): readonly Pool[] {
  let room = MOST_RUNS;
  return [...pools].sort(byName).flatMap(({ name, addresses }) => {
    const kept = addresses.slice(0, room);
    room -= kept.length;
    return kept.length === 0 ? [] : [{ name, addresses: rangeSet(kept) }];
  });
}

const nodeFacts = ({ name, internalAddresses, externalAddresses, ready }: ClusterNode): ClusterNodeFacts => ({
  name,
  internal: internalAddresses,
  external: externalAddresses,
  ready,
});

function servicesOf(
  services: readonly LoadBalancerService[],
  values: ReadValues,
  elect: typeof leader,
): NonNullable<ClusterKnowledge['services']> {
  const election: Election = {
    nodes: values.nodes ?? [],
    advertisements: values.advertisements ?? [],
    pools: values.pools ?? [],
    ignoreExcludeLabel: ignoresExcludeLabel(values),
    leader: elect,
  };
  const knowsElection =
    values.nodes !== null && values.advertisements !== null && values.pools !== null && !hasTooManyElections(values);
  const behind = values.endpointSlices === null ? null : servingByService(values.endpointSlices);
  const reports = values.layer2Statuses === null ? null : nodesByService(values.layer2Statuses);
  const poolNamed = new Map(election.pools.map((pool) => [pool.name, pool]));
  const assignments: Assignment[] = [];
  const requested: RequestedAddress[] = [];
  for (const one of [...services].sort((a, b) => compare(serviceKey(a), serviceKey(b)))) {
    const service = serviceKey(one);
    const pool = poolFor(one, poolNamed);
    const serving = behind === null ? null : (behind.get(service) ?? NOBODY);
    const whole = { ...one, readyNodes: serving?.nodes ?? null, readyEndpoints: serving?.ready ?? null };
    const node = knowsElection ? expectedAnnouncer(whole, pool, election).node : null;
    const reportedNodes = reports === null || pool === null ? null : (reports.get(service) ?? []);
    for (const address of one.addresses) {
      assignments.push({ address, service, node, ...(reportedNodes === null ? {} : { reportedNodes }) });
    }
    for (const address of one.requested) if (!one.addresses.includes(address)) requested.push({ address, service });
  }
  return { assignments, requested };
}

const hasTooManyElections = ({ services, nodes }: ReadValues): boolean =>
  (services?.length ?? 0) * (nodes?.length ?? 0) > MOST_ELECTIONS;

const NOBODY: ServingEndpoints = { ready: 0, nodes: [] };

/** MetalLB's pool of a Service; null where another load balancer gave it its address. */
function poolFor(
  { pool, addresses, loadBalancerClass }: LoadBalancerService,
  pools: ReadonlyMap<string, ClusterPool>,
): ClusterPool | null {
  if (pool !== null) return pools.get(pool) ?? null;
  const [first] = addresses;
  if (first === undefined || loadBalancerClass !== null) return null;
  return [...pools.values()].find((one) => setContains(one.addresses, first)) ?? null;
}

/** What the speakers' arguments say is not read: where a node announces although it has the label, they do not mind it. */
function ignoresExcludeLabel({ nodes, layer2Statuses }: ReadValues): boolean {
  const excluded = new Set((nodes ?? []).filter((node) => node.excluded).map(({ name }) => name));
  return excluded.size > 0 && (layer2Statuses ?? []).some(({ node }) => excluded.has(node));
}

function servingByService(slices: readonly SliceShare[]): ReadonlyMap<string, ServingEndpoints> {
  const found = new Map<string, { ready: number; nodes: Set<string> }>();
  for (const { service, ready, nodes } of slices) {
    const known = found.get(service) ?? { ready: 0, nodes: new Set() };
    found.set(service, known);
    known.ready += ready;
    for (const node of nodes) known.nodes.add(node);
  }
  return new Map([...found].map(([service, { ready, nodes }]) => [service, { ready, nodes: [...nodes].sort() }]));
}

function nodesByService(statuses: ReadValues['layer2Statuses']): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const { service, node } of statuses ?? []) {
    const nodes = found.get(service) ?? new Set();
    found.set(service, nodes.add(node));
  }
  return new Map([...found].map(([service, nodes]) => [service, [...nodes].sort()]));
}

/** What is worth a look and no conflict: whole sentences, printable, a few. */
export function remarksOf(values: ReadValues): readonly string[] {
  const { pools, configurationStates } = values;
  const remarks: string[] = [];
  for (const { name, leftOut, widened, addresses } of [...(pools ?? [])].sort(byName)) {
    const pool = `Pool ${printable(name, NAME)}`;
    for (const { text, means } of widened) {
      remarks.push(`${pool}: MetalLB takes ${printable(text, NAME)} as ${means}, and so does the guard.`);
    }
    const unreadable = leftOut.filter(({ reason }) => reason === 'unreadable').map(({ text }) => printable(text, NAME));
    if (unreadable.length > 0)
      remarks.push(`${pool}: ${unreadable.slice(0, 3).join(', ')} cannot be read as addresses, and is not guarded.`);
    if (leftOut.some(({ reason }) => reason === 'ipv6')) {
      remarks.push(`${pool} holds ${addresses.length === 0 ? 'only ' : ''}IPv6 addresses, which are not guarded.`);
    }
  }
  const runs = (pools ?? []).reduce((sum, { addresses }) => sum + addresses.length, 0);
  if (runs > MOST_RUNS) remarks.push(`The pools have ${runs} ranges: only the first ${MOST_RUNS} are guarded.`);
  if (hasTooManyElections(values))
    remarks.push('There are too many Services and nodes to compute who is elected to announce each address.');
  for (const { name, result, errorSummary } of configurationStates ?? []) {
    if (result !== 'Invalid') continue;
    remarks.push(`MetalLB's ${printable(name, NAME)} has not taken its configuration: ${printable(errorSummary, SUMMARY)}`);
  }
  return remarks.slice(0, MOST_REMARKS);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => compare(a.name, b.name);
