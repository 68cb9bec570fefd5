/**
 * Pushes a claim by server-side apply, never forced: the advertisement first, which MetalLB ignores while its pool is missing, then the
 * pool, which is what makes the claim. What fails for good after the first is taken back. Asks nobody, proves nothing.
 */
import { EXIT, FreeholdError } from '../../core/error.ts';
import type { KubeApi } from '../kube/api.ts';
import { ClusterError, isClusterError } from '../kube/errors.ts';
import { at, type KubeObject } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import type { ClaimManifests, Current } from './manifests.ts';
import { type Patience, withPatience } from './patience.ts';

export interface PushOptions {
  readonly current: Current;
  readonly patience: Omit<Patience, 'signal'>;
  /**
   * Called before each try of the pool, the first one too: throws where the addresses are no longer proven.
   */
  readonly stillProven: () => Promise<void>;
}

export type PushOutcome =
  | { readonly kind: 'pushed'; readonly pool: KubeObject; readonly advertisement: KubeObject }
  /** The pool is not in the cluster. `left`: what is, and does nothing without it; null where that is nothing at all. */
  | { readonly kind: 'nothing'; readonly cause: unknown; readonly left: string | null }
  /** What is, or may be, in the cluster all the same. */
  | { readonly kind: 'unknown'; readonly cause: unknown; readonly left: string };

/** The server's own dry run of both: schema, admission webhooks, ownership. Nothing is stored. */
export async function dryRun(api: KubeApi, manifests: ClaimManifests, patience: Patience): Promise<ClaimManifests> {
  const options = { dryRun: true, ...(patience.signal === undefined ? {} : { signal: patience.signal }) };
  return {
    pool: await withPatience(() => api.apply(RESOURCES.pools, manifests.pool, options), patience),
    advertisement: await withPatience(() => api.apply(RESOURCES.advertisements, manifests.advertisement, options), patience),
  };
}

export async function pushClaim(api: KubeApi, manifests: ClaimManifests, options: PushOptions): Promise<PushOutcome> {
  const { current, patience, stillProven } = options;
  let advertisement: KubeObject;
  try {
    advertisement = await withPatience(() => api.apply(RESOURCES.advertisements, manifests.advertisement), patience);
  } catch (cause) {
    return takeBack(api, manifests, current, cause, 'advertisement');
  }
  try {
    const pool = await withPatience(async () => {
      await stillProven();
      return api.apply(RESOURCES.pools, manifests.pool);
    }, patience);
    return { kind: 'pushed', pool, advertisement };
  } catch (cause) {
    return takeBack(api, manifests, current, cause, 'pool');
  }
}

/**
 * Leaves the cluster as it was. Where the last answer was lost nobody knows what was stored, so everything that was not there before is
 * looked for.
 */
async function takeBack(
  api: KubeApi,
  manifests: ClaimManifests,
  current: Current,
  cause: unknown,
  reached: 'advertisement' | 'pool',
): Promise<PushOutcome> {
  const { namespace } = manifests.pool.metadata;
  const names = { pool: manifests.pool.metadata.name, advertisement: manifests.advertisement.metadata.name };
  const isOpen = isUncertain(cause);
  try {
    if (reached === 'pool' && isOpen) {
      const pool = await api.find(RESOURCES.pools, names.pool, namespace);
      const advertisement = await api.find(RESOURCES.advertisements, names.advertisement, namespace);
      // It was stored, and only the answer was lost.
      if (pool !== null && advertisement !== null && hasSpecOf(pool, manifests.pool))
        return { kind: 'pushed', pool, advertisement };
    }
    await takeBackAdvertisement(api, manifests, current);
    return { kind: 'nothing', cause, left: null };
  } catch (error) {
    const why = error instanceof FreeholdError ? error.message : String(error);
    const left = `the L2Advertisement ${names.advertisement} ${current.advertisement === null ? 'may be there' : 'may name the pool'}`;
    if (reached === 'pool' && isOpen) {
      return { kind: 'unknown', cause, left: `The IPAddressPool ${names.pool} may be there, and ${left} (${why})` };
    }
    return { kind: 'nothing', cause, left: `${left}, which does nothing without its pool; it could not be taken back (${why})` };
  }
}

async function takeBackAdvertisement(api: KubeApi, manifests: ClaimManifests, current: Current): Promise<void> {
  const { name, namespace } = manifests.advertisement.metadata;
  const now = await api.find(RESOURCES.advertisements, name, namespace);
  if (now === null) return;
  if (current.advertisement === null) {
    await api.delete(RESOURCES.advertisements, name, namespace);
    return;
  }
  if (hasSpecOf(now, current.advertisement)) return;
  // As an earlier claim of ours left it.
  await api.apply(RESOURCES.advertisements, {
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: at(current.advertisement, 'spec'),
  });
}

/** No answer came, so that it may have been stored or not. */
const isUncertain = (error: unknown): boolean => isClusterError(error, 'cluster-unreachable', 'cluster-busy');

const hasSpecOf = (object: KubeObject, wanted: KubeObject): boolean => {
  const [left, right] = [object, wanted].map((one) => at(one, 'spec'));
  return (
    JSON.stringify(at(left, 'addresses')) === JSON.stringify(at(right, 'addresses')) &&
    JSON.stringify(at(left, 'ipAddressPools')) === JSON.stringify(at(right, 'ipAddressPools')) &&
    JSON.stringify(at(left, 'interfaces')) === JSON.stringify(at(right, 'interfaces')) &&
    JSON.stringify(at(left, 'nodeSelectors')) === JSON.stringify(at(right, 'nodeSelectors'))
  );
};

/** For people: what became of it, where it was not pushed. */
export function pushFailure(outcome: Exclude<PushOutcome, { kind: 'pushed' }>): FreeholdError {
  const { cause } = outcome;
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = cause instanceof FreeholdError ? cause.hint : undefined;
  const exitCode = cause instanceof FreeholdError ? cause.exitCode : EXIT.failure;
  if (outcome.kind === 'nothing') {
    const { left } = outcome;
    const message = left === null ? `Nothing was pushed: ${why}` : `The pool was not pushed: ${why}\nBut ${left}.`;
    return new FreeholdError(cause instanceof ClusterError ? cause.code : 'claim-not-pushed', message, {
      ...(hint === undefined ? {} : { hint }),
      exitCode,
      cause,
    });
  }
  return new FreeholdError('claim-unknown-outcome', `Whether the claim was pushed is not known: ${why}`, {
    hint: `${outcome.left}. Run the same command again when the cluster answers: it completes the claim, or shows what is there.`,
    exitCode: EXIT.unreachable,
    cause,
  });
}
