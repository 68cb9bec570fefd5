/** Answers "what is guarded, for whom, and where is the guard blind": pools, speakers, Services. */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { type RangeSet, rangeSet, setSize, subtract } from '../../core/address/range-set.ts';
import type { ClusterStatus } from '../../core/conflict/cluster-knowledge.ts';
import type { Assignment, ClusterView, Pool } from '../../core/conflict/cluster-view.ts';
import { printable } from '../../core/text.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { ClusterReport } from '../../watch/cluster-view-source.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { Watch } from '../../watch/watch.ts';
import type { AssignedJson, PoolJson, PoolsAnswer } from '../guard-service.ts';
import { announcerNotices, lesserNotices, nodeNotices, readingNotices } from './cluster-notices.ts';
import { rangeJson, time, timeOrNull } from './json.ts';
import { noPool, placedOf, poolNotices, type SightContext, segmentNotices } from './sight.ts';

const NAME = 253;
const SERVICE = 320;

export interface PoolsContext extends SightContext {
  readonly guard: GuardControl;
}

/** A segment that the guard hears ARP on. */
interface Guarded {
  readonly name: string;
  readonly addresses: RangeSet;
}

// The daemon logs them as well, once the networks of the segments are known.
export { poolNotices } from './sight.ts';

export function answerPools({ guard, watch, ledger, cluster }: PoolsContext, nowMs: number): PoolsAnswer {
  const view = guard.view();
  const report = cluster?.() ?? null;
  const guarded = guardedSegments(watch);
  const pools = view.pools.map((pool) => poolJson(pool, guarded, guard));
  return {
    generatedAt: time(nowMs),
    source: view.source,
    asOf: timeOrNull(view.asOfMs),
    cluster: report?.status === undefined || report.status === null ? null : clusterJson(report.status),
    pools,
    speakers: view.speakers.map(({ mac, node }) => ({
      mac,
      node: node === null ? null : printable(node, 253),
      vendor: vendorOf(mac),
    })),
    assigned: view.assignments?.map((assignment) => assignedJson(assignment, guard)) ?? null,
    requested: view.requested.map(({ address, service }) => ({
      address: formatIpv4(address),
      service: printable(service, SERVICE),
    })),
    notices: [
      ...noticesOf(view, report),
      ...poolNotices(view, placedOf(watch)),
      ...segmentNotices({ watch, ledger }, nowMs).values(),
      ...(report === null
        ? []
        : [
            ...readingNotices(report, nowMs),
            ...nodeNotices(report, view),
            ...announcerNotices(report, guard),
            ...lesserNotices(report),
          ]),
    ],
  };
}

const clusterJson = ({ server, kinds }: ClusterStatus): NonNullable<PoolsAnswer['cluster']> => ({
  server,
  kinds: kinds.map(({ kind, needed, state, problem, asOfMs }) => ({
    kind,
    needed,
    state,
    code: problem?.code ?? null,
    message: problem?.message ?? null,
    asOf: timeOrNull(asOfMs),
  })),
});

function assignedJson({ address, service, node, reportedNodes }: Assignment, guard: GuardControl): AssignedJson {
  const answering = guard.answering(address);
  const name = (one: string | null): string | null => (one === null ? null : printable(one, NAME));
  return {
    address: formatIpv4(address),
    service: printable(service, SERVICE),
    node: name(node),
    reportedNodes: reportedNodes?.map((one) => printable(one, NAME)) ?? null,
    answeredBy: answering === null ? null : { mac: answering.mac, node: name(answering.node), at: time(answering.atMs) },
  };
}

/** A routed segment is looked at by ICMP alone, which tells nothing of who answers. */
const guardedSegments = (watch: Pick<Watch, 'all'>): readonly Guarded[] =>
  watch
    .all()
    .flatMap(({ watch: { config, place } }) =>
      place === null || place.method !== 'arp' ? [] : [{ name: config.name, addresses: rangeSet([place.range]) }],
    );

function poolJson({ name, addresses }: Pool, guarded: readonly Guarded[], guard: GuardControl): PoolJson {
  const holding = guarded.filter((segment) => setSize(subtract(addresses, segment.addresses)) < setSize(addresses));
  const all = rangeSet(holding.flatMap((segment) => [...segment.addresses]));
  return {
    name: printable(name, 253),
    addresses: addresses.map(rangeJson),
    size: setSize(addresses),
    segments: holding.map((segment) => segment.name),
    unwatched: subtract(addresses, all).map(rangeJson),
    openConflicts: guard.open().filter(({ pool }) => pool === name).length,
  };
}

function noticesOf({ pools, speakers, assignments }: ClusterView, report: ClusterReport | null): string[] {
  if (pools.length === 0) return [noPool(report)];
  const notices: string[] = [];
  if (speakers.length === 0) {
    notices.push(
      "No speaker is known, so every use of a pool address is a conflict, the cluster's own too: name the MACs of the nodes under metallb.speakers.",
    );
  }
  if (assignments === null) {
    notices.push(
      'Which addresses Services hold is not known: a stranger at a pool address is a squatter, or contested where a node was heard answering for it within a day.',
    );
  }
  return notices;
}
