/**
 * The proof of a claim in one sentence, for the annotation on the pool and for the record. Pure.
 */
import { printable } from '../../core/text.ts';
import type { ProofJson, VerifyAnswer } from '../../http/service.ts';
import { count, duration, moment, percent } from '../words.ts';

export interface ProofParts {
  /** Of the addresses that are added; null where none is, or none is proven. */
  readonly history: ProofJson | null;
  readonly live: VerifyAnswer | null;
  /** Addresses that the pool had before. */
  readonly kept: number;
  readonly weaker: boolean;
  readonly by: string;
  /** What an earlier claim wrote onto the pool. */
  readonly before: { readonly proof: string | null; readonly overridden: string | null };
  /** Why the proof does not count this time. */
  readonly overridden: string | null;
}

const AGAIN = '; looked at again: ';
const LONGEST = 1000;

/** What is written onto the pool. A reason for which a proof was overridden stays as long as addresses of that claim do. */
export function proofTold(parts: ProofParts): { readonly proof: string; readonly overridden: string | null } {
  const { history, kept, before, live, by } = parts;
  const overridden = parts.overridden ?? (kept > 0 ? before.overridden : null);
  // Where nothing is new, what was proven then is still what there is.
  const then = history === null && kept > 0 && parts.overridden === null ? before.proof : null;
  const text =
    then === null
      ? proofSentence(parts)
      : `${then.split(AGAIN)[0]}${AGAIN}${live === null ? 'not probed live' : liveWords(live)}; by ${by}`;
  const marked = overridden === null || text.startsWith('overridden; ') ? text : `overridden; ${text}`;
  return { proof: printable(marked, LONGEST), overridden: overridden === null ? null : printable(overridden, 500) };
}

function proofSentence({ history, live, kept, weaker, by }: ProofParts): string {
  const parts = [
    ...(history === null ? [] : [historyWords(history)]),
    ...(kept === 0 ? [] : [`${count(kept, 'address', 'addresses')} in the pool before`]),
    ...(live === null ? ['not probed live'] : [liveWords(live)]),
    ...(weaker ? ['by criteria weaker than configured'] : []),
  ];
  return `${parts.join('; ')}; by ${by}`;
}

export const historyWords = ({ quietForSeconds, looks, coverage, longestGapSeconds }: ProofJson): string =>
  `quiet for ${duration(quietForSeconds)} in ${count(looks, 'look')}, ${percent(coverage)} of the time covered, longest gap ${duration(longestGapSeconds)}`;

export const liveWords = ({ startedAt, durationMs, live }: VerifyAnswer): string => {
  const at = moment(new Date(Date.parse(startedAt) + durationMs).toISOString());
  // Probes, the ordinary requests after them, and hosts that are known to be alive.
  const what = `RFC 5227 run (${count(live.probesSent, 'frame')}) until ${at}`;
  if (!live.valid) return `${what}, not valid`;
  return live.conflicts.length === 0 && live.heard.length === 0 ? `${what}, unanswered` : `${what}, not all unanswered`;
};
