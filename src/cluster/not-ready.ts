/**
 * Why a Deployment or DaemonSet does not become ready, as far as its pods and their events may be read: an image that cannot be pulled, a
 * pod that Pod Security refuses, a Secret that is missing. In the cluster's own words, cut short. Reads only; fails never.
 */
import { printable } from '../core/text.ts';
import type { KubeApi } from './kube/api.ts';
import { at, type KubeObject, listAt, textAt, textMapAt } from './kube/objects.ts';
import { RESOURCES } from './kube/resources.ts';

const MOST_REASONS = 3;
const LONGEST_REASON = 300;

/** The selector of a workload as the API takes it; null where it selects by more than labels. */
export function selectorOf(workload: KubeObject): string | null {
  const labels = Object.entries(textMapAt(workload, 'spec', 'selector', 'matchLabels'));
  if (labels.length === 0 || listAt(workload, 'spec', 'selector', 'matchExpressions').length > 0) return null;
  return labels.map(([key, value]) => `${key}=${value}`).join(',');
}

/** At most three sentences, the likeliest cause first; empty where nothing is known. */
export async function whyNotReady(api: KubeApi, workload: KubeObject, signal?: AbortSignal): Promise<readonly string[]> {
  const { namespace, name } = workload.metadata;
  const selector = selectorOf(workload);
  const [pods, events] = await Promise.all([
    selector === null ? [] : read(() => api.list(RESOURCES.pods, { namespace, labelSelector: selector, signal })),
    read(() => api.list(RESOURCES.events, { namespace, signal })),
  ]);
  const reasons = new Set(pods.flatMap(podReasons));
  const names = new Set([name, ...pods.map(({ metadata }) => metadata.name)]);
  for (const event of newestFirst(events)) {
    const about = textAt(event, 'involvedObject', 'name') ?? '';
    // A ReplicaSet that may make no pod is named after its Deployment.
    const isOurs = names.has(about) || about.startsWith(`${name}-`);
    if (isOurs && textAt(event, 'type') === 'Warning') reasons.add(eventText(event));
  }
  return [...reasons].slice(0, MOST_REASONS);
}

async function read(list: () => Promise<{ readonly items: readonly KubeObject[] }>): Promise<readonly KubeObject[]> {
  try {
    return (await list()).items;
  } catch {
    // A reason is a help, never a condition.
    return [];
  }
}

function podReasons(pod: KubeObject): readonly string[] {
  const found: string[] = [];
  const name = pod.metadata.name;
  for (const one of [...listAt(pod, 'status', 'initContainerStatuses'), ...listAt(pod, 'status', 'containerStatuses')]) {
    const waiting = at(one, 'state', 'waiting');
    const reason = textAt(waiting, 'reason');
    if (reason === null || reason === 'ContainerCreating' || reason === 'PodInitializing') continue;
    found.push(short(`pod ${name}: ${reason}${colon(textAt(waiting, 'message'))}`));
  }
  for (const condition of listAt(pod, 'status', 'conditions')) {
    if (textAt(condition, 'type') !== 'PodScheduled' || textAt(condition, 'status') !== 'False') continue;
    found.push(short(`pod ${name} has no node${colon(textAt(condition, 'message'))}`));
  }
  return found;
}

/** Events of one object, the newest first, as the cluster words them: `FailedMount: ...`. */
export async function eventsOf(api: KubeApi, object: KubeObject, signal?: AbortSignal): Promise<readonly string[]> {
  const { namespace, name } = object.metadata;
  const fieldSelector = `involvedObject.name=${name}`;
  const events = await read(() => api.list(RESOURCES.events, { namespace, fieldSelector, signal }));
  const kind = object.kind;
  return newestFirst(events)
    .filter((event) => textAt(event, 'involvedObject', 'name') === name)
    .filter((event) => kind === undefined || textAt(event, 'involvedObject', 'kind') === kind)
    .map(eventText);
}

const eventText = (event: KubeObject): string =>
  short(`${textAt(event, 'reason') ?? 'event'}${colon(textAt(event, 'message') ?? textAt(event, 'note'))}`);

function newestFirst(events: readonly KubeObject[]): readonly KubeObject[] {
  const when = (event: KubeObject): number => {
    const texts = [
      textAt(event, 'lastTimestamp'),
      textAt(event, 'eventTime'),
      textAt(event, 'series', 'lastObservedTime'),
      textAt(event, 'metadata', 'creationTimestamp'),
    ];
    return Math.max(0, ...texts.map((text) => Date.parse(text ?? '')).filter((time) => !Number.isNaN(time)));
  };
  return [...events].sort((a, b) => when(b) - when(a));
}

const colon = (message: string | null): string => (message === null || message === '' ? '' : `: ${message}`);
const short = (text: string): string => printable(text, LONGEST_REASON);
