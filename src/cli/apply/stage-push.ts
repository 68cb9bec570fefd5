/**
 * The push: the cluster checked once more, a last look, both objects, and the record. From its beginning on an interruption waits until
 * the claim is whole.
 */
import { isSameCurrent, readCurrent } from '../../cluster/claim/current.ts';
import type { ClaimManifests } from '../../cluster/claim/manifests.ts';
import { type Patience, withPatience } from '../../cluster/claim/patience.ts';
import { type PushOutcome, pushClaim, pushFailure } from '../../cluster/claim/push.ts';
import { type BeforePush, beforePush } from '../../cluster/claim/read-back.ts';
import { isClusterError } from '../../cluster/kube/errors.ts';
import { FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { ClaimJson } from '../../http/claim-service.ts';
import { newClaim } from './record.ts';
import { type Reason, Refusal } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import { conflict } from './stage-changes.ts';
import { type Checked, checkCluster } from './stage-cluster.ts';
import type { Proven } from './stage-history.ts';
import { type LiveProof, proveLive } from './stage-live.ts';

/** A live run older than this at the moment of the push proves nothing any more. */
const PROOF_AGE_MS = 10_000;
const MAX_OUTCOME = 1_000;
const SENTENCE = 1_500;

export interface Pushed {
  readonly claim: ClaimJson;
  readonly live: LiveProof;
  /** What MetalLB said before, to tell its answer from an old one. */
  readonly before: BeforePush;
  /** Monotonic ms: just before the push. */
  readonly pushedMs: number;
  /** The cluster as it was just before the push. */
  readonly checked: Checked;
  /** Who showed himself while an answer was lost, and the pool was stored already. */
  readonly strangers: readonly Reason[];
}

/** An interruption no longer stops what is in the middle. */
const NEVER = new AbortController().signal;

/** @param manifestsWith makes the objects with the newest proof in them */
export async function push(
  run: ApplyRun,
  proven: Proven,
  shown: Checked,
  manifestsWith: (live: LiveProof) => ClaimManifests,
): Promise<Pushed> {
  const { api, source, options, clock, interruption, current, wanted } = run;
  const checked = await checkAgain(run, proven, shown);
  const patience = (signal?: AbortSignal): Patience => ({
    untilMs: clock.monotonicMs() + options.waitMs,
    now: () => clock.monotonicMs(),
    onRetry: (error) => narrate(run, 'Push', `Trying again: ${printable(error.message, SENTENCE)}`),
    ...(signal === undefined ? {} : { signal }),
  });
  const before = await withPatience(
    () => beforePush(api, { namespace: wanted.namespace, pool: wanted.pool }),
    patience(interruption.signal),
  );
  let live = await proveLive(run, proven, checked, 'Push');
  interruption.signal.throwIfAborted();
  // A record that could not be made, or not in time, stops it while nothing has happened yet.
  const claim = await source.beginClaim(newClaim(run, proven, checked, live));
  if (interruption.signal.aborted) {
    await record(run, claim, 'failed', 'Interrupted before anything was pushed.');
    throw interruption.signal.reason;
  }
  run.progress.pushing = true;
  interruption.hold(() =>
    run.output.note('freehold: the push has begun; finishing it, so that nothing is left half done (some seconds) ...'),
  );
  const pushedMs = clock.monotonicMs();
  const stillProven = async (): Promise<void> => {
    // One of the two clocks stands still while a machine sleeps, and the other may be set.
    const ageMs = Math.max(clock.monotonicMs() - live.endedAtMonotonicMs, clock.nowMs() - live.endedMs);
    if (ageMs <= PROOF_AGE_MS) return;
    live = await proveLive({ ...run, interruption: { ...interruption, signal: NEVER } }, proven, checked, 'Push');
  };
  const outcome = await pushClaim(api, {
    wanted: { ...wanted, ...proven.target },
    gonePools: checked.gonePools,
    current,
    stillProven,
    pool: () => manifestsWith(live).pool,
    patience: patience(),
    ...(run.lateMs === undefined ? {} : { lateMs: run.lateMs }),
  });
  if (outcome.kind !== 'pushed') throw await recordFailure(run, claim, outcome, manifestsWith(live));
  narrate(run, 'Push', `L2Advertisement ${wanted.advertisement} and IPAddressPool ${wanted.pool} are in the cluster.`);
  const strangers = outcome.contested instanceof Refusal ? outcome.contested.reasons : [];
  return { claim: { ...claim, state: 'complete' }, live, before, pushedMs, checked, strangers };
}

/**
 * The question may have stood for hours.
 * @returns the cluster as it is now
 * @throws Refusal `changed-meanwhile`, and all that the first check throws
 */
async function checkAgain(run: ApplyRun, { target }: Proven, shown: Checked): Promise<Checked> {
  const { api, wanted, interruption, current, clock, options } = run;
  const now = await withPatience(() => readCurrent(api, wanted, interruption.signal), {
    untilMs: clock.monotonicMs() + options.waitMs,
    now: () => clock.monotonicMs(),
    signal: interruption.signal,
  });
  const checked = await checkCluster({ ...run, current: now }, target, 'silent');
  const parts = ({ plan }: Checked): string => JSON.stringify([plan.kept, plan.added]);
  if (isSameCurrent(current, now) && parts(checked) === parts(shown)) return checked;
  throw new Refusal(
    'push',
    'changed-meanwhile',
    'The pool or the advertisement was changed by somebody else since the difference was shown; nothing was pushed.',
    [],
    { hint: 'Run the same command again: it shows the difference to what is there now.' },
  );
}

async function recordFailure(
  run: ApplyRun,
  claim: ClaimJson,
  outcome: Exclude<PushOutcome, { kind: 'pushed' }>,
  manifests: ClaimManifests,
): Promise<FreeholdError> {
  const told = failureOf(outcome, manifests);
  await record(run, claim, outcome.kind === 'nothing' ? 'failed' : 'unknown', told.message);
  return told;
}

function failureOf(outcome: Exclude<PushOutcome, { kind: 'pushed' }>, manifests: ClaimManifests): FreeholdError {
  const { which, cause } = outcome.cause;
  if (outcome.kind === 'nothing' && outcome.left === null && cause instanceof FreeholdError) {
    if (isClusterError(cause, 'cluster-field-conflict')) return conflict(manifests, which, cause);
    // A last look that failed, say: in its own words.
    if (!isClusterError(cause)) return cause;
  }
  return pushFailure(outcome);
}

/** The claim is what it is, recorded or not: a record that cannot be ended is told, and changes nothing. */
export async function record(
  run: ApplyRun,
  claim: ClaimJson,
  state: 'complete' | 'failed' | 'unknown',
  outcome: string,
): Promise<void> {
  const line = printable(outcome.replace(/\s+/g, ' ').trim(), MAX_OUTCOME);
  try {
    await run.source.endClaim(claim.id, state, line === '' ? state : line);
  } catch (error) {
    run.output.note(
      `freehold: claim ${claim.id} is ${state}, but that could not be recorded (${error instanceof Error ? error.message : String(error)}); it stays "pushing" in freehold claims.`,
    );
  }
}
