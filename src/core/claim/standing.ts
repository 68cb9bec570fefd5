/**
 * Which claims still keep their addresses from everybody else: what was pushed into a cluster that nobody reads, or that was not read
 * since, is taken all the same. Pure.
 */
import type { Claim } from './types.ts';

/** A claim that was not told to have failed. */
export type StandingClaim = Pick<Claim, 'id' | 'startedMs' | 'endedMs' | 'server' | 'namespace' | 'pool' | 'ranges'>;

/** The cluster that is followed. */
export interface FollowedPools {
  /** URL of its API server; null where that is not known now. */
  readonly server: string | null;
  /** MetalLB's. */
  readonly namespace: string;
  /** Epoch ms: when its pools were last known to be as they are told; null: they were never read. */
  readonly poolsAsOfMs: number | null;
}

/** The pool that addresses are asked for. */
export interface OwnPool {
  readonly pool: string;
  /** null: not told; then it is one of the cluster that is followed. */
  readonly server: string | null;
  /** null: not told; any of that server. */
  readonly namespace: string | null;
}

/** A claim that never ended is over by then: its process waits no longer. */
const LONGEST_PUSH_MS = 15 * 60_000;

/** Whether two URLs name the same API server, however they are written. What names none is the same as nothing. */
export function sameServer(a: string | null, b: string | null): boolean {
  const [one, other] = [normal(a), normal(b)];
  return one !== null && one === other;
}

function normal(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/**
 * Of each pool the newest claim that was completed, and all that began after it and may be in the cluster or not.
 * @param claims newest first; none that failed
 */
export function standingOf<T extends Pick<Claim, 'state' | 'server' | 'namespace' | 'pool'>>(claims: Iterable<T>): readonly T[] {
  const settled = new Set<string>();
  const standing: T[] = [];
  for (const claim of claims) {
    const key = JSON.stringify([claim.server, claim.namespace, claim.pool]);
    if (settled.has(key)) continue;
    standing.push(claim);
    if (claim.state === 'complete') settled.add(key);
  }
  return standing;
}

/**
 * Those whose addresses are nobody else's: neither of the pool that is asked for, nor of a cluster whose pools were read after the claim
 * ended, since there the pools themselves tell.
 */
export function claimsInForce(
  standing: readonly StandingClaim[],
  followed: FollowedPools | null,
  own: OwnPool | null,
): readonly StandingClaim[] {
  return standing.filter((claim) => !isOwn(claim, followed, own) && !isTold(claim, followed));
}

function isOwn({ server, namespace, pool }: StandingClaim, followed: FollowedPools | null, own: OwnPool | null): boolean {
  if (own === null || own.pool !== pool) return false;
  if (own.server === null) return followed !== null && sameServer(server, followed.server) && namespace === followed.namespace;
  return sameServer(server, own.server) && (own.namespace === null || own.namespace === namespace);
}

function isTold({ server, namespace, startedMs, endedMs }: StandingClaim, followed: FollowedPools | null): boolean {
  if (followed === null || followed.poolsAsOfMs === null) return false;
  if (namespace !== followed.namespace || !sameServer(server, followed.server)) return false;
  return followed.poolsAsOfMs > (endedMs ?? startedMs + LONGEST_PUSH_MS);
}

/** Whether a pool of the followed cluster, or of the configuration where none is followed, is the one that is asked for. */
export function isAskedOfFollowed(own: OwnPool | null, followed: FollowedPools | null): boolean {
  if (own === null) return false;
  if (own.server === null || followed === null) return true;
  return sameServer(own.server, followed.server) && (own.namespace === null || own.namespace === followed.namespace);
}
