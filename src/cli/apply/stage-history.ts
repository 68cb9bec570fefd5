/** First stage: which addresses, and whether the history proves those that would be new. Sends no probe. */
import { formatRange } from '../../core/address/range.ts';
import { type RangeSet, rangeSet, setSize, subtract } from '../../core/address/range-set.ts';
import type { FreeRangesAnswer } from '../../http/service.ts';
import { count } from '../words.ts';
import { type History, historyOf } from './history.ts';
import { unlessInterrupted } from './interruption.ts';
import { historyWords } from './proof-words.ts';
import { type ApplyRun, narrate } from './run.ts';
import { bestTarget, readTarget, refuseUnproven, type Target } from './target.ts';

export interface Proven {
  readonly target: Target;
  readonly segment: string;
  /** Addresses that have to be proven: those that the pool does not have yet. */
  readonly added: RangeSet;
  readonly history: History;
  readonly answer: FreeRangesAnswer;
}

/**
 * @param before the addresses of the pool as it is
 * @throws Refusal `not-proven`, `no-proven-range`, unless the proof is overridden
 */
export async function proveHistory(run: HistoryRun, before: RangeSet): Promise<Proven> {
  const { options, source, interruption } = run;
  const ask = <T>(work: Promise<T>): Promise<T> => unlessInterrupted(work, interruption.signal);
  const written = options.range === undefined ? null : readTarget(options.range);
  const segment = await ask(source.segmentOf(written?.range ?? null, options.segment));
  const size = written === null ? (options.size ?? 1) : 1;
  const answer = await ask(source.freeRanges(segment, size, run.query));
  const target = written ?? sameAsNow(before, size) ?? bestTarget(answer, size);
  const added = subtract(rangeSet([target.range]), before);
  const history = historyOf(answer, added);
  if (history.reasons.length > 0 && options.overrideProof === undefined) {
    throw refuseUnproven(target, history, answer, commandLine(options));
  }
  narrate(run, 'History', historyText(target, added, history, answer));
  return { target, segment, added, history, answer };
}

export type HistoryRun = Pick<ApplyRun, 'options' | 'output' | 'source' | 'interruption' | 'query'>;

/** Asked again for a pool of the same size, the pool stays where it is. */
function sameAsNow(before: RangeSet, size: number): Target | null {
  const [only, ...others] = before;
  if (only === undefined || others.length > 0 || setSize(before) !== size) return null;
  return { range: only, written: only.first === only.last ? `${formatRange(only)}/32` : formatRange(only) };
}

function historyText({ range }: Target, added: RangeSet, { proof, reasons }: History, answer: FreeRangesAnswer): string {
  const where = `${formatRange(range)} (${count(setSize([range]), 'address', 'addresses')}, segment ${answer.segment})`;
  if (added.length === 0) return `${where}: in the pool already, nothing new to prove.`;
  const kept = setSize([range]) - setSize(added);
  const rest = kept === 0 ? '' : `\n${count(kept, 'address', 'addresses')} of it are in the pool already.`;
  if (proof !== null) {
    const weaker = answer.criteria.weakerThanConfigured ? '\nThe criteria are weaker than the configured ones.' : '';
    return `${where} is proven free:\n${historyWords(proof)}.${rest}${weaker}`;
  }
  const shown = reasons.slice(0, 10).map(({ text }) => `- ${text}`);
  return `${where} is NOT proven free, and you override that:\n${shown.join('\n')}${reasons.length > 10 ? `\n- and ${reasons.length - 10} more` : ''}${rest}`;
}

/** What to type for another range: the options that mean something there. */
export function commandLine({ name, advertisement }: ApplyRun['options']): string {
  const named = name === 'production-pool' ? '' : ` --name ${name}`;
  const advertised = advertisement === 'production-advertisement' ? '' : ` --advertisement ${advertisement}`;
  return `freehold apply${named}${advertised}`;
}
