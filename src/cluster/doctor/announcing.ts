/** Which Services are MetalLB's, from which pool, and who is expected to announce them. Pure. */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import { setContains } from '../../core/address/range-set.ts';
import { advertisementsOf, type Election, type Expected, expectedAnnouncer } from '../election.ts';
import { type ClusterFacts, type ClusterPool, type LoadBalancerService, serviceKey } from '../types.ts';

const IGNORE_EXCLUDE = '--ignore-exclude-lb';

/** Whether the speakers run with --ignore-exclude-lb. */
export const ignoresExcludeLabel = ({ metallb }: ClusterFacts): boolean =>
  metallb.speaker?.args.some((arg) => arg === IGNORE_EXCLUDE || arg === `${IGNORE_EXCLUDE}=true`) ?? false;

/** --lb-class of the controller: it cares only for Services of this class; null: for those without one. */
export function loadBalancerClass({ metallb }: ClusterFacts): string | null {
  const prefix = '--lb-class=';
  const arg = metallb.controller?.args.find((one) => one.startsWith(prefix));
  return arg === undefined || arg === prefix ? null : arg.slice(prefix.length);
}

export const electionOf = (facts: ClusterFacts): Election => ({
  nodes: facts.nodes,
  advertisements: facts.advertisements,
  pools: facts.pools,
  ignoreExcludeLabel: ignoresExcludeLabel(facts),
});

/** The pool that a Service has its address from; null where MetalLB did not give it one. */
export function poolOf(service: LoadBalancerService, facts: ClusterFacts): ClusterPool | null {
  const named = facts.pools.find(({ name }) => name === service.pool);
  if (named !== undefined) return named;
  const [first] = service.addresses;
  if (first === undefined || service.loadBalancerClass !== loadBalancerClass(facts)) return null;
  return facts.pools.find(({ addresses }) => setContains(addresses, first)) ?? null;
}

export interface Announced {
  readonly service: LoadBalancerService;
  readonly key: string;
  readonly address: Ipv4;
  readonly pool: ClusterPool;
  readonly expected: Expected;
}

/** Services that hold an address of a pool which is announced in layer 2, with who is expected to do it. */
export function announcedServices(facts: ClusterFacts): readonly Announced[] {
  const election = electionOf(facts);
  return facts.services.flatMap((service) => {
    const pool = poolOf(service, facts);
    const [address] = service.addresses;
    if (pool === null || address === undefined) return [];
    if (advertisementsOf(pool, facts.advertisements).length === 0) return [];
    return { service, key: serviceKey(service), address, pool, expected: expectedAnnouncer(service, pool, election) };
  });
}

/** `default/web (192.0.2.200)` */
export const announcedText = ({ key, address }: Pick<Announced, 'key' | 'address'>): string => `${key} (${formatIpv4(address)})`;
