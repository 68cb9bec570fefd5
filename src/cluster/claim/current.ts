/** The objects of a claim as they are in the cluster now, and the addresses that the pool has. Writes nothing. */
import type { RangeSet } from '../../core/address/range-set.ts';
import type { KubeApi } from '../kube/api.ts';
import { RESOURCES } from '../kube/resources.ts';
import { readPool } from '../read/metallb.ts';
import type { Current } from './manifests.ts';

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
