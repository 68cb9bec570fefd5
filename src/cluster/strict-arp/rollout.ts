/**
 * Restarts a DaemonSet as `kubectl rollout restart` does, and tells whether that is done. Touches only the annotation of its pods.
 */
import type { KubeApi } from '../kube/api.ts';
import { type KubeObject, numberAt, textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import type { Look } from '../waiting.ts';

const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/** @returns the DaemonSet as it is then; its generation is what has to be rolled out */
export function restart(api: KubeApi, { metadata }: KubeObject, atMs: number): Promise<KubeObject> {
  const annotations = { [RESTARTED_AT]: new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z') };
  return api.mergePatch(RESOURCES.daemonSets, metadata.name, metadata.namespace, {
    spec: { template: { metadata: { annotations } } },
  });
}

/** With `OnDelete` the pods stay as they are until somebody deletes them. */
export const restartsByItself = (daemonSet: KubeObject): boolean =>
  textAt(daemonSet, 'spec', 'updateStrategy', 'type') !== 'OnDelete';

export interface RolledOut {
  readonly nodes: number;
}

/** @param generation that must be rolled out */
export function rolloutOf(daemonSet: KubeObject, generation: number): Look<RolledOut> {
  const figure = (name: string): number => numberAt(daemonSet, 'status', name) ?? 0;
  const desired = figure('desiredNumberScheduled');
  if (figure('observedGeneration') < generation) return { why: 'the cluster has not taken up the restart yet' };
  const updated = figure('updatedNumberScheduled');
  if (updated < desired) return { why: `${updated} of ${desired} pods are new` };
  const available = figure('numberAvailable');
  if (available < desired) return { why: `all ${desired} pods are new, ${available} of them available` };
  return { done: { nodes: desired } };
}
