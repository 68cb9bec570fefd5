/** Pools and the advertisements that make them known: whether one misses the other. Pure. */
import { advertisementsOf } from '../../election.ts';
import { matches, matchesAny } from '../../labels.ts';
import type { Advertisement, ClusterNode, ClusterPool } from '../../types.ts';
import { clusterCheck, failed, ok, rightTo, skipped, warning } from '../judge.ts';
import type { Check, ClusterReading } from '../types.ts';
import { all, are, capital, clauses, count, some } from '../words.ts';

const GROUP = 'Pools';

type AnyAdvertisement = Pick<Advertisement, 'name' | 'pools' | 'poolSelectors' | 'nodeSelectors'>;

const covers = (advertisement: AnyAdvertisement, pool: ClusterPool): boolean =>
  advertisementsOf(pool, [{ namespace: '', interfaces: [], ...advertisement }]).length > 0;

export const poolUnmatched: Check = clusterCheck(
  {
    name: 'pool-unmatched',
    title: 'Every pool is advertised',
    group: GROUP,
    why: 'A Service gets an address of the pool, and nobody answers for it: without an advertisement no speaker announces it.',
    reads: ['pools', 'advertisements'],
    needsMetallb: true,
  },
  (reading) => {
    const { pools, advertisements, namespace } = reading.facts;
    const bgp = reading.details.bgpAdvertisements;
    const silent = pools.filter((pool) => advertisementsOf(pool, advertisements).length === 0);
    const byBgp = silent.filter((pool) => bgp?.some((one) => covers(one, pool)) === true);
    const unmatched = silent.filter((pool) => !byBgp.includes(pool));
    const names = some(unmatched.map(({ name }) => name));
    if (unmatched.length > 0 && bgp === null) {
      return skipped(
        `No L2Advertisement covers ${names}; whether a BGPAdvertisement does cannot be told.`,
        rightTo('bgp advertisements'),
      );
    }
    if (unmatched.length > 0) {
      return failed(
        `No L2Advertisement or BGPAdvertisement in ${namespace} covers ${names}.`,
        `freehold apply makes one; or add ${unmatched[0]?.name ?? 'the pool'} to spec.ipAddressPools of one that is there: kubectl -n ${namespace} edit l2advertisement NAME`,
      );
    }
    const alsoBgp = byBgp.length === 0 ? '' : `; ${some(byBgp.map(({ name }) => name))} by BGP, which Freehold does not watch`;
    return ok(
      pools.length === 0 ? 'There is no pool.' : `${capital(all(pools.length, 'pool'))} ${are(pools.length)} covered${alsoBgp}.`,
    );
  },
);

export const advertisementUnmatched: Check = clusterCheck(
  {
    name: 'advertisement-unmatched',
    title: 'Every advertisement finds its pools and nodes',
    group: GROUP,
    why: 'MetalLB ignores a name that it does not know, and selectors that match nothing, without a word.',
    reads: ['pools', 'advertisements'],
    needsMetallb: true,
  },
  (reading) => {
    const { facts, details } = reading;
    const named = [
      ...facts.advertisements.map((one) => ({ kind: 'L2Advertisement', one: one as AnyAdvertisement })),
      ...(details.bgpAdvertisements ?? []).map((one) => ({ kind: 'BGPAdvertisement', one })),
    ];
    const faults = named.flatMap(({ kind, one }) => faultsOf(`${kind} ${one.name}`, one, reading));
    const dead = faults.filter(({ dead: isDead }) => isDead);
    const labels = 'kubectl get nodes --show-labels';
    const fix = `Mend the names or selectors: kubectl -n ${facts.namespace} get ipaddresspools --show-labels; ${labels}`;
    const texts = [...dead, ...faults.filter((fault) => !dead.includes(fault))].map(({ text }) => text);
    if (dead.length > 0) return failed(`${clauses(texts)}.`, fix);
    if (faults.length > 0) return warning(`${clauses(texts)}.`, fix);
    if (named.length === 0) return ok('There is no advertisement.');
    return ok(`${count(named.length, 'advertisement')} ${are(named.length)} there, and each finds what it names.`);
  },
);

interface Fault {
  readonly text: string;
  /** It announces nothing at all. */
  readonly dead: boolean;
}

function faultsOf(what: string, advertisement: AnyAdvertisement, { facts }: ClusterReading): readonly Fault[] {
  const { pools: poolNames, poolSelectors, nodeSelectors } = advertisement;
  const faults: Fault[] = [];
  const missing = poolNames.filter((name) => !facts.pools.some((pool) => pool.name === name));
  const findsNone =
    (poolNames.length > 0 || poolSelectors.length > 0) && !facts.pools.some((pool) => covers(advertisement, pool));
  if (missing.length > 0) {
    faults.push({ text: `${what} names ${some(missing)}, and there is no such pool`, dead: findsNone });
  } else if (findsNone) {
    faults.push({ text: `${what} selects no pool by its labels`, dead: true });
  }
  const idle = poolSelectors.filter((selector) => !facts.pools.some(({ labels }) => matches(selector, labels)));
  if (idle.length > 0 && !findsNone) {
    faults.push({
      text: `${count(idle.length, 'selector')} of ${what} ${idle.length === 1 ? 'matches' : 'match'} no pool`,
      dead: false,
    });
  }
  // Where the nodes may not be read there is none, and nothing to say.
  if (facts.nodes.length > 0 && !someNode(facts.nodes, nodeSelectors)) {
    faults.push({ text: `${what} selects none of ${count(facts.nodes.length, 'node')}`, dead: true });
  }
  return faults;
}

const someNode = (nodes: readonly ClusterNode[], selectors: Advertisement['nodeSelectors']): boolean =>
  nodes.some(({ labels }) => matchesAny(selectors, labels));
