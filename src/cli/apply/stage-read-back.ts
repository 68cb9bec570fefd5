/** The last stage: what MetalLB made of the claim, whether the guard has taken it up, and the end of the record. */
import { type ReadBack, readBack } from '../../cluster/claim/read-back.ts';
import { formatRange, sizeOf } from '../../core/address/range.ts';
import { printable } from '../../core/text.ts';

import type { Reason } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import { lookAfter } from './stage-after.ts';
import type { Proven } from './stage-history.ts';
import { type Pushed, record } from './stage-push.ts';

/** How long the guard may take to hear of the pool. */
const GUARD_PATIENCE_MS = 5_000;
const GUARD_POLL_MS = 250;

export interface Concluded {
  readonly readBack: ReadBack;
  /** Who came in the last seconds and is no node. */
  readonly strangers: readonly Reason[];
  /** null where no guard runs. */
  readonly guard: string | null;
  /** Interrupted before it was read back. */
  readonly interrupted: boolean;
}

export async function conclude(run: ApplyRun, proven: Proven, pushed: Pushed): Promise<Concluded> {
  const { api, options, clock, interruption, wanted } = run;
  const back = await readBack(api, {
    namespace: wanted.namespace,
    pool: wanted.pool,
    advertisement: wanted.advertisement,
    before: pushed.before,
    pushedMs: pushed.pushedMs,
    size: sizeOf(proven.target.range),
    range: proven.target.range,
    untilMs: clock.monotonicMs() + options.waitMs,
    now: () => clock.monotonicMs(),
    signal: interruption.signal,
  }).catch(
    (error: unknown): ReadBack => ({ verdict: 'waiting', told: [error instanceof Error ? error.message : String(error)] }),
  );
  const interrupted = interruption.signal.aborted && back.verdict === 'waiting';
  narrate(run, 'Read back', [...back.told, ...(interrupted ? ['Interrupted: not read back to the end.'] : [])].join('\n'));
  const guard = interrupted ? null : await guardWords(run, proven);
  if (guard !== null) narrate(run, 'Read back', guard);
  const seen = interrupted || options.overrideProof !== undefined ? [] : await lookAfter(run, proven, pushed.checked);
  const strangers = [...pushed.strangers, ...seen];
  const told = strangers.length === 0 ? back.told : [...back.told, ...strangers.map(({ text }) => text)];
  const verdict = interrupted ? 'not read back' : strangers.length > 0 ? 'contested' : back.verdict;
  await record(run, pushed.claim, 'complete', `${verdict}: ${told.join(' ')}`);
  return { readBack: back, strangers, guard, interrupted };
}

/** Where the guard has taken the pool up; for people. */
async function guardWords(run: ApplyRun, { target }: Proven): Promise<string | null> {
  const { clock, source, wanted } = run;
  const untilMs = clock.monotonicMs() + GUARD_PATIENCE_MS;
  for (;;) {
    const now = await source.guarded(wanted.pool, target.range, run.api.server).catch(() => null);
    if (now === null) return null;
    if (now.otherCluster !== null) {
      return `The daemon reads ${printable(now.otherCluster, 200)}, which is another cluster, or this one by another name: whether its guard knows the pool is not known here. GET /pools shows what it guards.`;
    }
    if (now.guarded) {
      return `The guard watches ${formatRange(target.range)} from now on, and knows ${now.speakers} MACs of nodes.`;
    }
    if (clock.monotonicMs() > untilMs) {
      return 'The guard does not know the pool yet: let the daemon read the cluster (metallb.kubeconfig in its configuration), or name the pool under metallb.pools.';
    }
    await new Promise((resolve) => setTimeout(resolve, GUARD_POLL_MS));
  }
}
