/**
 * Takes away what a smoke test made: its namespace, and with it all that is in it. Only ever one that bears our label and our prefix.
 */
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { KubeApi } from '../kube/api.ts';
import { type KubeObject, listAt, textAt, textMapAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { insist, type WaitOptions, waitUntil } from '../waiting.ts';
import { NAMESPACE_PREFIX, OURS, RUN_ANNOTATION } from './objects.ts';

export const removeCommand = (name: string): string => `kubectl delete namespace ${name}`;

export const runOf = (namespace: KubeObject): string | null => textAt(namespace, 'metadata', 'annotations', RUN_ANNOTATION);

const isOurs = (namespace: KubeObject): boolean => {
  const [key = '', value] = OURS.split('=');
  return namespace.metadata.name.startsWith(NAMESPACE_PREFIX) && textMapAt(namespace, 'metadata', 'labels')[key] === value;
};

export interface Leftover {
  readonly name: string;
  readonly run: string | null;
  /** Epoch ms; null where the cluster does not say. */
  readonly madeMs: number | null;
}

/** Namespaces of smoke tests, whoever ran them: one that runs right now is among them. */
export async function findLeftovers(api: KubeApi, signal?: AbortSignal): Promise<readonly Leftover[]> {
  const { items } = await api.list(RESOURCES.namespaces, { labelSelector: OURS, signal });
  return items
    .filter((item) => isOurs(item) && textAt(item, 'metadata', 'deletionTimestamp') === null)
    .map((item) => {
      const made = Date.parse(textAt(item, 'metadata', 'creationTimestamp') ?? '');
      return { name: item.metadata.name, run: runOf(item), madeMs: Number.isNaN(made) ? null : made };
    });
}

/**
 * Deletes it and waits until it is gone. Nothing to do where there is none, or where it is not of this run.
 * @param run that made it
 * @throws FreeholdError `smoke-test-left` where it does not go in time; ClusterError; the reason of the signal
 */
export async function removeNamespace(api: KubeApi, name: string, run: string | null, waiting: WaitOptions): Promise<void> {
  const find = (): Promise<KubeObject | null> => api.find(RESOURCES.namespaces, name, undefined, waiting.signal);
  await insist(async () => {
    const found = await find();
    if (found !== null && isOurs(found) && runOf(found) === run) await api.delete(RESOURCES.namespaces, name);
  }, waiting);
  let last: KubeObject | null = null;
  const waited = await waitUntil(async () => {
    last = await find();
    if (last === null || runOf(last) !== run) return { done: null };
    return { why: remainsOf(last) };
  }, waiting);
  if (waited.ok) return;
  if (waited.error !== null) throw waited.error;
  throw new FreeholdError('smoke-test-left', `The namespace ${name} is being deleted, and is still there: ${waited.why}.`, {
    hint: `See what holds it: kubectl get namespace ${name} -o yaml`,
    exitCode: EXIT.no,
  });
}

/** What the cluster says of a namespace that does not go. */
function remainsOf(namespace: KubeObject): string {
  const held = listAt(namespace, 'status', 'conditions')
    .filter((one) => textAt(one, 'status') === 'True')
    .map((one) => printable(textAt(one, 'message') ?? '', 200));
  return held.length === 0 ? 'the cluster is taking it away' : held.join('; ');
}
