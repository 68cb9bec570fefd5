/** Deployments and DaemonSets as plain values. */
import { type KubeObject, listAt, numberAt, textAt, textsAt } from '../kube/objects.ts';
import type { Workload } from '../types.ts';

/** @param container the one that counts; the first where there is none of that name */
export function readWorkload(object: KubeObject, container: string): Workload {
  const containers = listAt(object, 'spec', 'template', 'spec', 'containers');
  const main = containers.find((one) => textAt(one, 'name') === container) ?? containers[0];
  const image = textAt(main, 'image') ?? '';
  return {
    name: object.metadata.name,
    image,
    version: versionOf(image),
    args: textsAt(main, 'args'),
    desired: numberAt(object, 'status', 'desiredNumberScheduled') ?? numberAt(object, 'spec', 'replicas') ?? 1,
    ready: numberAt(object, 'status', 'numberReady') ?? numberAt(object, 'status', 'readyReplicas') ?? 0,
  };
}

export type Component = 'controller' | 'speaker';

/** How sure it is that a workload is a component of MetalLB, surest first. */
const SIGNS: readonly ((object: KubeObject, component: Component) => boolean)[] = [
  // The labels of its manifest, of its Helm chart (whatever the release is called) and of its operator.
  ({ metadata: { labels = {} } }, component) =>
    (labels['app'] ?? labels['app.kubernetes.io/name']) === 'metallb' &&
    (labels['app.kubernetes.io/component'] ?? labels['component']) === component,
  ({ metadata: { name } }, component) => name === component || name === `metallb-${component}`,
  (object, component) =>
    object.metadata.name.endsWith(`-${component}`) &&
    listAt(object, 'spec', 'template', 'spec', 'containers').some((one) => (textAt(one, 'image') ?? '').includes('metallb')),
];

/** The one that is MetalLB's, of all Deployments or DaemonSets of its namespace; of several that look like it, one that is ready. */
export function metallbWorkload(objects: readonly KubeObject[], component: Component): KubeObject | null {
  for (const isOne of SIGNS) {
    const [first, ...others] = objects.filter((object) => isOne(object, component));
    if (first === undefined) continue;
    return [first, ...others].find((one) => readWorkload(one, component).ready > 0) ?? first;
  }
  return null;
}

/** `quay.io/metallb/speaker:v0.15.3@sha256:…` -> `0.15.3` */
export function versionOf(image: string): string | null {
  return /:v?(\d+\.\d+\.\d+)(?:[-+@].*)?$/.exec(image)?.[1] ?? null;
}

/** Both `a.b.c`. @returns negative where `a` is older */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
