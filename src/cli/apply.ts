/**
 * `freehold apply`: claims a proven range for MetalLB. History, cluster, live run, difference and question, push, read-back, in this
 * order; each stage is a file in apply/. Pushes nothing without a proof, and leaves nothing half done.
 */

import { poolAddresses, proofNotes, readCurrent } from '../cluster/claim/current.ts';
import { type ClaimManifests, claimManifests, manifestsJson, manifestsYaml } from '../cluster/claim/manifests.ts';
import { withPatience } from '../cluster/claim/patience.ts';
import type { ClaimWanted } from '../cluster/claim/plan.ts';
import type { KubeApi } from '../cluster/kube/api.ts';
import { formatRange, sizeOf } from '../core/address/range.ts';
import { setSize } from '../core/address/range-set.ts';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { printable } from '../core/text.ts';
import { type Clock, systemClock } from '../system/clock.ts';
import { checkNames, readSelectors } from './apply/arguments.ts';
import { type Interruption, unlessInterrupted, watchInterruption } from './apply/interruption.ts';
import { openSource } from './apply/open-source.ts';
import type { ProofSource } from './apply/proof-source.ts';
import { proofTold } from './apply/proof-words.ts';
import { Refusal } from './apply/refusal.ts';
import { type ApplyOptions, type ApplyRun, narrate } from './apply/run.ts';
import { askToPush, showChanges } from './apply/stage-changes.ts';
import { checkCluster } from './apply/stage-cluster.ts';
import { type HistoryRun, type Proven, proveHistory } from './apply/stage-history.ts';
import { type LiveProof, proveLive } from './apply/stage-live.ts';
import { push } from './apply/stage-push.ts';
import { conclude } from './apply/stage-read-back.ts';
import { whoAmI } from './apply/who.ts';
import { clusterOf } from './cluster-options.ts';
import { confirm, terminalAsk } from './confirm.ts';
import { criteriaParameters } from './criteria.ts';
import { usageError } from './exit.ts';
import { type Ask, askOnTerminal } from './interfaces.ts';
import type { Output } from './output.ts';
import { count } from './words.ts';

/** Of a reason for which a proof is overridden. */
const MAX_REASON = 500;

export type { ApplyOptions } from './apply/run.ts';

/** What a test puts in its place. */
export interface ApplyDependencies {
  readonly clock?: Clock;
  readonly interruption?: Interruption;
  readonly source?: (options: ApplyOptions) => Promise<ProofSource>;
  readonly api?: (options: ApplyOptions) => Promise<KubeApi>;
  /** How long a pool may still appear after an answer was lost. */
  readonly lateMs?: number;
  /** How a person is asked; null: nobody can be. */
  readonly ask?: Ask | null;
}

export async function applyCommand(options: ApplyOptions, output: Output, given: ApplyDependencies = {}): Promise<ExitCode> {
  const interruption = given.interruption ?? watchInterruption(process);
  const progress = { pushing: false };
  try {
    return await claim(options, output, interruption, given, progress);
  } catch (error) {
    const told = interruption.signal.aborted && !progress.pushing && isAbort(error, interruption.signal) ? interrupted() : error;
    if (!(told instanceof FreeholdError)) throw told;
    const said = progress.pushing || options.output !== undefined ? told : withNothingPushed(told);
    if (options.json !== true) throw said;
    output.json(failureDocument(said));
    return said.exitCode;
  } finally {
    interruption.close();
  }
}

/** Whatever failed: that nothing was stored is what people want to know first. */
function withNothingPushed(error: FreeholdError): FreeholdError {
  if (error.exitCode === EXIT.usage || error instanceof Refusal || /othing was (pushed|changed)/.test(error.message))
    return error;
  return new FreeholdError(error.code, `${error.message} Nothing was pushed.`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    exitCode: error.exitCode,
    cause: error,
  });
}

/** `refused` says that nothing was pushed, on purpose; `failed` that something else was in the way; `unknown` that nobody knows. */
function failureDocument(error: FreeholdError): object {
  const result =
    error.code === 'interrupted'
      ? 'interrupted'
      : error.code === 'claim-unknown-outcome'
        ? 'unknown'
        : error.exitCode === EXIT.no
          ? 'refused'
          : 'failed';
  const reasons = error instanceof Refusal ? { step: error.step, reasons: error.reasons } : {};
  return { result, code: error.code, message: error.message, hint: error.hint ?? null, ...reasons };
}

