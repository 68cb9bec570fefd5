/**
 * Third stage, and once more just before the push: a live RFC 5227 run over the whole range. Whoever shows himself stops the claim, by
 * name.
 */
import { formatRange } from '../../core/address/range.ts';
import type { VerifyAnswer } from '../../http/service.ts';
import { withElapsed } from '../progress.ts';
import { unlessInterrupted } from './interruption.ts';
import { judgeLive } from './judge-live.ts';
import { liveWords } from './proof-words.ts';
import { Refusal } from './refusal.ts';
import { type ApplyRun, narrate, type Title } from './run.ts';
import type { Checked } from './stage-cluster.ts';
import type { Proven } from './stage-history.ts';

export interface LiveProof {
  readonly answer: VerifyAnswer;
  /** Epoch ms: when the run was over. */
  readonly endedMs: number;
}

/**
 * @param title the stage that it belongs to
 * @throws Refusal `somebody-is-there`, `not-proven`, unless the proof is overridden
 */
export async function proveLive(run: ApplyRun, proven: Proven, { plan, facts }: Checked, title: Title): Promise<LiveProof> {
  const { source, output, options, clock, interruption } = run;
  const { range } = proven.target;
  const addresses = facts.nodes.flatMap(({ internalAddresses }) => internalAddresses);
  const nodeMacs = await unlessInterrupted(source.nodeMacs(addresses), interruption.signal);
  const asked = source.verify(range, new Date(run.startedMs).toISOString(), run.query);
  const answer = await unlessInterrupted(
    withElapsed(output, `Probing ${formatRange(range)} (RFC 5227, 4 to 7 s):`, asked),
    interruption.signal,
  );
  const { live, history } = judgeLive(answer, { kept: plan.kept, added: plan.added, nodeMacs });
  const reasons = live.length > 0 ? live : history;
  if (reasons.length > 0 && options.overrideProof === undefined) {
    const code = live[0]?.code ?? 'not-proven';
    throw new Refusal('live', code, `${formatRange(range)} is not free; nothing was pushed:`, reasons, {
      hint: 'freehold history ADDRESS shows who was there, and when.',
    });
  }
  narrate(
    run,
    title,
    [
      `${title === 'Push' ? 'A last look: ' : ''}${liveWords(answer)}.`,
      ...(reasons.length === 0 ? [] : ['You override the proof, in spite of:', ...reasons.map(({ text }) => `- ${text}`)]),
    ].join('\n'),
  );
  return { answer, endedMs: clock.nowMs() };
}
