/** The daemon's answers, for `doctor`, as plain values. One that it does not give costs the checks that need it. */
import type { DaemonFacts, DaemonSegment, DhcpSegment, Known, UnfinishedClaim } from '../../cluster/doctor/types.ts';
import { parseCidr } from '../../core/address/cidr.ts';
import { type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { parseMac } from '../../core/address/mac.ts';
import { type Ipv4Range, parseRange } from '../../core/address/range.ts';
import { type RangeSet, rangeSet } from '../../core/address/range-set.ts';
import type { ClaimsAnswer } from '../../http/claim-service.ts';
import type { HttpClient } from '../../http/client.ts';
import type { ConflictsAnswer, DhcpAnswer, PoolsAnswer } from '../../http/guard-service.ts';
import type { SegmentJson } from '../../http/service.ts';
import { known, unknownOf } from './unknown.ts';

const MOST_CONFLICTS = 5;
const MOST_CLAIMS = 200;
/** An apply that takes longer than this is not running any more. */
const PUSHING_MS = 10 * 60_000;

/** @param where the daemon, for people */
export async function readDaemon(client: HttpClient, where: string, nowMs: number): Promise<Known<DaemonFacts>> {
  let segments: readonly SegmentJson[];
  try {
    // First, and alone: where it gets no answer, the others would only repeat why.
    ({ segments } = await client.get<{ readonly segments: readonly SegmentJson[] }>('/segments'));
  } catch (error) {
    return unknownOf(error);
  }
  const ask = async <A, T>(path: string, read: (answer: A) => T): Promise<Known<T>> => {
    try {
      return known(read(await client.get<A>(path)));
    } catch (error) {
      return unknownOf(error);
    }
  };
  const [dhcp, pools, conflicts, claims] = await Promise.all([
    ask('/dhcp', (answer: DhcpAnswer) => answer.segments.map(dhcpOf)),
    ask('/pools', (answer: PoolsAnswer) => ({
      source: answer.source,
      pools: answer.pools.map(({ name, addresses, unwatched }) => ({
        name,
        addresses: setOf(addresses),
        unwatched: setOf(unwatched),
      })),
      speakers: answer.speakers.flatMap(({ mac, node }) => {
        const read = parseMac(mac);
        return read.ok ? [{ mac: read.value, node }] : [];
      }),
      notices: answer.notices,
    })),
    ask(`/conflicts?state=open&limit=${MOST_CONFLICTS}`, ({ open, conflicts: all, blind, notices }: ConflictsAnswer) => ({
      open,
      summaries: all.map(({ summary }) => summary),
      blind,
      notices,
    })),
    ask(`/claims?limit=${MOST_CLAIMS}`, (answer: ClaimsAnswer) => unfinished(answer, nowMs)),
  ]);
  return known({ where, segments: segments.map(segmentOf), dhcp, pools, conflicts, claims });
}

function segmentOf(segment: SegmentJson): DaemonSegment {
  const { name, method, state, waitingFor, ownAddresses, gateway, lastValidSweepAt } = segment;
  const network = parseCidr(segment.cidr);
  return {
    name,
    interface: segment.interface,
    network: network.ok ? network.value : null,
    method,
    state,
    waitingFor,
    gateway: addressesOf(gateway === null ? [] : [gateway])[0] ?? null,
    own: addressesOf(ownAddresses),
    sweptOnce: lastValidSweepAt !== null,
  };
}

const dhcpOf = ({ segment, state, servers, leases }: DhcpAnswer['segments'][number]): DhcpSegment => ({
  segment,
  state,
  servers: servers.map(({ server, mac, span, overlaps }) => ({
    server,
    mac,
    span: setOf(span === null ? [] : [span]),
    overlaps: overlaps.map((overlap) => ({ pool: overlap.pool, ranges: setOf([overlap]) })),
  })),
  leases: leases.flatMap(({ address, mac, hostname }) => addressesOf([address]).map((one) => ({ address: one, mac, hostname }))),
});

/** Of each pool the newest claim counts: what came before it is settled by it. */
function unfinished({ claims }: ClaimsAnswer, nowMs: number): readonly UnfinishedClaim[] {
  const newest = new Map<string, ClaimsAnswer['claims'][number]>();
  for (const claim of claims) {
    const key = `${claim.server} ${claim.namespace} ${claim.pool}`;
    if (!newest.has(key)) newest.set(key, claim);
  }
  return [...newest.values()].filter(
    ({ state, startedAt }) => state === 'unknown' || (state === 'pushing' && nowMs - Date.parse(startedAt) > PUSHING_MS),
  );
}

const addressesOf = (texts: readonly string[]): readonly Ipv4[] =>
  texts.map(parseIpv4).flatMap((read) => (read.ok ? [read.value] : []));

const setOf = (ranges: readonly { readonly start: string; readonly end: string }[]): RangeSet =>
  rangeSet(
    ranges.flatMap(({ start, end }): readonly Ipv4Range[] => {
      const range = parseRange(`${start}-${end}`);
      return range.ok ? [range.value] : [];
    }),
  );
