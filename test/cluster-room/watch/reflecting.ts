/** A reflector on a cluster double, whose waits are short, and written down as they were meant. */
import { onTestFinished } from 'vitest';
import type { WatchedKind } from '../../../src/cluster/read/snapshot.ts';
import { systemSleep } from '../../../src/cluster/watch/backoff.ts';
import { type Connection, connectionTo } from '../../../src/cluster/watch/connection.ts';
import { KINDS, type KindSpec } from '../../../src/cluster/watch/kinds.ts';
import { Reflector } from '../../../src/cluster/watch/reflector.ts';
import { type Clock, systemClock } from '../../../src/system/clock.ts';
import { type ClusterDouble, type ClusterOptions, startCluster } from '../../cluster/double.ts';

/** A wait of a second takes so many ms here. */
const SECOND_MS = 20;

export interface Reflecting<Kind extends WatchedKind> {
  readonly cluster: ClusterDouble;
  readonly reflector: Reflector<Kind>;
  /** What it meant to wait, ms. */
  readonly waits: readonly number[];
  /** Names of the objects that it has, sorted; null: never read. */
  names(): readonly string[] | null;
  /** Requests for this kind so far. */
  lists(): number;
  watches(): number;
}

export interface ReflectingOptions<Kind extends WatchedKind> {
  readonly cluster?: ClusterOptions;
  readonly spec?: Partial<KindSpec<Kind>>;
  readonly relistMs?: number;
  /** So many waits are short; the next one does not end by itself. Default: all are. */
  readonly shortWaits?: number;
  /** Default: that of the double's user `daemon`. */
  readonly kubeconfig?: (cluster: ClusterDouble) => string;
  readonly connection?: Connection;
  readonly clock?: Clock;
  readonly onStatus?: () => void;
}

export async function reflect<Kind extends WatchedKind>(
  kind: Kind,
  options: ReflectingOptions<Kind> = {},
): Promise<Reflecting<Kind>> {
  const cluster = await startCluster(options.cluster);
  onTestFinished(() => cluster.close());
  const path = options.kubeconfig?.(cluster) ?? cluster.kubeconfig('daemon');
  const waits: number[] = [];
  const reflector = new Reflector<Kind>({
    spec: { ...KINDS[kind], ...options.spec },
    namespace: 'metallb-system',
    connection: options.connection ?? connectionTo({ kind: 'files', paths: [path], from: 'configuration' }, null),
    clock: options.clock ?? systemClock,
    random: () => 0.5,
    sleep(ms, signal) {
      waits.push(ms);
      const short = waits.length <= (options.shortWaits ?? Number.POSITIVE_INFINITY);
      return systemSleep(short ? (ms / 1000) * SECOND_MS : 600_000, signal);
    },
    ...(options.relistMs === undefined ? {} : { relistMs: options.relistMs }),
    onValues: () => undefined,
    onStatus: options.onStatus ?? (() => undefined),
  });
  // Before the cluster goes.
  onTestFinished(() => reflector.stop());
  reflector.start();
  const { plural } = KINDS[kind].resource;
  const asked = (watch: boolean): number =>
    cluster.requests.filter(({ path: where, query }) => where.endsWith(`/${plural}`) && 'watch' in query === watch).length;
  return {
    cluster,
    reflector,
    waits,
    names: () => {
      const values = reflector.values() as readonly { readonly name?: string }[] | null;
      return values === null ? null : values.map(({ name }) => name ?? '').sort();
    },
    lists: () => asked(false),
    watches: () => asked(true),
  };
}
