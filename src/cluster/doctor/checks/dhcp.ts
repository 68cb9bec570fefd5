/** DHCP: whether it is heard, and whether it hands out addresses of a pool. Pure. */
import { formatIpv4, type Ipv4 } from '../../../core/address/ipv4.ts';
import { intersectSets, type RangeSet, setContains, subtract } from '../../../core/address/range-set.ts';
import { daemonCheck, failed, ifKnown, makeCheck, ok, skipped, warning } from '../judge.ts';
import type { Check, DhcpSegment, DoctorContext } from '../types.ts';
import { clauses, count, rangeList, some } from '../words.ts';

const GROUP = 'This machine and the daemon';

export const dhcpSeen: Check = daemonCheck(
  {
    name: 'dhcp-seen',
    title: 'The DHCP servers of the network are known',
    group: GROUP,
    why: 'A DHCP server may hand out an address of the pool at any time, to a device that is off today. Unheard is not absent: switches with DHCP snooping hide it.',
  },
  ({ dhcp }) =>
    ifKnown(dhcp, (segments) => {
      if (segments.length === 0)
        return skipped('The daemon watches no segment.', 'A segment in the configuration of the daemon.');
      const unknown = segments.filter(({ state }) => state !== 'heard' && state !== 'lease-files');
      const known = segments.filter((segment) => !unknown.includes(segment)).map(knownText);
      if (unknown.length === 0) return ok(`${known.join('; ')}.`);
      return warning(
        `No DHCP server was heard on ${some(unknown.map(({ segment }) => segment))}: whether there is one is unknown, which is not the same as none.${known.length === 0 ? '' : ` ${known.join('; ')}.`}`,
        'Name what you know of its scope: the lease file (dhcp.leases), or the scope itself (reserved, of the segment).',
      );
    }),
);

const knownText = ({ segment, servers, leases }: DhcpSegment): string =>
  `On ${segment}: ${servers.length === 0 ? 'lease files' : some(servers.map(({ server }) => server))}, ${count(leases.length, 'lease')}`;

interface NamedPool {
  readonly name: string;
  readonly addresses: RangeSet;
}

/** The cluster's pools, and those that only the daemon knows. */
function allPools({ cluster, daemon }: DoctorContext): readonly NamedPool[] {
  const ofCluster = cluster.known ? cluster.value.facts.pools : [];
  const ofDaemon = daemon.known && daemon.value.pools.known ? daemon.value.pools.value.pools : [];
  return [...ofCluster, ...ofDaemon.filter(({ name }) => !ofCluster.some((pool) => pool.name === name))];
}

export const dhcpScopeOverlap: Check = makeCheck(
  {
    name: 'dhcp-scope-overlap',
    title: 'No DHCP server hands out addresses of a pool',
    group: GROUP,
    why: 'MetalLB never looks whether somebody has an address, and a DHCP server only pings it, which a LoadBalancer address does not answer: both give it out.',
  },
  ['daemon', 'cluster', 'machine'],
  (context) => {
    const { daemon, machine } = context;
    const pools = allPools(context);
    const reserved = machine.known ? reservedText(machine.value.reserved, pools) : [];
    const reservedWarning = warning(
      `The configuration reserves addresses that a pool has: ${some(reserved)}.`,
      'Take them out of the pool, or out of "reserved".',
    );
    const dhcp = daemon.known ? daemon.value.dhcp : daemon;
    if (!dhcp.known) return reserved.length > 0 ? reservedWarning : skipped(dhcp.why, dhcp.needs);
    const segments = dhcp.value;
    if (pools.length === 0) return skipped('No pool is known.', 'A pool, in the cluster or under metallb.pools.');
    const certain = segments.flatMap((segment) => [...handedOut(segment), ...leasesIn(segment, pools)]);
    if (certain.length > 0) {
      return failed(
        `${clauses(certain, 5)}.`,
        'Narrow the scope on the DHCP server so that it ends before the pool, and let those leases run out; or move the pool: freehold free shows where to.',
      );
    }
    const possible = segments.flatMap((segment) => reachedOver(segment, pools));
    if (possible.length > 0) {
      return warning(
        `${clauses(possible)}.`,
        'Look at the scope on the DHCP server: whether it really ends below the pool and goes on above it.',
        'Between the lowest and the highest address that a server hands out, most are its own to hand out.',
      );
    }
    if (reserved.length > 0) return reservedWarning;
    const unknown = segments.filter(({ state }) => state === 'unknown').map(({ segment }) => segment);
    if (segments.length === 0 || unknown.length === segments.length) {
      return skipped(
        `No DHCP was heard${unknown.length === 0 ? '' : ` on ${some(unknown)}`}, so that its scope is not known.`,
        'Its lease file (dhcp.leases in the configuration), or its scope as "reserved" of the segment.',
      );
    }
    return ok(
      `Nothing that was seen to be handed out lies in ${count(pools.length, 'pool')}: ${some(pools.map(({ name }) => name))}.`,
    );
  },
);

/** As the daemon tells it: addresses of its pools that were really handed out. */
const handedOut = ({ servers }: DhcpSegment): readonly string[] =>
  servers.flatMap(({ server, overlaps }) =>
    overlaps.map(({ pool, ranges }) => `The DHCP server ${server} handed out ${rangeList(ranges)} of the pool ${pool}`),
  );

const leasesIn = ({ leases }: DhcpSegment, pools: readonly NamedPool[]): readonly string[] =>
  leases.flatMap(({ address, mac, hostname }) => {
    const pool = poolAt(pools, address);
    if (pool === null) return [];
    const who = [mac, hostname].filter((one) => one !== null).join(' ');
    return [`${formatIpv4(address)} of the pool ${pool.name} is leased${who === '' ? '' : ` to ${who}`}`];
  });

const poolAt = (pools: readonly NamedPool[], address: Ipv4): NamedPool | null =>
  pools.find(({ addresses }) => setContains(addresses, address)) ?? null;

/** What lies between the ends of what was handed out, and is not told already. */
const reachedOver = ({ servers }: DhcpSegment, pools: readonly NamedPool[]): readonly string[] =>
  servers.flatMap(({ server, span, overlaps }) =>
    pools.flatMap(({ name, addresses }) => {
      const told = overlaps.find(({ pool }) => pool === name)?.ranges ?? [];
      const common = subtract(intersectSets(span, addresses), told);
      return common.length === 0
        ? []
        : [
            `The DHCP server ${server} hands out addresses from ${rangeList(span)}, and the pool ${name} has ${rangeList(common)} of that`,
          ];
    }),
  );

const reservedText = (
  reserved: readonly { readonly segment: string; readonly ranges: RangeSet }[],
  pools: readonly NamedPool[],
): readonly string[] =>
  reserved.flatMap(({ segment, ranges }) =>
    pools.flatMap(({ name, addresses }) => {
      const common = intersectSets(ranges, addresses);
      return common.length === 0 ? [] : [`${rangeList(common)} (segment ${segment}, pool ${name})`];
    }),
  );
