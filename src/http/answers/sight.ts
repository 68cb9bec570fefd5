/**
 * Where the guard does not hear everything: no pool, no segment, a segment that waits or has had no valid sweep lately, parts of
 * pools that nobody watches. "No conflict is open" is only worth what this says. Judges no conflict.
 */
import { intersectSets, type RangeSet, rangeSet, setSize, subtract } from '../../core/address/range-set.ts';
import type { ClusterView, Pool } from '../../core/conflict/cluster-view.ts';
import { printable } from '../../core/text.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ClusterReport } from '../../watch/cluster-view-source.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { SegmentPlace } from '../../watch/segment-place.ts';
import type { Watch } from '../../watch/watch.ts';
import { nodeNotices, readingNotices } from './cluster-notices.ts';
import { freshness } from './segments.ts';

const NAME = 64;
const DETAIL = 200;

export interface SightContext {
  readonly guard: Pick<GuardControl, 'view'>;
  readonly watch: Pick<Watch, 'all'>;
  readonly ledger: Pick<Ledger, 'lastValidSweepMs'>;
  /** How a cluster is read. Default: none is. */
  readonly cluster?: () => ClusterReport | null;
}

export interface Sight {
  /** Whole sentences for people; empty where all pools are watched well. */
  readonly notices: readonly string[];
  /** No segment hears any pool now. */
  readonly blind: boolean;
}

/** A segment whose network is known. */
export interface PlacedSegment {
  readonly name: string;
  readonly place: Pick<SegmentPlace, 'method' | 'range'>;
}

/** @param segment only of this one; undefined: of all */
export function sightOf(context: SightContext, segment: string | undefined, nowMs: number): Sight {
  const view = context.guard.view();
  const { pools } = view;
  const all = context.watch.all();
  const report = context.cluster?.() ?? null;
  const ofCluster = report === null ? [] : [...readingNotices(report, nowMs), ...nodeNotices(report, view)];
  if (all.length === 0)
    return { notices: ['No segment is configured, so nothing is heard: name one under segments.'], blind: true };
  if (pools.length === 0) return { notices: [noPool(report), ...ofCluster], blind: true };
  const looked = segment === undefined ? all : all.filter(({ watch: { config } }) => config.name === segment);
  const dull = segmentNotices({ ...context, watch: { all: () => looked } }, nowMs);
  const placed = placedOf({ all: () => looked });
  const blind = !placed.some(({ name, place }) => !dull.has(name) && holdsAny(place, pools));
  if (segment === undefined) return { notices: [...dull.values(), ...poolNotices({ pools }, placed), ...ofCluster], blind };
  const name = printable(segment, NAME);
  if (looked.length === 0) return { notices: [`Segment ${name} is not configured any more: nobody listens there.`], blind };
  const aside = placed.some(({ place }) => place.method === 'arp' && !holdsAny(place, pools));
  return { notices: [...dull.values(), ...(aside ? [`Segment ${name} holds no address of a pool.`] : []), ...ofCluster], blind };
}

/** @param report null: no cluster is read */
export const noPool = (report: ClusterReport | null): string =>
  report?.status === undefined || report.status === null
    ? 'No pool is known, so nothing is guarded: name one under metallb.pools in the configuration, or the kubeconfig of the cluster under metallb.kubeconfig.'
    : 'No pool is known, so nothing is guarded: the cluster has none, as far as it could be read, and there is none under metallb.pools in the configuration.';

/** By name of the segment: why the guard does not hear it, or not all of it. Those that are heard well are not in it. */
export function segmentNotices({ watch, ledger }: Omit<SightContext, 'guard'>, nowMs: number): ReadonlyMap<string, string> {
  const notices = new Map<string, string>();
  for (const { watch: segment, intervalMs } of watch.all()) {
    const { name } = segment.config;
    const { waitingDetail } = segment.status();
    if (segment.place?.method === 'icmp') {
      notices.set(name, `Segment ${name} is routed: no ARP can be heard there, so it is not guarded.`);
    } else if (waitingDetail !== null) {
      notices.set(name, `Segment ${name} cannot be heard now: ${printable(waitingDetail, DETAIL)}.`);
    } else {
      const fresh = freshness(ledger, segment, intervalMs, nowMs);
      if (!fresh.ok)
        notices.set(name, `Segment ${name} is not looked at as it should be: ${fresh.detail}. Who is silent there is not seen.`);
    }
  }
  return notices;
}

/**
 * Parts of pools that lie in no segment, one sentence for each pool. Only as true as `places` is whole: a segment whose network is
 * not known yet may hold them.
 */
export function poolNotices({ pools }: Pick<ClusterView, 'pools'>, places: readonly PlacedSegment[]): readonly string[] {
  const heard = rangeSet(places.flatMap(({ place }) => (place.method === 'arp' ? [place.range] : [])));
  return pools.flatMap(({ name, addresses }) => {
    const size = setSize(subtract(addresses, heard));
    if (size === 0) return [];
    const what = size === 1 ? '1 address' : `${size} addresses`;
    return [
      `Nobody listens where ${what} of pool ${printable(name, NAME)} ${size === 1 ? 'is' : 'are'}: no segment holds ${size === 1 ? 'it' : 'them'}.`,
    ];
  });
}

export const placedOf = (watch: Pick<Watch, 'all'>): readonly PlacedSegment[] =>
  watch.all().flatMap(({ watch: { config, place } }) => (place === null ? [] : [{ name: config.name, place }]));

const holdsAny = ({ method, range }: PlacedSegment['place'], pools: readonly Pool[]): boolean =>
  method === 'arp' && pools.some(({ addresses }) => intersects(addresses, rangeSet([range])));

const intersects = (a: RangeSet, b: RangeSet): boolean => intersectSets(a, b).length > 0;
