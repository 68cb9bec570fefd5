/** First stage: which addresses, and whether the history proves those that would be new. Sends no probe. */
import { formatRange } from '../../core/address/range.ts';
import { type RangeSet, rangeSet, setSize, subtract } from '../../core/address/range-set.ts';
import { extendRange } from '../../core/claim/extend.ts';
import type { FreeRangesAnswer } from '../../http/service.ts';
import { count } from '../words.ts';
import { commandLine } from './command-line.ts';
import { type History, historyOf, provenRanges } from './history.ts';
import { unlessInterrupted } from './interruption.ts';
import { historyWords } from './proof-words.ts';
import { Refusal } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import { bestTarget, readTarget, refuseUnproven, type Target, targetOf } from './target.ts';

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
  // What a pool grows by may be smaller than all of it.
  const answer = await ask(source.freeRanges(segment, before.length === 0 ? size : 1, run.query, written?.range));
  const target = written ?? aroundNow(before, size, answer, options) ?? bestTarget(answer, size);
  const added = subtract(rangeSet([target.range]), before);
  const history = historyOf(answer, added);
  if (history.reasons.length > 0 && options.overrideProof === undefined) {
    // What is offered instead lies elsewhere.
    const all = written === null ? answer : await ask(source.freeRanges(segment, 1, run.query));
    throw refuseUnproven(target, history, all, commandLine(options));
  }
  narrate(run, 'History', historyText(target, added, history, answer));
  return { target, segment, added, history, answer };
}

export type HistoryRun = Pick<ApplyRun, 'options' | 'output' | 'source' | 'interruption' | 'query'>;

/** A pool that is there stays where it is, grows around what it has, or shrinks. @throws Refusal `pool-cannot-grow` */
function aroundNow(before: RangeSet, size: number, answer: FreeRangesAnswer, options: ApplyRun['options']): Target | null {
  const [only, ...others] = before;
  if (only === undefined) return null;
  const free = rangeSet(provenRanges(answer).map(({ range }) => range));
  const range = others.length === 0 ? extendRange(only, free, size) : null;
  if (range !== null) return targetOf(range);
  throw new Refusal(
    'history',
    'pool-cannot-grow',
    `The pool ${options.name} (${before.map(formatRange).join(', ')}) cannot have ${count(size, 'address', 'addresses')} without moving: what lies around it is not proven free.`,
    [],
    {
      hint: `To move it, name the addresses: ${commandLine(options)} --range FIRST-LAST. Or make another pool beside it: --name OTHER.`,
    },
  );
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
