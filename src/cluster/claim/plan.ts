/**
 * What a claim would change: the pool as it is, the pool as it is wanted, and whom the difference is about. Pure.
 */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import type { Ipv4Range } from '../../core/address/range.ts';
import { intersectSets, type RangeSet, rangeSet, setContains, subtract } from '../../core/address/range-set.ts';
import { type ClusterPool, type LoadBalancerService, serviceKey } from '../types.ts';

/** What the person wants. Undefined: as it is, or MetalLB's default. */
export interface ClaimWanted {
  readonly namespace: string;
  readonly pool: string;
  readonly advertisement: string;
  readonly range: Ipv4Range;
  /** As it is to be written in the pool: `192.0.2.200-192.0.2.215` or `192.0.2.208/28`. */
  readonly written: string;
  readonly autoAssign: boolean | undefined;
  readonly avoidBuggyIps: boolean | undefined;
  /** Of the nodes; undefined: as it is, or all. */
  readonly interfaces: readonly string[] | undefined;
  /** Each a set of labels, any of which a node must have. */
  readonly nodeSelectors: readonly Readonly<Record<string, string>>[] | undefined;
}

export interface ClaimPlan {
  readonly wanted: ClaimWanted;
  /** null: there is no such pool yet. */
  readonly current: ClusterPool | null;
  /** In the pool before and after. */
  readonly kept: RangeSet;
  readonly added: RangeSet;
  readonly removed: RangeSet;
  /** Addresses of the pool that Services hold. */
  readonly held: readonly { readonly address: Ipv4; readonly service: string }[];
}

export function planClaim(wanted: ClaimWanted, current: ClusterPool | null, services: readonly LoadBalancerService[]): ClaimPlan {
  const before = current?.addresses ?? [];
  const after = rangeSet([wanted.range]);
  return {
    wanted,
    current,
    kept: intersectSets(before, after),
    added: subtract(after, before),
    removed: subtract(before, after),
    held: services.flatMap((service) =>
      service.addresses
        .filter((address) => setContains(before, address))
        .map((address) => ({ address, service: serviceKey(service) })),
    ),
  };
}

/** Services that MetalLB would give another address, since theirs would be in no pool any more. */
export const readdressed = ({ held, removed }: ClaimPlan): ClaimPlan['held'] =>
  held.filter(({ address }) => setContains(removed, address));

export const heldText = ({ address, service }: ClaimPlan['held'][number]): string => `${service} (${formatIpv4(address)})`;
