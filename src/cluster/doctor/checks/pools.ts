/** The pools themselves: whether there are any, what their parts amount to, whether they overlap, and what is left in them. Pure. */
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { intersectSets, setContains, setSize } from '../../../core/address/range-set.ts';
import { readPoolAddresses } from '../../read/pool-addresses.ts';
import { type ClusterFacts, type ClusterPool, serviceKey } from '../../types.ts';
import { loadBalancerClass } from '../announcing.ts';
import { clusterCheck, failed, ok, unreadOf, warning } from '../judge.ts';
import type { Check } from '../types.ts';
import { clauses, count, rangeList, some } from '../words.ts';

const GROUP = 'Pools';

export const poolsDefined: Check = clusterCheck(
  {
    name: 'pools-defined',
    title: 'There is a pool to give addresses from',
    group: GROUP,
    why: 'MetalLB gives out addresses of an IPAddressPool, and of nothing else.',
    reads: ['pools'],
    needsMetallb: true,
  },
  ({ facts: { pools, namespace } }) => {
    if (pools.length === 0) {
      return warning(
        `There is no IPAddressPool in ${namespace}.`,
        'freehold apply chooses a proven range and pushes it as a pool.',
      );
    }
    const list = some(pools.map(({ name, addresses }) => `${name} (${rangeList(addresses, 3)})`));
    if (pools.every(({ autoAssign }) => !autoAssign)) {
      return warning(
        `No pool gives out addresses by itself (autoAssign is false): ${list}.`,
        'Set autoAssign: true for one, or ask for a pool in each Service: metallb.io/address-pool.',
        'A Service that names no pool and no address gets none.',
      );
    }
    return ok(`${count(pools.length, 'pool')}: ${list}.`);
  },
);

export const poolHostBits: Check = clusterCheck(
  {
    name: 'pool-host-bits',
    title: 'The pools are what they look like',
    group: GROUP,
    why: 'MetalLB drops the host bits of a network without a word: 192.0.2.240/24 is the whole /24, with the router and every host in it.',
    reads: ['pools'],
    needsMetallb: true,
  },
  ({ facts: { pools, namespace } }) => {
    const widened = pools.flatMap(({ name, widened: parts }) =>
      parts.map(({ text, means }) => `${text} of ${name} means ${means}`),
    );
    const unreadable = pools.flatMap(({ name, leftOut }) =>
      leftOut.filter(({ reason }) => reason === 'unreadable').map(({ text }) => `"${text}" of ${name}`),
    );
    const mend = `Write what is meant, FIRST-LAST or a network without host bits: kubectl -n ${namespace} edit ipaddresspool NAME`;
    if (unreadable.length > 0) {
      const also = widened.length === 0 ? '' : ` And ${clauses(widened)}.`;
      return failed(
        `MetalLB cannot read ${some(unreadable)}.${also}`,
        `${mend} (one address is ADDRESS/32; both ends of a range are whole addresses).`,
        'One part that cannot be read makes MetalLB refuse the whole configuration, all pools together.',
      );
    }
    if (widened.length > 0) return failed(`${clauses(widened)}.`, mend);
    const ipv6 = pools.flatMap(({ leftOut }) => leftOut).length;
    return ok(
      ipv6 === 0
        ? 'Every part is read as written.'
        : `Every IPv4 part is read as written; ${count(ipv6, 'IPv6 part')} not looked at.`,
    );
  },
);

export const poolsOverlap: Check = clusterCheck(
  {
    name: 'pools-overlap',
    title: 'Every address is in one pool, of one controller',
    group: GROUP,
    why: 'MetalLB refuses a configuration whose pools overlap, as a whole; and what two controllers give out is used twice.',
    reads: ['pools'],
    needsMetallb: true,
  },
  (reading) => {
    const { facts, details } = reading;
    const overlaps = [...facts.pools.flatMap(within), ...between(facts.pools)];
    if (overlaps.length > 0) {
      return failed(
        `${clauses(overlaps)}.`,
        `Take the common part out of one: kubectl -n ${facts.namespace} edit ipaddresspool NAME. (MetalLB's own words quote networks that it made of the ranges.)`,
      );
    }
    const others = [
      ...foreignAddresses(facts),
      ...details.otherPools.flatMap(({ name, addresses }) =>
        facts.pools.flatMap((pool) => {
          const common = intersectSets(pool.addresses, addresses);
          return common.length === 0
            ? []
            : [`${rangeList(common, 3)} of ${pool.name} ${setSize(common) === 1 ? 'is' : 'are'} in the ${name}, too`];
        }),
      ),
    ];
    if (others.length > 0) {
      return failed(
        `${clauses(others)}.`,
        'Keep the ranges of two controllers apart: take those addresses out of the pool.',
        'MetalLB does not know what another controller gave out, and gives it out again.',
      );
    }
    const unread = unreadOf(reading, 'services');
    const what = facts.pools.length < 2 ? 'No two parts' : `No two of ${facts.pools.length} pools`;
    return ok(`${what} share an address${unread === null ? '' : '; Services could not be compared'}.`);
  },
);

