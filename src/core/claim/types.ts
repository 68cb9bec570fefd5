/**
 * A claim: one `apply`, who made it, when, of which range, on which proof, and what the cluster said. Plain values; nothing here
 * decides anything.
 */
import type { RangeSet } from '../address/range-set.ts';
import type { Criteria } from '../evidence/criteria.ts';
import type { LookMethod } from '../evidence/look.ts';

/**
 * - `pushing`: begun, and not ended yet; or whoever made it was killed.
 * - `complete`: pool and advertisement are in the cluster.
 * - `failed`: nothing of it is in the cluster.
 * - `unknown`: the cluster could not be asked any more; it may be there or not.
 */
export const CLAIM_STATES = ['pushing', 'complete', 'failed', 'unknown'] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

/** Characters, on one line. */
export const MAX_CLAIM_BY = 128;
export const MAX_OVERRIDDEN = 500;
export const MAX_OUTCOME = 1000;

/** The proof that a claim was made on: the weakest in its range, and the live run just before the push. Times epoch ms. */
export interface ClaimProof {
  /** The last sighting of any address of it, or the first look. */
  readonly sinceMs: number | null;
  readonly quietForMs: number;
  readonly looks: number;
  /** 0 .. 1 */
  readonly coverage: number;
  readonly longestGapMs: number;
  readonly newestLookMs: number | null;
  readonly lastSeenMs: number | null;
  /** What the looks were: `['icmp']` alone is a weaker kind of proof. */
  readonly methods: readonly LookMethod[];
  readonly criteria: Criteria;
  readonly weakerThanConfigured: boolean;
  /** End of the last live RFC 5227 run. */
  readonly verifiedMs: number;
  readonly probesSent: number;
  /** Addresses that were in the pool before: held by Services, or its own already. */
  readonly kept: number;
}

/** What is known when it begins. */
export interface NewClaim {
  /** Epoch ms. */
  readonly startedMs: number;
  /** Who: `user@host`; printable, at most 128 characters. */
  readonly by: string;
  /** URL of the API server. */
  readonly server: string;
  readonly namespace: string;
  readonly pool: string;
  readonly advertisement: string;
  readonly ranges: RangeSet;
  /** null only where it was overridden. */
  readonly proof: ClaimProof | null;
  /** Why it was made without a proof; printable, at most 500 characters. */
  readonly overridden: string | null;
}

export interface Claim extends NewClaim {
  /** 1, 2, 3 … */
  readonly id: number;
  readonly state: ClaimState;
  /** Epoch ms; null while it is being pushed. */
  readonly endedMs: number | null;
  /** What the cluster said, in words; printable, at most 1,000 characters. */
  readonly outcome: string;
}
