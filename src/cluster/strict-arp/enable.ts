/**
 * Switches strictARP on: writes the one value into kube-proxy's ConfigMap, unless somebody changed that meanwhile, then restarts
 * kube-proxy and waits until every node runs with it. Writes nothing that was not shown and agreed to.
 */
import { EXIT, FreeholdError } from '../../core/error.ts';
import type { KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import { type KubeObject, numberAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { selectorOf, whyNotReady } from '../not-ready.ts';
import { KUBE_PROXY } from '../read/kube-proxy.ts';
import { failed, type Outcome, ok, type StepListener, StepLog, skipped } from '../steps.ts';
import { insist, type Pace, waitUntil } from '../waiting.ts';
import { withStrictArp } from './config-text.ts';
import { configTextOf, lookAtStrictArp, type StrictArpLook } from './look.ts';
import { restart, restartsByItself, rolloutOf } from './rollout.ts';

export interface EnableOptions {
  readonly api: KubeApi;
  readonly pace: Pace;
  /** For the restart to be done. */
  readonly waitMs: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly listener: StepListener;
  /** Shows the change and asks; throws where it is not wanted. Asked again where the text is another one meanwhile. */
  agree(before: string, after: string): Promise<void>;
  /** Whether kube-proxy is to be restarted though nothing is changed; `stale` pods are older than the setting. */
  agreeToRestart(stale: readonly string[]): Promise<boolean>;
}

/** Kept up to date while it goes on, so that it is known also where something fails in between. */
export interface EnableProgress {
  /** The ConfigMap was written by us. */
  changed: boolean;
  /** kube-proxy was told to restart. */
  restarted: boolean;
  /** Every node was seen to run with it. */
  inForce: boolean;
}

export const RESTART_COMMAND = `kubectl -n ${KUBE_PROXY.namespace} rollout restart daemonset ${KUBE_PROXY.name}`;

/** Of a ConfigMap that others keep changing. */
const MOST_TRIES = 5;
/** For one write, while the API server is away. */
const WRITE_PATIENCE_MS = 30_000;
const WRITE = ['written', `strictARP: true in ConfigMap ${KUBE_PROXY.namespace}/${KUBE_PROXY.name}`] as const;
const RESTART = ['restarted', 'kube-proxy told to restart'] as const;
const ROLLOUT = ['rolled-out', 'kube-proxy restarted on every node'] as const;

type Wanting = Extract<StrictArpLook, { readonly kind: 'off' | 'on' }>;

/**
 * @returns what is left to do, as a command; null where nothing is
 * @throws what `agree` throws; ClusterError; the reason of `signal`
 */
export async function enableStrictArp(look: Wanting, options: EnableOptions, progress: EnableProgress): Promise<string | null> {
  const { api, pace, dryRun, signal } = options;
  const log = new StepLog(options.listener, () => pace.clock.monotonicMs());
  if (look.kind === 'on') {
    const stale = look.stale ?? [];
    progress.inForce = stale.length === 0;
    if (progress.inForce) return null;
    if (dryRun || !(await options.agreeToRestart(stale))) return RESTART_COMMAND;
  } else {
    await write(look.configMap, options, log, progress);
    if (dryRun) return null;
  }
  signal.throwIfAborted();
  if (!restartsByItself(look.daemonSet)) {
    log.skip(...ROLLOUT, 'its updateStrategy is OnDelete: each pod stays until somebody deletes it');
    return `kubectl -n ${KUBE_PROXY.namespace} delete pods -l ${selectorOf(look.daemonSet) ?? 'k8s-app=kube-proxy'}`;
  }
  let target = look.daemonSet;
  await log.run(...RESTART, async (say) => {
    const waiting = { pace, waitMs: WRITE_PATIENCE_MS, signal, onWhy: say };
    target = await insist(() => restart(api, look.daemonSet, pace.clock.nowMs()), waiting);
    progress.restarted = true;
    return ok();
  });
  progress.inForce = await isRolledOut(target, options, log);
  return progress.inForce ? null : `kubectl -n ${KUBE_PROXY.namespace} rollout status daemonset ${KUBE_PROXY.name}`;
}

async function write(configMap: KubeObject, options: EnableOptions, log: StepLog, progress: EnableProgress): Promise<void> {
  const { api, pace, signal } = options;
  const agreed = configTextOf(configMap);
  await options.agree(agreed, withStrictArp(agreed));
  await log.run(...WRITE, async (say) => {
    const waiting = { pace, waitMs: WRITE_PATIENCE_MS, signal, onWhy: say };
    let current = configMap;
    let shown = agreed;
    for (let tries = 1; ; tries++) {
      const before = configTextOf(current);
      const after = withStrictArp(before);
      if (before !== shown) await options.agree(before, after);
      shown = before;
      signal.throwIfAborted();
      const written = await tryToWrite(current, after, options, waiting, tries);
      if (written !== null) {
        progress.changed = !options.dryRun;
        return written;
      }
      const now = await insist(() => lookAtStrictArp(api, signal), waiting);
      // Somebody else did the same; or our own write was done, and only its answer was lost.
      if (now.kind === 'on') return ok('it says so already');
      if (now.kind !== 'off') throw changedMeanwhile();
      current = now.configMap;
    }
  });
}

/** null: it is another one by now, and has to be read again */
async function tryToWrite(
  { metadata }: KubeObject,
  text: string,
  { api, dryRun }: EnableOptions,
  waiting: Parameters<typeof insist>[1],
  tries: number,
): Promise<Outcome | null> {
  // With the resource version the API server refuses the patch where the object is another one by now.
  const patch = { metadata: { resourceVersion: metadata.resourceVersion }, data: { [KUBE_PROXY.key]: text } };
  try {
    await insist(() => api.mergePatch(RESOURCES.configMaps, metadata.name, metadata.namespace, patch, { dryRun }), waiting);
    return dryRun ? skipped('a dry run: the API server would take it') : ok();
  } catch (error) {
    if (isClusterError(error, 'cluster-changed') && tries < MOST_TRIES) return null;
    throw error;
  }
}

async function isRolledOut(target: KubeObject, options: EnableOptions, log: StepLog): Promise<boolean> {
  const { api, pace, waitMs, signal } = options;
  const { name, namespace, ...rest } = target.metadata;
  const generation = numberAt(rest, 'generation') ?? 0;
  const step = await log.run(...ROLLOUT, async (say) => {
    const look = async () => rolloutOf(await api.get(RESOURCES.daemonSets, name, namespace, signal), generation);
    const waited = await waitUntil(look, { pace, waitMs, signal, onWhy: say });
    if (waited.ok) return ok(waited.value.nodes === 1 ? '1 node' : `${waited.value.nodes} nodes`);
    if (waited.error !== null) throw waited.error;
    const reasons = await whyNotReady(api, target, signal);
    return failed([`not done within ${waitMs / 1000} s: ${waited.why}`, ...reasons].join('; '));
  });
  return step.status === 'ok';
}

const changedMeanwhile = (): FreeholdError =>
  new FreeholdError('kube-proxy-changed', 'Somebody changed how kube-proxy is configured meanwhile; nothing was written.', {
    hint: 'Look again: freehold strict-arp',
    exitCode: EXIT.no,
  });
