/** Pods: what one is made of, its status as its kubelet has it, and whether it is ready. Places none. */
import { randomUUID } from 'node:crypto';
import { at, type JsonObject, type KubeJson, listAt, nameOf, namespaceOf, objectAt, textAt, textMapAt, textsAt } from './json.ts';

const HASH_LABEL = 'pod-template-hash';
export const isOf = (pod: KubeJson, hash: string): boolean => pod.metadata.labels?.[HASH_LABEL] === hash;

export const isReadyNode = (node: KubeJson | undefined): boolean =>
  listAt(node, 'status', 'conditions').some((one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True');

export const isReadyPod = (pod: KubeJson): boolean =>
  listAt(pod, 'status', 'conditions').some((one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True');

export function podFor(workload: KubeJson, hash: string, nodeName: string): KubeJson {
  const random = randomUUID().slice(0, 5);
  const isDeployment = workload.kind === 'Deployment';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: isDeployment ? `${nameOf(workload)}-${hash}-${random}` : `${nameOf(workload)}-${random}`,
      namespace: namespaceOf(workload),
      labels: { ...textMapAt(workload, 'spec', 'template', 'metadata', 'labels'), [HASH_LABEL]: hash },
      annotations: textMapAt(workload, 'spec', 'template', 'metadata', 'annotations'),
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: workload.kind, name: nameOf(workload), uid: workload.metadata.uid, controller: true },
      ],
    },
    spec: { ...objectAt(workload, 'spec', 'template', 'spec'), nodeName },
    status: { phase: 'Pending' },
  };
}

export interface PodNetwork {
  addressOf(uid: string): string;
}

/** 198.51.100.0/25 stands for the pods' network. */
export function createPodNetwork(): PodNetwork {
  const addresses = new Map<string, string>();
  return {
    addressOf(uid) {
      const known = addresses.get(uid) ?? `198.51.100.${1 + (addresses.size % 126)}`;
      addresses.set(uid, known);
      return known;
    },
  };
}

export function podStatus(
  pod: KubeJson,
  node: KubeJson | undefined,
  state: 'starting' | 'ready' | 'unready',
  network: PodNetwork,
): JsonObject {
  const hostIP = listAt(node, 'status', 'addresses').find((one) => textAt(one, 'type') === 'InternalIP');
  const host = textAt(hostIP, 'address') ?? '';
  const isReady = state === 'ready';
  const condition = (type: string, holds: boolean): JsonObject => ({ type, status: holds ? 'True' : 'False' });
  return {
    phase: state === 'starting' ? 'Pending' : 'Running',
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', isReady),
      condition('Ready', isReady),
    ],
    hostIP: host,
    ...(state === 'starting'
      ? {}
      : { podIP: at(pod, 'spec', 'hostNetwork') === true ? host : network.addressOf(pod.metadata.uid ?? '') }),
    containerStatuses: listAt(pod, 'spec', 'containers').map((container) => ({
      name: textAt(container, 'name'),
      image: textAt(container, 'image'),
      ready: isReady,
      started: state !== 'starting',
      restartCount: 0,
      state: state === 'starting' ? { waiting: { reason: 'ContainerCreating' } } : { running: {} },
    })),
  };
}

export const argumentsOf = (pod: KubeJson): readonly string[] =>
  listAt(pod, 'spec', 'containers').flatMap((one) => textsAt(one, 'args'));
