/**
 * One object for what is equal within a judgement: of a busy /16, tens of thousands of addresses are told apart, and most of what is
 * said of them is the same. Changes nothing that is said; forgotten with the judgement.
 */
import type { LookFigures } from './coverage.ts';
import type { Proof, Reason, Use, Verdict, VerdictKind } from './proof.ts';

/** Verdicts that begin with the same reason and are remembered: hardly ever are there two. */
const ALIKE = 8;

const sameObjects = (a: readonly Reason[], b: readonly Reason[]): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** Verdicts by kind, use and the very objects of their reasons: reasons.ts writes each sentence once. */
export function verdictSharing(): (kind: VerdictKind, use: Use, reasons: readonly Reason[]) => Verdict {
  const byFirst = new Map<Reason | undefined, Verdict[]>();
  return (kind, use, reasons) => {
    let alike = byFirst.get(reasons[0]);
    if (alike === undefined) {
      alike = [];
      byFirst.set(reasons[0], alike);
    }
    for (const known of alike) {
      if (known.kind === kind && known.use === use && sameObjects(known.reasons, reasons)) return known;
    }
    // A copy: the list that grew while the verdict was made has room for more than it holds.
    const verdict: Verdict = { kind, use, reasons: reasons.slice() };
    if (alike.length < ALIKE) alike.push(verdict);
    return verdict;
  };
}

/** As many proofs are remembered, a power of two: more than the ms in which a /16 answers a sweep. */
const REMEMBERED = 8192;

/**
 * Proofs by the looks and the last sighting that they rest on. Remembers one proof for each residue of the sighting's time, and not
 * all: those of one sweep find each other, and where each address was seen at a time of its own, little is spent on finding none.
 */
export function proofSharing(
  proofOf: (figures: LookFigures, seenMs: number) => Proof,
): (figures: LookFigures, seenMs: number) => Proof {
  const proofs = new Array<Proof | undefined>(REMEMBERED).fill(undefined);
  const figuresAt = new Array<LookFigures | undefined>(REMEMBERED).fill(undefined);
  const seenAt = new Float64Array(REMEMBERED);
  return (figures, seenMs) => {
    const slot = seenMs & (REMEMBERED - 1);
    const there = proofs[slot];
    if (there !== undefined && seenAt[slot] === seenMs && figuresAt[slot] === figures) return there;
    const proof = proofOf(figures, seenMs);
    proofs[slot] = proof;
    figuresAt[slot] = figures;
    seenAt[slot] = seenMs;
    return proof;
  };
}
