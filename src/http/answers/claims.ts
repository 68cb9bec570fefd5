/**
 * Answers "what was pushed, by whom, on which proof", and writes down what is about to be. A record: decides nothing about an address,
 * and pushes nothing.
 */
import { formatRange } from '../../core/address/range.ts';
import type { Claim, ClaimProof } from '../../core/claim/types.ts';
import { FreeholdError } from '../../core/error.ts';
import { formatDuration } from '../../core/evidence/duration-text.ts';
import { printable } from '../../core/text.ts';
import type { ClaimStore } from '../../ledger/claim-types.ts';
import type {
  ClaimDraft,
  ClaimEnding,
  ClaimJson,
  ClaimProofJson,
  ClaimsAnswer,
  ClaimsQuery,
  ClaimsService,
} from '../claim-service.ts';
import { criteriaJson, proofJson, rangeJson, time, timeOrNull } from './json.ts';

const NAME = 253;
/** Ranges that a sentence names. */
const RANGES_NAMED = 3;

export interface ClaimsContext {
  readonly store: ClaimStore;
  readonly now: () => number;
  /** Told of each claim as it begins and as it ends. */
  readonly onChange?: (claim: Claim) => void;
}

export const createClaims = (context: ClaimsContext): ClaimsService => ({
  claims: (query) => answerClaims(context, query),
  claim: (id) => claimJson(find(context.store, id)),
  begin: (draft) => claimJson(beginClaim(context, draft)),
  end: (id, ending) => claimJson(endClaim(context, id, ending)),
});

function answerClaims({ store, now }: ClaimsContext, { state, before, limit }: ClaimsQuery): ClaimsAnswer {
  const rows = store.list({
    ...(state === undefined ? {} : { state }),
    ...(before === undefined ? {} : { before }),
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  return {
    generatedAt: time(now()),
    claims: page.map(claimJson),
    next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

function beginClaim({ store, now, onChange }: ClaimsContext, draft: ClaimDraft): Claim {
  const claim = find(store, store.begin({ ...draft, startedMs: now() }));
  onChange?.(claim);
  return claim;
}

/** @throws FreeholdError `claim-unknown`, `claim-ended` */
function endClaim({ store, now, onChange }: ClaimsContext, id: number, { state, outcome }: ClaimEnding): Claim {
  const ended = store.end(id, state, outcome, now());
  if (ended === null) {
    const { state: before } = find(store, id);
    throw new FreeholdError('claim-ended', `Claim ${id} has ended already: it is ${before}.`, {
      hint: 'GET /claims, or `freehold claims`, shows how.',
    });
  }
  onChange?.(ended);
  return ended;
}

/** @throws FreeholdError `claim-unknown` */
function find(store: ClaimStore, id: number): Claim {
  const claim = store.claim(id);
  if (claim !== null) return claim;
  throw new FreeholdError('claim-unknown', `There is no claim ${id}.`, {
    hint: 'GET /claims, or `freehold claims`, lists those that there are; the newest ten thousand are kept.',
  });
}

/** Texts come from whoever made the claim, or from a ledger that somebody else wrote. */
export const claimJson = (claim: Claim): ClaimJson => ({
  id: claim.id,
  state: claim.state,
  startedAt: time(claim.startedMs),
  endedAt: timeOrNull(claim.endedMs),
  by: printable(claim.by, 128),
  server: printable(claim.server, 2048),
  namespace: printable(claim.namespace, NAME),
  pool: printable(claim.pool, NAME),
  advertisement: printable(claim.advertisement, NAME),
  ranges: claim.ranges.map(rangeJson),
  proof: claim.proof === null ? null : claimProofJson(claim.proof),
  overridden: claim.overridden === null ? null : printable(claim.overridden, 500),
  outcome: printable(claim.outcome, 1000),
});

const claimProofJson = (proof: ClaimProof): ClaimProofJson => ({
  ...proofJson(proof),
  criteria: criteriaJson(proof.criteria),
  weakerThanConfigured: proof.weakerThanConfigured,
  verifiedAt: time(proof.verifiedMs),
  probesSent: proof.probesSent,
  kept: proof.kept,
});

/** As `freehold watch` shows it: `claim 3 begins: ada@jump pushes 192.0.2.200-192.0.2.215 as pool production-pool (quiet for 4 d).` */
export function claimSentence(claim: Claim): string {
  const { id, state, ranges, proof, overridden } = claim;
  const named = ranges.slice(0, RANGES_NAMED).map(formatRange).join(', ') + (ranges.length > RANGES_NAMED ? ' …' : '');
  const pool = `pool ${printable(claim.pool, NAME)} in ${printable(claim.namespace, NAME)}`;
  const by = printable(claim.by, 128);
  const why = overridden !== null ? `its proof overridden: ${printable(overridden, 120)}` : proofWords(proof);
  switch (state) {
    case 'pushing':
      return `claim ${id} begins: ${by} pushes ${named} as ${pool} (${why}).`;
    case 'complete':
      return `claim ${id} is complete: ${named} is ${pool}, pushed by ${by} (${why}).`;
    case 'failed':
      return `claim ${id} of ${by} failed: nothing of ${pool} was changed: ${printable(claim.outcome, 200)}`;
    case 'unknown':
      return `claim ${id} of ${by} ended, and whether ${named} is in ${pool} is not known: ${printable(claim.outcome, 200)}`;
  }
}

/** Without a look there was nothing new to prove. */
const proofWords = (proof: ClaimProof | null): string =>
  proof === null || proof.looks === 0
    ? `no new proof${proof === null || proof.kept === 0 ? '' : `; ${proof.kept} addresses in the pool before`}`
    : `quiet for ${formatDuration(proof.quietForMs)}, ${proof.looks} looks`;
