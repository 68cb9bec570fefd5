/**
 * Applies MetalLB's manifest in its order, by server-side apply and never forced, and waits until MetalLB judges pools. May be done
 * again: what is there stays as it is.
 */
import { EXIT, FreeholdError } from '../../core/error.ts';
import type { KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import { RESOURCES } from '../kube/resources.ts';
import { failed, type Outcome, ok, type Step, type StepListener, StepLog } from '../steps.ts';
import { insist, type Pace, waitUntil } from '../waiting.ts';
import { nameOf } from './kinds.ts';
import type { Manifest } from './manifest.ts';
import { manifestConflict, type PlannedObject } from './plan.ts';
import { kindsEstablished, type ReadinessCheck, readinessChecks } from './readiness.ts';

export interface InstallOptions {
  readonly api: KubeApi;
  readonly pace: Pace;
  /** For all of it. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  readonly listener: StepListener;
}

/** Kept up to date while it goes on, so that it is known also where something fails in between. */
export interface InstallProgress {
  /** Objects that were written. */
  applied: number;
}

export interface Installed {
  readonly steps: readonly Step[];
  readonly complete: boolean;
}

const FIRST_KINDS: readonly string[] = [RESOURCES.namespaces.kind, RESOURCES.crds.kind];

/** @throws FreeholdError `manifest-conflict`; ClusterError; the reason of `signal` */
export async function installManifest(
  manifest: Manifest,
  plan: readonly PlannedObject[],
  options: InstallOptions,
  progress: InstallProgress,
): Promise<Installed> {
  const { clock } = options.pace;
  const log = new StepLog(options.listener, () => clock.monotonicMs());
  const deadline = clock.monotonicMs() + options.waitMs;
  const rest = (): number => Math.max(0, deadline - clock.monotonicMs());
  const isFirst = ({ resource }: PlannedObject): boolean => FIRST_KINDS.includes(resource.kind);
  const apply = (name: string, title: string, objects: readonly PlannedObject[]): Promise<Step> =>
    log.run(name, title, (say) => applyAll(objects, manifest, { ...options, waitMs: rest() }, progress, say));
  const readied = (check: ReadinessCheck) => ({
    name: check.name,
    title: check.title,
    run: () => awaitReady(check, { ...options, waitMs: rest() }, log),
  });
  const parts = [
    {
      name: 'kinds-applied',
      title: 'Namespace and kinds applied',
      run: (title: string) => apply('kinds-applied', title, plan.filter(isFirst)),
    },
    readied(kindsEstablished(manifest)),
    {
      name: 'components-applied',
      title: 'Components applied',
      run: (title: string) =>
        apply(
          'components-applied',
          title,
          plan.filter((one) => !isFirst(one)),
        ),
    },
    ...readinessChecks(manifest).map(readied),
  ];
  for (const [index, { title, run }] of parts.entries()) {
    const step = await run(title);
    if (step.status === 'ok') continue;
    for (const one of parts.slice(index + 1)) log.skip(one.name, one.title, 'not come to');
    return { steps: log.all, complete: false };
  }
  return { steps: log.all, complete: true };
}

async function applyAll(
  objects: readonly PlannedObject[],
  { source }: Manifest,
  { api, pace, waitMs, signal }: InstallOptions,
  progress: InstallProgress,
  say: (why: string) => void,
): Promise<Outcome> {
  const changed = objects.filter(({ change }) => change !== 'unchanged');
  for (const { resource, object } of changed) {
    // Between two writes, never in one: what was begun is known to be done, or not.
    signal.throwIfAborted();
    try {
      await insist(() => api.apply(resource, object), { pace, waitMs, signal, onWhy: say });
    } catch (error) {
      if (isClusterError(error, 'cluster-field-conflict')) throw manifestConflict([{ object, error }], source);
      if (!isClusterError(error)) throw error;
      throw new FreeholdError(error.code, `${nameOf(object)} could not be applied: ${error.message}`, {
        exitCode: error.exitCode,
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
    progress.applied++;
  }
  const same = objects.length - changed.length;
  if (changed.length === 0) return ok('nothing to change');
  return ok(`${changed.length} ${changed.length === 1 ? 'object' : 'objects'}${same > 0 ? `, ${same} unchanged` : ''}`);
}

function awaitReady(check: ReadinessCheck, { api, pace, waitMs, signal }: InstallOptions, log: StepLog): Promise<Step> {
  return log.run(check.name, check.title, async (say) => {
    const waited = await waitUntil(() => check.look(api, signal), { pace, waitMs, signal, onWhy: say });
    if (waited.ok) return waited.value;
    if (waited.error !== null && !isClusterError(waited.error, 'cluster-webhook-unready')) throw waited.error;
    const reasons = (await check.explain?.(api, signal)) ?? [];
    const advice = waited.error === null ? [] : [WEBHOOK_ADVICE];
    return failed(['the time is over', waited.why, ...reasons, ...advice].join('; '));
  });
}

const WEBHOOK_ADVICE =
  'the API server must reach the Service of the webhook: look at the network of the cluster from the control plane, and leave the webhook configuration as it is';

/** @throws FreeholdError `manifest-version-differs`, `manifest-namespace-differs` */
export function checkWanted(
  manifest: Manifest,
  wanted: { readonly version: string | null; readonly namespace: string | null },
): void {
  if (wanted.version !== null && wanted.version !== manifest.version) {
    throw new FreeholdError(
      'manifest-version-differs',
      `The manifest is of ${manifest.version === null ? 'no release' : `MetalLB ${manifest.version}`}, not of ${wanted.version}: its images are ${manifest.images.join(', ')}.`,
      { hint: 'Name the manifest of that release, or leave --version out. Nothing was changed.', exitCode: EXIT.usage },
    );
  }
  if (wanted.namespace !== null && wanted.namespace !== manifest.namespace) {
    throw new FreeholdError(
      'manifest-namespace-differs',
      `The manifest installs MetalLB into the namespace ${manifest.namespace}, not into ${wanted.namespace}.`,
      { hint: 'Freehold applies the manifest as it is. Leave --namespace out. Nothing was changed.', exitCode: EXIT.usage },
    );
  }
}
