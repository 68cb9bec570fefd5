/**
 * Third stage, and once more just before the push: a live RFC 5227 run over the whole range. Whoever shows himself stops the claim, by
 * name.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { formatRange, type Ipv4Range } from '../../core/address/range.ts';
import { FreeholdError } from '../../core/error.ts';
import type { VerifyAnswer } from '../../http/service.ts';
import { withElapsed } from '../progress.ts';
import { unlessInterrupted } from './interruption.ts';
import { judgeLive } from './judge-live.ts';
import { liveWords } from './proof-words.ts';
import { Refusal } from './refusal.ts';
import { type ApplyRun, narrate, type Title } from './run.ts';
import type { Checked } from './stage-cluster.ts';
import type { Proven } from './stage-history.ts';

const BUSY_MS = 2_000;

export interface LiveProof {
  readonly answer: VerifyAnswer;
  /** Epoch ms: when the run was over. */
  readonly endedMs: number;
  /** The same moment on the clock that never jumps. */
  readonly endedAtMonotonicMs: number;
}

/**
 * @param title the stage that it belongs to
 * @throws Refusal `somebody-is-there`, `not-proven`, unless the proof is overridden
 */
export async function proveLive(run: ApplyRun, proven: Proven, { plan, facts }: Checked, title: Title): Promise<LiveProof> {
  const { source, output, options, clock, interruption } = run;
  const { range } = proven.target;
  const addresses = facts.nodes.flatMap(({ internalAddresses }) => internalAddresses);
  const nodeMacs = await unlessInterrupted(source.nodeMacs(addresses, run.api.server), interruption.signal);
  // By the clock of whoever answers.
  const asked = verifyWhenFree(run, range, proven.answer.generatedAt);
  const answer = await unlessInterrupted(
    withElapsed(output, `Probing ${formatRange(range)} (RFC 5227, 4 to 7 s):`, asked),
    interruption.signal,
  );
  const { live, history, notes } = judgeLive(answer, { kept: plan.kept, added: plan.added, nodeMacs, held: heldIn(plan) });
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
      ...notes.map(({ text, fix }) => `Note: ${text} ${fix ?? ''}`.trim()),
      ...(reasons.length === 0 ? [] : ['You override the proof, in spite of:', ...reasons.map(({ text }) => `- ${text}`)]),
    ].join('\n'),
  );
  return { answer, endedMs: clock.nowMs(), endedAtMonotonicMs: clock.monotonicMs() };
}

export const heldIn = ({ held }: Checked['plan']): ReadonlySet<string> => new Set(held.map(({ address }) => formatIpv4(address)));

/** The daemon bounds how many verifications run at once. */
async function verifyWhenFree(run: ApplyRun, range: Ipv4Range, heardSince: string): Promise<VerifyAnswer> {
  const { source, clock, options, interruption, query } = run;
  const untilMs = clock.monotonicMs() + options.waitMs;
  for (;;) {
    try {
      return await source.verify(range, heardSince, query);
    } catch (error) {
      const busy = error instanceof FreeholdError && error.code === 'verify-busy';
      if (!busy || clock.monotonicMs() + BUSY_MS > untilMs) throw error;
      await pause(BUSY_MS, undefined, { signal: interruption.signal });
    }
  }
}