/** Timers wrap the reason in an error of their own. */
const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason || (error instanceof Error && error.name === 'AbortError');

const interrupted = (): FreeholdError =>
  new FreeholdError('interrupted', 'Interrupted: nothing was pushed.', { hint: 'The cluster is as it was.' });

async function claim(
  options: ApplyOptions,
  output: Output,
  interruption: Interruption,
  given: ApplyDependencies,
  progress: ApplyRun['progress'],
): Promise<ExitCode> {
  checkUsage(options);
  const clock = given.clock ?? systemClock;
  const nodeSelectors = readSelectors(options.nodeSelector);
  const wanted: ApplyRun['wanted'] = {
    namespace: options.namespace,
    pool: options.name,
    advertisement: options.advertisement,
    autoAssign: options.autoAssign,
    avoidBuggyIps: options.avoidBuggyIps,
    interfaces: options.interface,
    nodeSelectors,
  };
  checkNames(wanted);
  const source = await unlessInterrupted((given.source ?? openSource)(options), interruption.signal);
  try {
    const asked = { criteria: criteriaParameters(options), pool: options.name };
    const known = { options, output, source, interruption, by: whoAmI() };
    if (options.output !== undefined) return await print({ ...known, query: { ...asked, server: null } }, wanted, options.output);
    const api = await (given.api ?? clusterOf)(options);
    const shared = { ...known, query: { ...asked, server: api.server, namespace: options.namespace } };
    const current = await withPatience(() => readCurrent(api, wanted, interruption.signal), {
      untilMs: clock.monotonicMs() + options.waitMs,
      now: () => clock.monotonicMs(),
      signal: interruption.signal,
      onRetry: (error) => narrate(shared, 'Cluster', `Trying again: ${error.message}`),
    });
    const onTerminal = terminalAsk(output) === null ? null : (text: string) => askOnTerminal(text, interruption.signal);
    const ask = given.ask === undefined ? onTerminal : given.ask;
    const run: ApplyRun = {
      ...shared,
      api,
      clock,
      wanted,
      current,
      progress,
      lateMs: given.lateMs,
      confirm: (question) => unlessInterrupted(confirm(question, { yes: options.yes === true, ask }), interruption.signal),
    };
    return await pursue(run);
  } finally {
    await source.close();
  }
}

function checkUsage({ size, range, overrideProof, output, dryRun, json }: ApplyOptions): void {
  if ((size === undefined) === (range === undefined)) {
    throw usageError(
      'Say which addresses: --size N for the best proven range, or --range FIRST-LAST.',
      'For example: freehold apply --size 16',
    );
  }
  if (
    overrideProof !== undefined &&
    (overrideProof.trim().length < 5 || overrideProof !== printable(overrideProof, MAX_REASON))
  ) {
    throw usageError(
      `--override-proof wants a reason, in one line of at most ${MAX_REASON} printable characters: it is written into the claim, and onto the pool.`,
    );
  }
  if (output !== undefined && dryRun === true)
    throw usageError('--output prints and stops; --dry-run asks the cluster. Choose one.');
  if (output !== undefined && json === true)
    throw usageError('--output prints manifests; --json the result of a claim. Choose one.');
}

/** No cluster is needed, none is asked, and nobody is probed. */
async function print(
  run: HistoryRun & { readonly by: string },
  wanted: ApplyRun['wanted'],
  format: 'yaml' | 'json',
): Promise<ExitCode> {
  const proven = await proveHistory(run, []);
  const manifests = claimManifests(
    { ...wanted, ...proven.target },
    { pool: null, advertisement: null },
    proofOf(run, proven, null, 0),
  );
  if (format === 'yaml') run.output.text(manifestsYaml(manifests));
  else run.output.json(manifestsJson(manifests));
  run.output.note(
    'freehold: printed from the history alone. Nobody was probed now, and no cluster was asked: freehold apply does both before it pushes.',
  );
  return EXIT.ok;
}

