/** Rules between the pools and speakers of a configuration, on the document as written: see config-rules.ts. */
import { formatRange, type Ipv4Range, overlaps } from '../core/address/range.ts';
import { rangeSet, setSize } from '../core/address/range-set.ts';
import { LARGEST_POOL, MOST_POOLS, MOST_RANGES, poolRange, speakerMac } from './config-metallb.ts';
import { asList, asRaw, duplicateNames, isRaw, type Raw, type RuleProblem, read } from './config-raw.ts';

export function brokenMetallbRules(metallb: Raw): readonly RuleProblem[] {
  // What is beyond the bounds is refused as a whole: not compared with everything else on top.
  const pools = asList(metallb['pools']).slice(0, MOST_POOLS);
  return [
    ...duplicateNames(pools, ['metallb', 'pools']),
    ...overlappingPools(pools),
    ...largePools(pools),
    ...sameSpeaker(asList(metallb['speakers'])),
  ];
}

const rangesOf = (pool: unknown): readonly { readonly range: Ipv4Range; readonly position: number }[] =>
  asList(asRaw(pool)['addresses'])
    .slice(0, MOST_RANGES)
    .flatMap((item, position) => {
      const range = read(poolRange, item);
      return range === undefined ? [] : [{ range, position }];
    });

/** MetalLB refuses it too, within a pool as well as between two: an address would have two owners. */
function overlappingPools(pools: readonly unknown[]): RuleProblem[] {
  const earlier: { readonly range: Ipv4Range; readonly place: string }[] = [];
  return pools.flatMap((pool, index) =>
    rangesOf(pool).flatMap(({ range, position }) => {
      const other = earlier.find((one) => overlaps(one.range, range));
      earlier.push({ range, place: `pools[${index}].addresses[${position}]` });
      if (other === undefined) return [];
      const message = `expected addresses of no other pool (it overlaps ${formatRange(other.range)} of ${other.place})`;
      return [{ path: ['metallb', 'pools', index, 'addresses', position], message }];
    }),
  );
}

function largePools(pools: readonly unknown[]): RuleProblem[] {
  return pools.flatMap((pool, index) => {
    const size = setSize(rangeSet(rangesOf(pool).map(({ range }) => range)));
    if (size <= LARGEST_POOL) return [];
    return [
      {
        path: ['metallb', 'pools', index, 'addresses'],
        message: `expected at most ${LARGEST_POOL} addresses in one pool (these are ${size})`,
      },
    ];
  });
}

function sameSpeaker(speakers: readonly unknown[]): RuleProblem[] {
  const first = new Map<string, number>();
  return speakers.flatMap((speaker, index) => {
    const mac = read(speakerMac, isRaw(speaker) ? speaker['mac'] : speaker);
    if (mac === undefined) return [];
    const earlier = first.get(mac);
    if (earlier === undefined) {
      first.set(mac, index);
      return [];
    }
    const path = ['metallb', 'speakers', index, ...(isRaw(speaker) ? ['mac'] : [])];
    return [{ path, message: `expected a MAC address of its own (speakers[${earlier}] has it already)` }];
  });
}
