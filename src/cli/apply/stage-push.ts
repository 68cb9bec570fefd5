/**
 * The last stages: a last look, the push, and what MetalLB makes of it. From the push on an interruption waits until the claim is whole.
 */
import { fieldConflict } from '../../cluster/claim/field-conflict.ts';
import type { ClaimManifests } from '../../cluster/claim/manifests.ts';
import { type PushOutcome, pushClaim, pushFailure } from '../../cluster/claim/push.ts';
import { type ReadBack, readBack } from '../../cluster/claim/read-back.ts';
import { isClusterError } from '../../cluster/kube/errors.ts';
import { formatRange, sizeOf } from '../../core/address/range.ts';
import { FreeholdError } from '../../core/error.ts';
import type { ClaimJson } from '../../http/claim-service.ts';
import { newClaim } from './record.ts';
import { type ApplyRun, narrate } from './run.ts';
import type { Checked } from './stage-cluster.ts';
import { commandLine, type Proven } from './stage-history.ts';
import { type LiveProof, proveLive } from './stage-live.ts';

/** A live run older than this at the moment of the push proves nothing any more. */
const PROOF_AGE_MS = 10_000;

export interface Pushed {
  readonly claim: ClaimJson;
  readonly live: LiveProof;
  readonly readBack: ReadBack;
  /** It was interrupted while it was read back. */
  readonly interrupted: boolean;
}

/** @param manifestsWith makes the objects with the newest proof in them */
export async function pushAndReadBack(
  run: ApplyRun,
  proven: Proven,
  checked: Checked,
  manifestsWith: (live: LiveProof) => ClaimManifests,
): Promise<Pushed> {
  let live = await proveLive(run, proven, checked, 'Push');
  const { api, source, options, clock, interruption, current } = run;
  // The last moment at which nothing at all has happened yet.
  interruption.signal.throwIfAborted();
  interruption.hold(() =>
    run.output.note('freehold: the push has begun; finishing it, so that nothing is left half done (some seconds) ...'),
  );
  const claim = await source.beginClaim(newClaim(run, proven, checked, live));
  const stillProven = async (): Promise<void> => {
    if (clock.nowMs() - live.endedMs <= PROOF_AGE_MS) return;
    live = await proveLive({ ...run, interruption: { ...interruption, signal: NEVER } }, proven, checked, 'Push');
  };
  const outcome = await pushClaim(api, manifestsWith(live), {
    current,
    stillProven,
    patience: {
      untilMs: clock.nowMs() + options.waitMs,
      now: () => clock.nowMs(),
      onRetry: (error) => narrate(run, 'Push', `Trying again: ${error.message}`),
    },
  });
  if (outcome.kind !== 'pushed') throw await recordFailure(run, proven, claim, outcome);
  narrate(run, 'Push', `L2Advertisement ${run.wanted.advertisement} and IPAddressPool ${run.wanted.pool} are in the cluster.`);
  return conclude(run, proven, claim, live);
}

/** An interruption no longer stops what is in the middle. */
const NEVER = new AbortController().signal;

async function recordFailure(
  run: ApplyRun,
  { target }: Proven,
  claim: ClaimJson,
  outcome: Exclude<PushOutcome, { kind: 'pushed' }>,
): Promise<FreeholdError> {
  const { cause } = outcome;
  const told =
    isClusterError(cause, 'cluster-field-conflict') && outcome.kind === 'nothing' && outcome.left === null
      ? fieldConflict(
          cause,
          `IPAddressPool ${run.wanted.pool} or L2Advertisement ${run.wanted.advertisement}`,
          `${commandLine(run.options)} --range ${target.written}`,
        )
      : cause instanceof FreeholdError && outcome.kind === 'nothing' && outcome.left === null && !isClusterError(cause)
        ? cause
        : pushFailure(outcome);
  await record(run, claim, outcome.kind === 'nothing' ? 'failed' : 'unknown', told.message);
  return told;
}

async function conclude(run: ApplyRun, { target }: Proven, claim: ClaimJson, live: LiveProof): Promise<Pushed> {
  const { api, options, clock, interruption, wanted } = run;
  const back = await readBack(api, {
    namespace: wanted.namespace,
    pool: wanted.pool,
    size: sizeOf(target.range),
    untilMs: clock.nowMs() + options.waitMs,
    now: () => clock.nowMs(),
    signal: interruption.signal,
  }).catch(
    (error: unknown): ReadBack => ({ verdict: 'waiting', told: [error instanceof Error ? error.message : String(error)] }),
  );
  const interrupted = interruption.signal.aborted && back.verdict === 'waiting';
  narrate(run, 'Read back', [...back.told, ...(interrupted ? ['Interrupted: not read back to the end.'] : [])].join('\n'));
  await record(run, claim, 'complete', `${back.verdict}: ${back.told.join(' ')}`);
  return { claim: { ...claim, state: 'complete' }, live, readBack: back, interrupted };
}

/** The claim is what it is, recorded or not: a record that cannot be ended is told, and changes nothing. */
async function record(run: ApplyRun, claim: ClaimJson, state: 'complete' | 'failed' | 'unknown', outcome: string): Promise<void> {
  try {
    await run.source.endClaim(claim.id, state, outcome);
  } catch (error) {
    run.output.note(
      `freehold: claim ${claim.id} is ${state}, but that could not be recorded (${error instanceof Error ? error.message : String(error)}); it stays "pushing" in freehold claims.`,
    );
  }
}

/** Where the guard has taken the pool up; for people. */
export async function guardWords(run: ApplyRun, { target }: Proven, waitMs: number): Promise<string | null> {
  const untilMs = run.clock.nowMs() + waitMs;
  for (;;) {
    const now = await run.source.guarded(run.wanted.pool, target.range).catch(() => null);
    if (now === null) return null;
    if (now.guarded)
      return `The guard watches ${formatRange(target.range)} from now on, and knows ${now.speakers} MACs of nodes.`;
    if (run.clock.nowMs() > untilMs) {
      return 'The guard does not know the pool yet: let the daemon read the cluster (metallb.kubeconfig in its configuration), or name the pool under metallb.pools.';
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
