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
