/**
 * Spans of judged addresses: neighbours that say the same become one. "The same" is verdict, reasons to the letter, and proof.
 */
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

/** Adds `next` to `spans`, or joins it to the last one where it follows on and says the same. Changes `spans`. */
export function appendSpan(spans: VerdictSpan[], next: VerdictSpan): void {
  const open = spans.at(-1);
  if (
    open !== undefined &&
    open.last + 1 === next.first &&
    sameProof(open.proof, next.proof) &&
    sameVerdict(open.verdict, next.verdict)
  ) {
    spans[spans.length - 1] = { ...open, last: next.last };
  } else {
    spans.push(next);
  }
}