function proofOf(
  { by, options }: Pick<ApplyRun, 'by' | 'options'>,
  { history, answer }: Proven,
  live: LiveProof | null,
  kept: number,
  before: ReturnType<typeof proofNotes> = { proof: null, overridden: null },
) {
  const weaker = answer.criteria.weakerThanConfigured;
  const overridden = options.overrideProof ?? null;
  return proofTold({ history: history.proof, live: live?.answer ?? null, kept, weaker, by, before, overridden });
}

async function pursue(run: ApplyRun): Promise<ExitCode> {
  const { options, output, current, wanted } = run;
  const proven = await proveHistory(run, poolAddresses(current));
  const checked = await checkCluster(run, proven.target);
  const kept = setSize(checked.plan.kept);
  const manifestsWith = (live: LiveProof): ClaimManifests =>
    claimManifests(
      { ...wanted, ...proven.target } satisfies ClaimWanted,
      current,
      proofOf(run, proven, live, kept, proofNotes(current)),
      checked.gonePools,
    );
  const live = await proveLive(run, proven, checked, 'Live');
  const changes = await showChanges(run, manifestsWith(live));
  const document = {
    range: { text: formatRange(proven.target.range), size: sizeOf(proven.target.range) },
    namespace: wanted.namespace,
    pool: wanted.pool,
    advertisement: wanted.advertisement,
    server: run.api.server,
    proof: proven.history.proof,
    kept,
    overridden: options.overrideProof ?? null,
    warnings: checked.warnings.map(({ code, text, fix }) => ({ code, text, fix })),
    changes,
  };
  if (options.dryRun === true) {
    if (options.json) output.json({ result: 'dry-run', ...document });
    else output.text(`Dry run: ${formatRange(proven.target.range)} could be claimed as ${wanted.pool}. Nothing was pushed.`);
    return EXIT.ok;
  }
  await askToPush(run, proven);
  const pushed = await push(run, proven, checked, manifestsWith);
  const { readBack, strangers, guard, interrupted: cut } = await conclude(run, proven, pushed);
  const { claim } = pushed;
  const accepted = readBack.verdict === 'accepted' || readBack.verdict === 'not-told';
  if (options.json) {
    const result = strangers.length > 0 ? 'contested' : RESULTS[readBack.verdict];
    output.json({ result, ...document, claim, readBack, strangers, guard, interrupted: cut });
  } else {
    output.text(resultText(run, proven, claim.id, strangers.length > 0 ? 'contested' : readBack.verdict, cut));
  }
  if (readBack.verdict === 'refused' || strangers.length > 0) return EXIT.no;
  return accepted ? EXIT.ok : EXIT.failure;
}

/** Of what was pushed. */
const RESULTS = {
  accepted: 'complete',
  'not-told': 'complete',
  refused: 'pushed-not-accepted',
  waiting: 'pushed-not-confirmed',
} as const;

function resultText(
  { output: { colors }, wanted }: ApplyRun,
  { target }: Proven,
  id: number,
  verdict: 'accepted' | 'refused' | 'waiting' | 'not-told' | 'contested',
  cut: boolean,
): string {
  const what = `Claim ${id}: ${formatRange(target.range)} (${count(sizeOf(target.range), 'address', 'addresses')}) is IPAddressPool ${wanted.pool}`;
  if (cut) return `Interrupted after the push. ${what}; the claim is complete, but what MetalLB made of it was not read back.`;
  switch (verdict) {
    case 'accepted':
      return `${colors.green('Complete.')} ${what}.`;
    case 'not-told':
      return `${colors.green('Complete.')} ${what}; this MetalLB does not tell what it made of it.`;
    case 'contested':
      return `${colors.red('Pushed, but somebody came in the last seconds.')} ${what}. Find that device, or claim another range: Services may get its address.`;
    case 'refused':
      return `${colors.red('Pushed, but MetalLB does not take it.')} ${what}. See above; freehold doctor looks closer.`;
    case 'waiting':
      return `${colors.yellow('Pushed, but not confirmed in time.')} ${what}. See above; freehold doctor looks closer.`;
  }
}
