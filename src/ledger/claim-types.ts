/** What is asked of the ledger about claims. Implemented by claims.ts (`ledger.claims`). All methods are synchronous. */
import type { StandingClaim } from '../core/claim/standing.ts';
import type { Claim, ClaimState, NewClaim } from '../core/claim/types.ts';

export interface ClaimsFilter {
  readonly state?: ClaimState;
  /** Only claims with a smaller id (paging, newest first). */
  readonly before?: number;
  readonly limit: number;
}

/** Methods throw FreeholdError `ledger-...` where the disk refuses. */
export interface ClaimStore {
  /** Committed when it returns: a killed process loses none. @returns its id */
  begin(claim: NewClaim): number;
  /** @returns the claim as it is now; null where there is none of this id, or it has ended already: nothing is changed then */
  end(id: number, state: Exclude<ClaimState, 'pushing'>, outcome: string, atMs: number): Claim | null;
  claim(id: number): Claim | null;
  /** Newest id first. */
  list(filter: ClaimsFilter): Claim[];
  /** Of each pool the newest that was completed, and those that began after it and may be in the cluster; kept in memory. */
  standing(): readonly StandingClaim[];
}
