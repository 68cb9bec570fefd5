/** The objects of a claim as they are in the cluster now, and the addresses that the pool has. Writes nothing. */
import type { RangeSet } from '../../core/address/range-set.ts';
import type { KubeApi } from '../kube/api.ts';
import { at, textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { readPool } from '../read/metallb.ts';
import { type Current, OVERRIDE_ANNOTATION, PROOF_ANNOTATION } from './manifests.ts';

/** null in its place: not there, or MetalLB is not installed. */
export async function readCurrent(
  api: KubeApi,
  { namespace, pool, advertisement }: { readonly namespace: string; readonly pool: string; readonly advertisement: string },
  signal: AbortSignal,
): Promise<Current> {
  const [one, other] = await Promise.all([
    api.find(RESOURCES.pools, pool, namespace, signal),
    api.find(RESOURCES.advertisements, advertisement, namespace, signal),
  ]);
  return { pool: one, advertisement: other };
}

export const poolAddresses = ({ pool }: Current): RangeSet => (pool === null ? [] : readPool(pool).addresses);

/** What an earlier claim wrote onto the pool; null in its place where nothing is there. */
export const proofNotes = ({ pool }: Current): { readonly proof: string | null; readonly overridden: string | null } => ({
  proof: textAt(pool, 'metadata', 'annotations', PROOF_ANNOTATION),
  overridden: textAt(pool, 'metadata', 'annotations', OVERRIDE_ANNOTATION),
});

/** Whether both are as they were, but for what the cluster itself keeps writing. */
export const isSameCurrent = (a: Current, b: Current): boolean =>
  JSON.stringify([at(a.pool, 'spec'), at(a.advertisement, 'spec')]) ===
  JSON.stringify([at(b.pool, 'spec'), at(b.advertisement, 'spec')]);