/** Two parts of one pool that share addresses; MetalLB refuses that, too. */
function within({ name, written }: ClusterPool): readonly string[] {
  const parts = written.map((text) => ({ text, addresses: readPoolAddresses([text]).addresses }));
  // Sorted by their first address, a part can overlap only one that begins before it ends.
  const sorted = parts
    .filter(({ addresses }) => addresses.length > 0)
    .sort((a, b) => (a.addresses[0]?.first ?? 0) - (b.addresses[0]?.first ?? 0));
  const found: string[] = [];
  let widest = sorted[0];
  for (const part of sorted.slice(1)) {
    if (widest !== undefined && (part.addresses[0]?.first ?? 0) <= (widest.addresses.at(-1)?.last ?? -1)) {
      found.push(`${widest.text} and ${part.text}, both of the pool ${name}, overlap`);
    }
    if ((part.addresses.at(-1)?.last ?? -1) > (widest?.addresses.at(-1)?.last ?? -1)) widest = part;
  }
  return found;
}

function between(pools: readonly ClusterPool[]): readonly string[] {
  return pools.flatMap((pool, index) =>
    pools.slice(index + 1).flatMap((other) => {
      const common = intersectSets(pool.addresses, other.addresses);
      return common.length === 0 ? [] : [`${pool.name} and ${other.name} both have ${rangeList(common, 3)}`];
    }),
  );
}

/** Addresses of a pool that Services hold which MetalLB did not give them: it notes the pool in an annotation. */
function foreignAddresses(facts: ClusterFacts): readonly string[] {
  return facts.services.flatMap((service) => {
    if (service.pool !== null) return [];
    return service.addresses.flatMap((address) => {
      const pool = facts.pools.find(({ addresses }) => setContains(addresses, address));
      if (pool === undefined) return [];
      const by = service.loadBalancerClass === null ? '' : ` (class ${service.loadBalancerClass})`;
      return [`${serviceKey(service)}${by} holds ${formatIpv4(address)} of ${pool.name} without having it from MetalLB`];
    });
  });
}

export const poolExhausted: Check = clusterCheck(
  {
    name: 'pool-exhausted',
    title: 'The pools have addresses left',
    group: GROUP,
    why: 'The next Service of type LoadBalancer waits without an address, and only its events say why.',
    reads: ['pools', 'services'],
    needsMetallb: true,
  },
  ({ facts }) => {
    const fills = facts.pools.filter(({ addresses }) => addresses.length > 0).map((pool) => fillOf(pool, facts));
    if (fills.length === 0) return ok('There is no pool to run out of.');
    const full = fills.filter(({ left }) => left <= 0);
    const waiting = facts.services.filter(
      (service) => service.addresses.length === 0 && service.loadBalancerClass === loadBalancerClass(facts),
    );
    const fix =
      'Widen it: freehold free --size N shows proven ranges, freehold apply --name POOL pushes them. Or free an address that nobody needs.';
    if (full.length > 0) {
      const seen = `Nothing is left in ${some(
        full.map(({ text }) => text),
        3,
      )}.`;
      if (waiting.length === 0) return warning(seen, fix);
      const waits = `${count(waiting.length, 'Service')} ${waiting.length === 1 ? 'waits' : 'wait'}: ${some(waiting.map(serviceKey), 3)}.`;
      return failed(`${seen} ${waits}`, fix);
    }
    return ok(`${some(fills.map(({ pool, left, size }) => `${pool.name}: ${left} of ${size} left`))}.`);
  },
);

function fillOf(pool: ClusterPool, facts: ClusterFacts) {
  const holders = facts.services.flatMap((service) =>
    service.addresses
      .filter((address) => setContains(pool.addresses, address))
      .map((address) => `${formatIpv4(address)} ${serviceKey(service)}`),
  );
  const held = new Set(holders.map((text) => text.split(' ')[0])).size;
  const left = pool.counters?.available ?? setSize(pool.addresses) - held;
  const size = pool.counters === null ? setSize(pool.addresses) : pool.counters.available + pool.counters.assigned;
  return {
    pool,
    left,
    size,
    text: `${pool.name} (${count(size, 'address', 'addresses')}: ${some(holders, 8) || 'held by no Service that is known'})`,
  };
}
