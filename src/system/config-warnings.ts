/**
 * What is allowed in a configuration and still hardly meant: for `freehold config check` and the log at the start. Errors are
 * config-rules.ts.
 */
import { hasBroadcast, rangeOfCidr } from '../core/address/cidr.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import { formatRange } from '../core/address/range.ts';
import { intersectSets, type RangeSet, rangeSet, setContains, subtract } from '../core/address/range-set.ts';
import { proofWarnings } from './config-proof-warnings.ts';
import type { Config } from './config-types.ts';

/** Parts of a pool that one sentence names; the rest is counted. */
const MOST_NAMED = 5;

/** Whole sentences for people, in the order of the file. */
export const configWarnings = (config: Config): readonly string[] => [
  ...speakerWarnings(config),
  ...unwatchedPools(config),
  ...edgesInPools(config),
  ...excludedPools(config),
  ...proofWarnings(config),
  ...(config.alerts.channels.length > 0
    ? []
    : ['alerts.channels is empty: conflicts are told to nobody; `freehold conflicts` and the log show them.']),
];

function speakerWarnings({ metallb: { cluster, kubeconfig, pools, speakers } }: Config): string[] {
  // The cluster has pools of its own, and the wire tells the MACs of its nodes.
  if (cluster !== 'off' && kubeconfig !== null) return [];
  if (pools.length > 0 && speakers.length === 0) {
    return [
      "metallb.pools has no metallb.speakers beside it: every use of a pool address is a conflict, the cluster's own too. Name the MAC addresses of the nodes.",
    ];
  }
  if (pools.length > 0 || speakers.length === 0) return [];
  return ['metallb.speakers has no metallb.pools beside it: no address is guarded.'];
}

/**
 * What cannot be told from the file alone. Whole sentences; the log and GET /pools tell more once the networks of the interfaces
 * are known.
 */
export function configNotes({ segments, metallb }: Config): readonly string[] {
  const open = segments.filter(({ cidr, method }) => cidr === null && method !== 'icmp');
  if (open.length === 0) return [];
  const names = open.map(({ name }) => name).join(', ');
  return metallb.pools.flatMap(({ name, addresses }) => {
    const outside = subtract(addresses, watchedBy(segments));
    if (outside.length === 0) return [];
    return [
      `metallb.pools: whether anybody watches ${listed(outside)} of pool ${name} cannot be told here: ${names} ${open.length === 1 ? 'has' : 'have'} no cidr, so only the interface knows the network. The log at the start and GET /pools tell.`,
    ];
  });
}

const watchedBy = (segments: Config['segments']): RangeSet =>
  rangeSet(segments.flatMap(({ cidr, method }) => (cidr === null || method === 'icmp' ? [] : [rangeOfCidr(cidr)])));

function listed(ranges: RangeSet): string {
  const named = ranges.slice(0, MOST_NAMED).map(formatRange).join(', ');
  return ranges.length > MOST_NAMED ? `${named} and ${ranges.length - MOST_NAMED} more` : named;
}

/** Nobody hears who uses such an address. A segment without a cidr may hold any of them: see configNotes. */
function unwatchedPools({ segments, metallb }: Config): string[] {
  if (segments.some(({ cidr }) => cidr === null)) return [];
  return metallb.pools.flatMap(({ name, addresses }) => {
    const outside = subtract(addresses, watchedBy(segments));
    return outside.length === 0
      ? []
      : [`metallb.pools: ${listed(outside)} of pool ${name} lie in no segment that is heard: nobody watches them.`];
  });
}

/** MetalLB gives them to Services all the same. The guard opens a conflict of kind `infrastructure` for each. */
function edgesInPools({ segments, metallb }: Config): string[] {
  return segments.flatMap(({ name: segment, cidr }) => {
    if (cidr === null || !hasBroadcast(cidr)) return [];
    const { first, last } = rangeOfCidr(cidr);
    const edges = [
      ['network', first],
      ['broadcast', last],
    ] as const;
    return edges.flatMap(([role, address]) =>
      metallb.pools
        .filter(({ addresses }) => setContains(addresses, address))
        .map(
          ({ name }) =>
            `metallb.pools: pool ${name} holds ${formatIpv4(address)}, the ${role} address of segment ${segment} (unless its cidr is only a part of the network): no Service can have it.`,
        ),
    );
  });
}

function excludedPools({ segments, metallb }: Config): string[] {
  return segments.flatMap(({ name: segment, exclude }) =>
    metallb.pools.flatMap(({ name, addresses }) => {
      const both = intersectSets(addresses, exclude);
      return both.length === 0
        ? []
        : [
            `segment ${segment}: ${listed(both)} of pool ${name} is in exclude and never probed: a stranger there is only heard if it speaks, and its conflict closes by silence alone.`,
          ];
    }),
  );
}
