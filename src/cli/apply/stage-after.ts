/**
 * After the push: MetalLB may have given out the first address already, and never looks. One look more, in which only nodes may answer;
 * whoever else does came in the last seconds. The claim stands; the person is told.
 */
import { formatRange } from '../../core/address/range.ts';
import { rangeSet } from '../../core/address/range-set.ts';
import { FreeholdError } from '../../core/error.ts';
import { withElapsed } from '../progress.ts';
import { unlessInterrupted } from './interruption.ts';
import { judgeLive } from './judge-live.ts';
import { liveWords } from './proof-words.ts';
import type { Reason } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import type { Checked } from './stage-cluster.ts';
import type { Proven } from './stage-history.ts';

const LATER = '9999-12-31T00:00:00.000Z';

/** @returns who is there and should not be. Never throws: a look that failed is told, and says nothing */
export async function lookAfter(run: ApplyRun, { target: { range } }: Proven, { facts }: Checked): Promise<readonly Reason[]> {
  const { api, source, interruption, output, query } = run;
  try {
    const nodeMacs = await source.nodeMacs(
      facts.nodes.flatMap(({ internalAddresses }) => internalAddresses),
      api.server,
    );
    if (nodeMacs.size === 0) {
      narrate(
        run,
        'Read back',
        'Not looked once more: the MACs of the nodes are not known, so that nobody could be told from a stranger.',
      );
      return [];
    }
    // Never later than the start of the run: from then on, by the clock of whoever answers.
    const asked = source.verify(range, LATER, query);
    const answer = await unlessInterrupted(
      withElapsed(output, `Looking at ${formatRange(range)} once more (4 to 7 s):`, asked),
      interruption.signal,
    );
    const { live } = judgeLive(answer, { kept: rangeSet([range]), added: [], nodeMacs, held: new Set() });
    const strangers = live.filter(({ code }) => code === 'somebody-is-there');
    narrate(
      run,
      'Read back',
      strangers.length === 0
        ? `A look after the push: ${liveWords(answer)}${live.length > 0 ? '' : '; nobody but nodes'}.`
        : ['Since the push somebody is there who is no node:', ...strangers.map(({ text }) => `- ${text}`)].join('\n'),
    );
    return strangers;
  } catch (error) {
    const why = interruption.signal.aborted ? 'interrupted' : error instanceof FreeholdError ? error.message : String(error);
    narrate(run, 'Read back', `Not looked once more: ${why}.`);
    return [];
  }
}
