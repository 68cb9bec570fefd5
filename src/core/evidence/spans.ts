/**
 * Spans of judged addresses: neighbours that say the same become one. "The same" is verdict, reasons to the letter, and proof.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Proof, Reason, Verdict, VerdictSpan } from './proof.ts';

const sameReasons = (a: readonly Reason[], b: readonly Reason[]): boolean =>
  a.length === b.length &&
  a.every((reason, index) => {
    const other = b[index];
    return reason === other || (reason.code === other?.code && reason.text === other.text);
  });

const sameVerdict = (a: Verdict, b: Verdict): boolean =>
  a === b || (a.kind === b.kind && a.use === b.use && sameReasons(a.reasons, b.reasons));

const sameProof = (a: Proof, b: Proof): boolean =>
  a === b ||
  (a.lastSeenMs === b.lastSeenMs &&
    a.sinceMs === b.sinceMs &&
    a.quietForMs === b.quietForMs &&
    a.looks === b.looks &&
    a.coverage === b.coverage &&
    a.longestGapMs === b.longestGapMs &&
    a.newestLookMs === b.newestLookMs &&
    a.methods.length === b.methods.length &&
    a.methods.every((method, index) => method === b.methods[index]));

/** Adds a span to `spans`, or lengthens the last one where this one follows on and says the same. Changes `spans`. */
export function appendSpan(spans: VerdictSpan[], first: Ipv4, last: Ipv4, verdict: Verdict, proof: Proof): void {
  const open = spans[spans.length - 1];
  if (open !== undefined && open.last + 1 === first && sameProof(open.proof, proof) && sameVerdict(open.verdict, verdict)) {
    spans[spans.length - 1] = { first: open.first, last, verdict: open.verdict, proof: open.proof };
  } else {
    spans.push({ first, last, verdict, proof });
  }
}
