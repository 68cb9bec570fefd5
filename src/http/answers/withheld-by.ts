/**
 * What keeps parts of a segment from being offered beside its own configuration: DHCP spans that were learned, and the pools.
 * Decides nothing about an address: the verdict does.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { type Ipv4Range, intersect } from '../../core/address/range.ts';
import type { Pool } from '../../core/conflict/cluster-view.ts';
import type { DhcpServer } from '../../core/dhcp/types.ts';
import type { ReservedRange } from '../../core/evidence/facts.ts';
import { printable } from '../../core/text.ts';
import type { DhcpSpans } from '../service.ts';

/** Longer than any Kubernetes object's name. */
const MAX_POOL_NAME = 253;

export interface WithheldBySources {
  /** Servers that were heard on the segment, lease files among them; each with the span of what it hands out. */
  readonly dhcpSpans?: (segmentName: string) => readonly DhcpServer[];
  /** As configured now: whether free ranges stay clear of those spans. Default: yes. */
  readonly avoidSpans?: () => boolean;
  /** As they are now, in the configuration or in the cluster. */
  readonly pools?: () => readonly Pool[];
}

export interface WithheldBy {
  readonly reserved: readonly ReservedRange[];
  readonly dhcpSpans: DhcpSpans;
  /** The query ignores spans that the configuration wants avoided. */
  readonly weakerThanConfigured: boolean;
}

/** @param asked undefined: as configured */
export function withheldBy(
  { dhcpSpans = () => [], avoidSpans = () => true, pools = () => [] }: WithheldBySources,
  segmentName: string,
  range: Ipv4Range,
  asked: DhcpSpans | undefined,
): WithheldBy {
  const configured: DhcpSpans = avoidSpans() ? 'avoid' : 'ignore';
  const chosen = asked ?? configured;
  const within = (part: Ipv4Range, reason: string): readonly ReservedRange[] => {
    const common = intersect(part, range);
    return common === null ? [] : [{ ...common, reason }];
  };
  const ofPools = pools().flatMap(({ name, addresses }) =>
    addresses.flatMap((part) => within(part, `pool ${printable(name, MAX_POOL_NAME)}`)),
  );
  const ofServers = chosen === 'ignore' ? [] : dhcpSpans(segmentName).flatMap((server) => spanOf(server, within));
  return {
    reserved: [...ofPools, ...ofServers],
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
