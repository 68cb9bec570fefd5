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
}

export function proofSentence({ history, live, kept, weaker, by }: ProofParts): string {
  const parts = [
    ...(history === null ? [] : [historyWords(history)]),
    ...(kept === 0 ? [] : [`${count(kept, 'address', 'addresses')} in the pool before`]),
    ...(live === null ? ['not probed live'] : [liveWords(live)]),
    ...(weaker ? ['by criteria weaker than configured'] : []),
  ];
  return printable(`${parts.join('; ')}; by ${by}`, 1000);
}

export const historyWords = ({ quietForSeconds, looks, coverage, longestGapSeconds }: ProofJson): string =>
  `quiet for ${duration(quietForSeconds)} in ${count(looks, 'look')}, ${percent(coverage)} of the time covered, longest gap ${duration(longestGapSeconds)}`;

export const liveWords = ({ startedAt, durationMs, live }: VerifyAnswer): string => {
  const at = moment(new Date(Date.parse(startedAt) + durationMs).toISOString());
  const what = `${count(live.probesSent, 'RFC 5227 probe')} until ${at}`;
  if (!live.valid) return `${what}, not valid`;
  return live.conflicts.length === 0 && live.heard.length === 0 ? `${what}, unanswered` : `${what}, not all unanswered`;
};
