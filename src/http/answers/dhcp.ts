/** Answers "which DHCP servers were heard, what do they hand out, and does it reach into a pool". */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import type { Ipv4Range } from '../../core/address/range.ts';
import { intersectSets, type RangeSet, rangeSet, setContains } from '../../core/address/range-set.ts';
import type { Pool } from '../../core/conflict/cluster-view.ts';
import { handedOutIn } from '../../core/dhcp/handed-out.ts';
import type { DhcpServer } from '../../core/dhcp/types.ts';
import { FreeholdError } from '../../core/error.ts';
import type { Lease } from '../../core/evidence/facts.ts';
import { printable } from '../../core/text.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { SegmentWatch } from '../../watch/segment-watch.ts';
import type { Watch } from '../../watch/watch.ts';
import type { DhcpAnswer, DhcpSegmentJson, DhcpServerJson } from '../guard-service.ts';
import { rangeJson, time, timeOrNull } from './json.ts';

/** Of one segment; those within a pool are told before all others. */
const MOST_LEASES = 4096;
const NAME = 64;

/** A lease file that is followed, and how that goes. */
export type LeaseFileStatus = DhcpAnswer['files'][number];

export interface DhcpContext {
  readonly guard: GuardControl;
  readonly watch: Pick<Watch, 'all'>;
  readonly ledger: Pick<Ledger, 'leases'>;
  readonly leaseFiles: () => readonly LeaseFileStatus[];
}

/** @throws FreeholdError `segment-unknown` */
export function answerDhcp(context: DhcpContext, name: string | undefined, nowMs: number): DhcpAnswer {
  const all = context.watch.all().map(({ watch }) => watch);
  const segments = name === undefined ? all : all.filter(({ config }) => config.name === name);
  if (name !== undefined && segments.length === 0) {
    throw new FreeholdError('segment-unknown', `there is no segment "${name}"`, {
      hint: `these are configured: ${all.map(({ config }) => config.name).join(', ') || 'none'}`,
    });
  }
  return {
    generatedAt: time(nowMs),
    segments: segments.map((segment) => segmentJson(context, segment, nowMs)),
    files: context.leaseFiles().map(({ path, format, leases, malformed, problem }) => ({
      path: printable(path, 4096),
      format,
      leases,
      malformed,
      problem: problem === null ? null : printable(problem, 240),
    })),
  };
}

function segmentJson({ guard, ledger }: DhcpContext, segment: SegmentWatch, nowMs: number): DhcpSegmentJson {
  const { name } = segment.config;
  const { pools } = guard.view();
  const servers = guard.servers(name);
  const leases = segment.row === null ? [] : ledger.leases(segment.row.id, nowMs);
  const shown = mostTelling(leases, pools);
  const heard = servers.some(({ server }) => server !== 'lease-file');
  const fromFiles = servers.length > 0 || leases.some(({ source }) => source === 'lease-file');
  return {
    segment: name,
    state: heard ? 'heard' : fromFiles ? 'lease-files' : 'unknown',
    servers: servers.map((server) => serverJson(server, pools, guard.isUnexpected(server))),
    leases: shown.map((lease) => leaseJson(lease, pools)),
    leasesTruncated: shown.length < leases.length,
  };
}

const poolOf = (pools: readonly Pool[], address: Ipv4): string | null =>
  pools.find(({ addresses }) => setContains(addresses, address))?.name ?? null;

/** Ascending, as they come; where there are too many, leases within pools are not the ones left out. */
function mostTelling(leases: readonly Lease[], pools: readonly Pool[]): readonly Lease[] {
  if (leases.length <= MOST_LEASES) return leases;
  const inPool = new Set(leases.filter(({ address }) => poolOf(pools, address) !== null).slice(0, MOST_LEASES));
  let others = MOST_LEASES - inPool.size;
  return leases.filter((lease) => inPool.has(lease) || others-- > 0);
}

/** From the first to the last address of the pool that it handed out; where these are not known one by one, what its span covers. */
function overlapsOf({ span, handedOut }: DhcpServer, addresses: RangeSet): readonly Ipv4Range[] {
  if (handedOut === undefined) return span === null ? [] : intersectSets(rangeSet([span]), addresses);
  const part = handedOutIn(handedOut, addresses);
  return part === null ? [] : [part];
}

function serverJson(server: DhcpServer, pools: readonly Pool[], unexpected: boolean): DhcpServerJson {
  return {
    server: server.server === 'lease-file' ? 'lease-file' : formatIpv4(server.server),
    mac: server.mac,
    vendor: server.mac === null ? null : vendorOf(server.mac),
    span: server.span === null ? null : rangeJson(server.span),
    firstHeardAt: time(server.firstHeardMs),
    lastHeardAt: time(server.lastHeardMs),
    messages: server.messages,
    unexpected,
    overlaps: pools.flatMap(({ name, addresses }) =>
      overlapsOf(server, addresses).map((range) => ({ ...rangeJson(range), pool: printable(name, 253) })),
    ),
  };
}

const leaseJson = (lease: Lease, pools: readonly Pool[]): DhcpSegmentJson['leases'][number] => ({
  address: formatIpv4(lease.address),
  mac: lease.mac,
  hostname: lease.hostname === null ? null : printable(lease.hostname, NAME),
  endsAt: timeOrNull(lease.endsMs),
  source: lease.source,
  pool: poolOf(pools, lease.address),
});
