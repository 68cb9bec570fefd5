/**
 * What keeps parts of a segment from being offered beside its own configuration: DHCP spans that were learned, the pools, addresses
 * that Services hold or ask for (answered or not, in a pool or not), those of the nodes, and what was claimed for a cluster that is not
 * read. Decides nothing about an address: the verdict does.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { contains, type Ipv4Range, intersect } from '../../core/address/range.ts';
import {
  claimsInForce,
  type FollowedPools,
  isAskedOfFollowed,
  type OwnPool,
  type StandingClaim,
} from '../../core/claim/standing.ts';
import type { ClusterView, NodeAddress, Pool, RequestedAddress } from '../../core/conflict/cluster-view.ts';
import type { DhcpServer } from '../../core/dhcp/types.ts';
import type { InfrastructureAddress, ReservedRange } from '../../core/evidence/facts.ts';
import { printable } from '../../core/text.ts';
import type { DhcpSpans } from '../service.ts';

/** Longer than any Kubernetes object's name. */
const MAX_POOL_NAME = 253;
/** `namespace/name` */
const MAX_SERVICE_NAME = 320;
const MAX_SERVER = 200;

export interface WithheldBySources {
  /** Servers that were heard on the segment, lease files among them; each with the span of what it hands out. */
  readonly dhcpSpans?: (segmentName: string) => readonly DhcpServer[];
  /** As configured now: whether free ranges stay clear of those spans. Default: yes. */
  readonly avoidSpans?: () => boolean;
  /** As they are now, in the configuration or in the cluster. */
  readonly pools?: () => readonly Pool[];
  /** The cluster that they are of; null: none is followed. Default: none. */
  readonly followed?: () => FollowedPools | null;
  /** Claims that may be in a cluster. */
  readonly claims?: () => readonly StandingClaim[];
  /** Addresses that Services hold, and those that they ask for. */
  readonly assigned?: () => readonly RequestedAddress[];
  readonly requested?: () => readonly RequestedAddress[];
  /** Addresses of nodes. */
  readonly nodes?: () => readonly NodeAddress[];
  /** Why what is known of the cluster may be old: whole sentences. */
  readonly clusterNotices?: () => readonly string[];
}

/** All but the DHCP spans. */
export const withheldByView = (
  view: () => ClusterView,
): Required<Pick<WithheldBySources, 'pools' | 'assigned' | 'requested' | 'nodes'>> => ({
  pools: () => view().pools,
  assigned: () => view().assignments ?? [],
  requested: () => view().requested,
  nodes: () => view().nodeAddresses,
});

export interface WithheldBy {
  readonly reserved: readonly ReservedRange[];
  /** Addresses with a part of their own: the nodes'. */
  readonly infrastructure: readonly InfrastructureAddress[];
  readonly dhcpSpans: DhcpSpans;
  /** The query ignores spans that the configuration wants avoided. */
  readonly weakerThanConfigured: boolean;
}

/**
 * @param asked undefined: as configured
 * @param own the pool that the question is asked for: to be in it keeps nothing from it, and who waits for an address of it is to get
 * it; a pool of the same name in another cluster is another pool
 */
export function withheldBy(
  {
    dhcpSpans = () => [],
    avoidSpans = () => true,
    pools = () => [],
    assigned = () => [],
    requested = () => [],
    nodes = () => [],
    followed: followedNow = () => null,
    claims = () => [],
  }: WithheldBySources,
  segmentName: string,
  range: Ipv4Range,
  asked: DhcpSpans | undefined,
  own: OwnPool | null = null,
): WithheldBy {
  const configured: DhcpSpans = avoidSpans() ? 'avoid' : 'ignore';
  const chosen = asked ?? configured;
  const within = (part: Ipv4Range, reason: string): readonly ReservedRange[] => {
    const common = intersect(part, range);
    return common === null ? [] : [{ ...common, reason }];
  };
  const followed = followedNow();
  const isOurs = isAskedOfFollowed(own, followed);
  const ofPools = pools().flatMap(({ name, addresses }) => {
    if (isOurs && name === own?.pool) return [];
    // Of the same name, and not the same: only the server tells why it is withheld.
    const where = name === own?.pool ? ` of ${printable(followed?.server ?? 'another cluster', MAX_SERVER)}` : '';
    return addresses.flatMap((part) => within(part, `pool ${printable(name, MAX_POOL_NAME)}${where}`));
  });
  const ofClaims = claimsInForce(claims(), followed, own).flatMap(({ id, pool, server, ranges }) =>
    ranges.flatMap((part) =>
      within(part, `claimed for pool ${printable(pool, MAX_POOL_NAME)} of ${printable(server, MAX_SERVER)} (claim ${id})`),
    ),
  );
  const ofServers = chosen === 'ignore' ? [] : dhcpSpans(segmentName).flatMap((server) => spanOf(server, within));
  const ofServices = (all: readonly RequestedAddress[], words: string): readonly ReservedRange[] =>
    all.flatMap(({ address, service }) =>
      contains(range, address)
        ? [{ first: address, last: address, reason: `${words} Service ${printable(service, MAX_SERVICE_NAME)}` }]
        : [],
    );
  return {
    // The weightiest first: the first reason is the one that lists show.
    reserved: [
      ...ofServices(assigned(), 'assigned to'),
      ...(isOurs ? [] : ofServices(requested(), 'asked for by')),
      ...ofPools,
      ...ofClaims,
      ...ofServers,
    ],
    infrastructure: nodes().flatMap(({ address, node }) =>
      contains(range, address) ? [{ address, role: 'node' as const, name: printable(node, MAX_POOL_NAME) }] : [],
    ),
    dhcpSpans: chosen,
    weakerThanConfigured: configured === 'avoid' && chosen === 'ignore',
  };
}

function spanOf(
  { server, span }: DhcpServer,
  within: (part: Ipv4Range, reason: string) => readonly ReservedRange[],
): readonly ReservedRange[] {
  if (span === null) return [];
  return within(span, server === 'lease-file' ? 'DHCP span of the lease files' : `DHCP span of ${formatIpv4(server)}`);
}
