/**
 * Whether a request that failed may have been stored all the same: its answer was lost, or the server gave up waiting for itself. Pure.
 */
import { type ClusterError, isClusterError } from '../kube/errors.ts';

/** No connection came about, so that nothing was sent. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
/** Turned away before anything was stored. */
const NEVER_STORED = new Set([429, 503]);

export function mayBeStored(error: unknown): boolean {
  if (!isClusterError(error, 'cluster-unreachable', 'cluster-busy', 'cluster-not-kubernetes')) return false;
  if (error.code !== 'cluster-unreachable') return !NEVER_STORED.has(error.status?.code ?? 0);
  return !codesOf(error).some((code) => NEVER_SENT.has(code));
}

function codesOf(error: ClusterError): readonly string[] {
  const codes: string[] = [];
  let next: unknown = error;
  for (let depth = 0; depth < 6 && next instanceof Error; depth++) {
    if ('code' in next && typeof next.code === 'string') codes.push(next.code);
    next = next.cause;
  }
  return codes;
}
