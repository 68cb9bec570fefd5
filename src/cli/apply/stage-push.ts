/**
 * The push: the cluster checked once more, a last look, both objects, and the record. From its beginning on an interruption waits until
 * the claim is whole.
 */
import { isSameCurrent, readCurrent } from '../../cluster/claim/current.ts';
import type { ClaimManifests } from '../../cluster/claim/manifests.ts';
import { type PushOutcome, pushClaim, pushFailure } from '../../cluster/claim/push.ts';
import { type BeforePush, beforePush } from '../../cluster/claim/read-back.ts';
import { isClusterError } from '../../cluster/kube/errors.ts';
import { FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { ClaimJson } from '../../http/claim-service.ts';
import { unlessInterrupted } from './interruption.ts';
import { newClaim } from './record.ts';
import { Refusal } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import { conflict } from './stage-changes.ts';
import { type Checked, checkCluster } from './stage-cluster.ts';
import type { Proven } from './stage-history.ts';
import { type LiveProof, proveLive } from './stage-live.ts';

/** A live run older than this at the moment of the push proves nothing any more. */
const PROOF_AGE_MS = 10_000;
const MAX_OUTCOME = 1_000;

export interface Pushed {
  readonly claim: ClaimJson;
  readonly live: LiveProof;
  /** What MetalLB said before, to tell its answer from an old one. */
  readonly before: BeforePush;
  /** Monotonic ms: just before the push. */
  readonly pushedMs: number;
}

/** An interruption no longer stops what is in the middle. */
const NEVER = new AbortController().signal;

/** @param manifestsWith makes the objects with the newest proof in them */
export async function push(
  run: ApplyRun,
  proven: Proven,
  checked: Checked,
  manifestsWith: (live: LiveProof) => ClaimManifests,
): Promise<Pushed> {
  await checkAgain(run, proven, checked);
  let live = await proveLive(run, proven, checked, 'Push');
  const { api, source, options, clock, interruption, current, wanted } = run;
  // The last moment at which nothing at all has happened yet.
  interruption.signal.throwIfAborted();
  interruption.hold(() =>
    run.output.note('freehold: the push has begun; finishing it, so that nothing is left half done (some seconds) ...'),
  );
  const before = await beforePush(api, { namespace: wanted.namespace, pool: wanted.pool });
  run.progress.pushing = true;
  const claim = await source.beginClaim(newClaim(run, proven, checked, live));
  const pushedMs = clock.monotonicMs();
  const stillProven = async (): Promise<void> => {
    if (clock.monotonicMs() - live.endedAtMonotonicMs <= PROOF_AGE_MS) return;
    live = await proveLive({ ...run, interruption: { ...interruption, signal: NEVER } }, proven, checked, 'Push');
  };
  const outcome = await pushClaim(api, {
    wanted: { ...wanted, ...proven.target },
    gonePools: checked.gonePools,
    current,
    stillProven,
    pool: () => manifestsWith(live).pool,
    patience: {
      untilMs: clock.monotonicMs() + options.waitMs,
      now: () => clock.monotonicMs(),
      onRetry: (error) => narrate(run, 'Push', `Trying again: ${error.message}`),
    },
    ...(run.lateMs === undefined ? {} : { lateMs: run.lateMs }),
  });
  if (outcome.kind !== 'pushed') throw await recordFailure(run, claim, outcome);
  narrate(run, 'Push', `L2Advertisement ${wanted.advertisement} and IPAddressPool ${wanted.pool} are in the cluster.`);
  return { claim: { ...claim, state: 'complete' }, live, before, pushedMs };
}

/** The question may have stood for hours. @throws Refusal `changed-meanwhile`, and all that the first check throws */
async function checkAgain(run: ApplyRun, { target }: Proven, before: Checked): Promise<void> {
  const { api, wanted, interruption, current } = run;
  const now = await unlessInterrupted(readCurrent(api, wanted, interruption.signal), interruption.signal);
  const { plan } = await checkCluster({ ...run, current: now }, target, 'silent');
  const same =
    isSameCurrent(current, now) &&
    JSON.stringify([plan.kept, plan.added]) === JSON.stringify([before.plan.kept, before.plan.added]);
  if (same) return;
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
): Promise<FreeholdError> {
  const told = failureOf(run, outcome);
  await record(run, claim, outcome.kind === 'nothing' ? 'failed' : 'unknown', told.message);
  return told;
}

function failureOf(run: ApplyRun, outcome: Exclude<PushOutcome, { kind: 'pushed' }>): FreeholdError {
  const { cause } = outcome;
  if (outcome.kind === 'nothing' && outcome.left === null && cause instanceof FreeholdError) {
    if (isClusterError(cause, 'cluster-field-conflict')) {
      const which =
        cause.status?.causes.some(({ field }) => field.startsWith('.spec.ipAddressPools')) === true ? 'advertisement' : 'pool';
      const told = conflict(run, which, cause);
      if (told instanceof FreeholdError) return told;
    }
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
