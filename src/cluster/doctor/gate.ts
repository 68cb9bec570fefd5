/**
 * The gate that counts: a pool is handed to the API server for a dry run, which makes it ask MetalLB's webhook. Nothing is stored. That a
 * controller is ready says little: since MetalLB 0.16 its readiness does not wait for the webhook.
 */
import { formatIpv4, type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { setContains } from '../../core/address/range-set.ts';
import type { KubeApi } from '../kube/api.ts';
import { ClusterError } from '../kube/errors.ts';
import { RESOURCES } from '../kube/resources.ts';
import type { ClusterFacts } from '../types.ts';
import type { Gate } from './details.ts';

/** Name of the pool that is never stored. */
export const GATE_POOL = 'freehold-doctor';
/** Of the ranges that are kept for documentation: on no LAN. */
const CANDIDATES = ['192.0.2.1', '198.51.100.1', '203.0.113.1'] as const;

/** @param isServed MetalLB's kinds are there */
export async function askGate(
  api: KubeApi,
  { pools, namespace }: ClusterFacts,
  isServed: boolean,
  signal: AbortSignal | undefined,
): Promise<Gate> {
  if (!isServed) {
    return { kind: 'not-tried', why: 'MetalLB is not installed.', needs: 'Install it: freehold metallb install' };
  }
  const address = freeCandidate((candidate) => pools.some(({ addresses }) => setContains(addresses, candidate)));
  if (address === null) {
    return {
      kind: 'not-tried',
      why: 'Every address that could be tried without a collision is in a pool.',
      needs: 'A pool that does not hold all of the documentation ranges.',
    };
  }
  const pool = {
    metadata: { name: GATE_POOL, namespace },
    spec: { addresses: [`${formatIpv4(address)}/32`], autoAssign: false },
  };
  try {
    await api.apply(RESOURCES.pools, pool, { dryRun: true, ...(signal === undefined ? {} : { signal }) });
    return { kind: 'passed' };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code === 'cluster-unauthorized') throw error;
    switch (error.code) {
      case 'cluster-denied':
        return { kind: 'denied', words: error.message };
      case 'cluster-webhook-unready':
        return { kind: 'unready', words: error.message };
      case 'cluster-forbidden':
        return {
          kind: 'not-tried',
          why: error.message,
          needs: 'The right to create and patch ipaddresspools.metallb.io (systemd/rbac-doctor.yaml); nothing would be stored.',
        };
      default:
        return { kind: 'not-tried', why: error.message, needs: error.hint ?? 'Try again.' };
    }
  }
}

function freeCandidate(isTaken: (address: Ipv4) => boolean): Ipv4 | null {
  for (const text of CANDIDATES) {
    const address = parseIpv4(text);
    if (address.ok && !isTaken(address.value)) return address.value;
  }
  return null;
}
