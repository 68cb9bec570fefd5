/**
 * What is allowed in a configuration and still hardly meant: for `freehold config check` and the log at the start. Errors are
 * config-rules.ts.
 */
import { rangeOfCidr } from '../core/address/cidr.ts';
import { formatRange } from '../core/address/range.ts';
import { rangeSet, subtract } from '../core/address/range-set.ts';
import type { Config } from './config-types.ts';

/** Parts of a pool that one sentence names; the rest is counted. */
const MOST_NAMED = 5;

/** Whole sentences for people, in the order of the file. */
export const configWarnings = (config: Config): readonly string[] => [
  ...speakerWarnings(config),
  ...unwatchedPools(config),
  ...(config.alerts.channels.length > 0
    ? []
    : ['alerts.channels is empty: conflicts are told to nobody; `freehold conflicts` and the log show them.']),
];

function speakerWarnings({ metallb: { pools, speakers } }: Config): string[] {
  if (pools.length > 0 && speakers.length === 0) {
    return [
      "metallb.pools has no metallb.speakers beside it: every use of a pool address is a conflict, the cluster's own too. Name the MAC addresses of the nodes.",
    ];
  }
  if (pools.length > 0 || speakers.length === 0) return [];
  return ['metallb.speakers has no metallb.pools beside it: no address is guarded.'];
}

/** Nobody hears who uses such an address. A segment without a cidr may hold any of them: only its interface knows. */
function unwatchedPools({ segments, metallb }: Config): string[] {
  if (segments.some(({ cidr }) => cidr === null)) return [];
  const watched = rangeSet(segments.flatMap(({ cidr }) => (cidr === null ? [] : [rangeOfCidr(cidr)])));
  return metallb.pools.flatMap(({ name, addresses }) => {
    const outside = subtract(addresses, watched).map(formatRange);
    if (outside.length === 0) return [];
    const named = outside.slice(0, MOST_NAMED).join(', ');
    const rest = outside.length > MOST_NAMED ? ` and ${outside.length - MOST_NAMED} more` : '';
    return [`metallb.pools: ${named}${rest} of pool ${name} lie in no segment: nobody watches them.`];
  });
}
