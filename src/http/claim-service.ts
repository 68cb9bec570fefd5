/**
 * What the HTTP room asks of the claims that were made with `freehold apply`, as the JSON that goes out (conventions of service.ts),
 * and who writes one down: through a running daemon, or into the ledger's file where none runs.
 */
import type { ClaimState, NewClaim } from '../core/claim/types.ts';
import type { CriteriaJson, ProofJson } from './service.ts';

/** The weakest proof in the range, and the live run just before the push. */
export interface ClaimProofJson extends ProofJson {
  readonly criteria: CriteriaJson;
  readonly weakerThanConfigured: boolean;
  /** End of the last live RFC 5227 run. */
  readonly verifiedAt: string;
  readonly probesSent: number;
  /** Addresses that were in the pool before: held by Services, or its own already. */
  readonly kept: number;
}

export interface ClaimJson {
  readonly id: number;
  /** `pushing` of one that ended long ago: whoever made it was killed. */
  readonly state: ClaimState;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly by: string;
  /** URL of the API server. */
  readonly server: string;
  readonly namespace: string;
  readonly pool: string;
  readonly advertisement: string;
  readonly ranges: readonly { readonly start: string; readonly end: string; readonly size: number }[];
  /** null only where it was overridden. */
  readonly proof: ClaimProofJson | null;
  /** Why it was made without a proof. */
  readonly overridden: string | null;
  /** What the cluster said, in words. */
  readonly outcome: string;
}

export interface ClaimsQuery {
  readonly state: ClaimState | undefined;
  readonly limit: number;
  /** Only claims with a smaller id (paging). */
  readonly before: number | undefined;
}

export interface ClaimsAnswer {
  readonly generatedAt: string;
  /** Newest first. */
  readonly claims: readonly ClaimJson[];
  /** Pass as `before` for the next page; null at the end. */
  readonly next: number | null;
}

/** A claim that begins, but for the moment: whoever writes it down has the clock. */
export type ClaimDraft = Omit<NewClaim, 'startedMs'>;

export interface ClaimEnding {
  readonly state: Exclude<ClaimState, 'pushing'>;
  readonly outcome: string;
}

/** Methods throw FreeholdError `claim-unknown`, `claim-ended`. */
export interface ClaimsService {
  claims(query: ClaimsQuery): ClaimsAnswer;
  claim(id: number): ClaimJson;
  begin(draft: ClaimDraft): ClaimJson;
  end(id: number, ending: ClaimEnding): ClaimJson;
}

/** Body of `POST /claims`: what ClaimDraft is in JSON. */
export interface NewClaimJson {
  /** `user@host`; 1 to 128 printable characters. */
  readonly by: string;
  readonly server: string;
  readonly namespace: string;
  readonly pool: string;
  readonly advertisement: string;
  /** Each `FIRST-LAST`, `ADDRESS/LENGTH` or one address; 1 to 256. */
  readonly ranges: readonly string[];
  readonly proof: ClaimProofJson | null;
  /** 1 to 500 printable characters. */
  readonly overridden: string | null;
}

/**
 * Who writes a claim down. `begin` before the push and `end` after it: what was begun is on the disk, also where this process is
 * killed in between. Rejects with FreeholdError `claim-unknown`, `claim-ended`, `invalid-body`, `ledger-...`, `daemon-...`.
 */
export interface ClaimsWriter {
  begin(draft: NewClaimJson): Promise<ClaimJson>;
  end(id: number, ending: ClaimEnding): Promise<ClaimJson>;
}
