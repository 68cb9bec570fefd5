/**
 * Reads back what MetalLB made of a pushed claim: asks until it is clear, or the patience is over. What is clear is read-back-verdict.ts's
 * to say. Writes nothing.
 */
import type { Ipv4Range } from '../../core/address/range.ts';
import type { KubeApi } from '../kube/api.ts';
import { ClusterError, isClusterError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { sleepFor } from './patience.ts';
import { type BeforePush, inOneLine, type ReadBack, type Seen, unsettledSpeakers, verdictOf } from './read-back-verdict.ts';

export type { BeforePush, ReadBack } from './read-back-verdict.ts';

const POLL_MS = 500;
/** How long MetalLB may take until what it says, or does not say, is believed. */
export const SETTLE_MS = 5_000;

export interface ReadBackOptions {
  readonly namespace: string;
  readonly pool: string;
  /** The L2Advertisement that has to cover the pool; default: none is looked at. */
  readonly advertisement?: string;
  /** How many IPv4 addresses the pool was given. */
  readonly size: number;
  /** Those addresses; default: only their number is compared. */
  readonly range?: Ipv4Range;
  /**
   * What `beforePush` gave right before the push. Default: unknown; then only what the API server's own times place after the push, to
   * the second, counts as news.
   */
  readonly before?: BeforePush;
  /** When the pool was pushed, in ms of `now`; default: now. */
  readonly pushedMs?: number;
  /** In ms, of `now`. */
  readonly untilMs: number;
  /** In ms, from any beginning; a clock that nobody sets is best. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** To be called right before the push. @throws ClusterError */
export async function beforePush(
  api: KubeApi,
  { namespace, pool }: { readonly namespace: string; readonly pool: string },
  signal?: AbortSignal,
): Promise<BeforePush> {
  const [one, states] = await Promise.all([
    api.find(RESOURCES.pools, pool, namespace, signal),
    configurationStates(api, namespace, signal),
  ]);
  return { pool: one, states };
}

const NOT_ASKED: ReadBack = { verdict: 'waiting', told: ['MetalLB was not asked yet what it made of the claim.'] };

/** Never throws for what may pass: the claim is there already. @throws ClusterError for what does not */
export async function readBack(api: KubeApi, options: ReadBackOptions): Promise<ReadBack> {
  const { now, untilMs, signal, sleep = sleepFor } = options;
  const pushedMs = options.pushedMs ?? now();
  const nodes = nodeNames(api, signal);
  let last = NOT_ASKED;
  for (;;) {
    let isLast = false;
    try {
      const seen = await look(api, options, nodes);
      isLast = now() + POLL_MS > untilMs;
      last = verdictOf(seen, options, isLast || now() - pushedMs >= SETTLE_MS);
      if (last.verdict !== 'waiting') return last;
    } catch (error) {
      if (signal.aborted) return last;
      if (!(error instanceof ClusterError) || !error.mayPass) throw error;
      last = { verdict: 'waiting', told: [inOneLine(error.message)] };
    }
    if (isLast || now() + POLL_MS > untilMs) return last;
    try {
      await sleep(POLL_MS, signal);
    } catch {
      return last;
    }
  }
}

async function look(api: KubeApi, options: ReadBackOptions, nodes: () => Promise<ReadonlySet<string> | null>): Promise<Seen> {
  const { namespace, pool, advertisement, signal } = options;
  const [one, other, states] = await Promise.all([
    api.find(RESOURCES.pools, pool, namespace, signal),
    advertisement === undefined ? null : api.find(RESOURCES.advertisements, advertisement, namespace, signal),
    configurationStates(api, namespace, signal),
  ]);
  const isAsked = states !== null && unsettledSpeakers(states).length > 0;
  return { pool: one, advertisement: other, states, nodes: isAsked ? await nodes() : null };
}

/** null: no such kind, or not readable. */
async function configurationStates(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly KubeObject[] | null> {
  try {
    return (await api.list(RESOURCES.configurationStates, { namespace, signal })).items;
  } catch (error) {
    if (isClusterError(error, 'cluster-kind-unknown', 'cluster-forbidden')) return null;
    throw error;
  }
}

/** Asked once, and only where it matters: objects of nodes are large. Gives null where they may not be read. */
function nodeNames(api: KubeApi, signal: AbortSignal): () => Promise<ReadonlySet<string> | null> {
  let known: ReadonlySet<string> | null | undefined;
  return async () => {
    if (known !== undefined) return known;
    const names = new Set<string>();
    try {
      await api.listEach(RESOURCES.nodes, { signal, each: ({ metadata }) => void names.add(metadata.name) });
      known = names;
    } catch (error) {
      if (!isClusterError(error, 'cluster-forbidden')) throw error;
      known = null;
    }
    return known;
  };
}
