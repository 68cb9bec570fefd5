/**
 * Deployments and DaemonSets make pods on nodes, pods become ready, and Services get the endpoints that follow: what kubelets and the
 * controller manager do, without containers. Pods are never evicted and nothing runs in them.
 */
import { createHash } from 'node:crypto';
import type { Controller } from './controllers.ts';
import type { Direct } from './direct.ts';
import { publishEndpoints } from './endpoints.ts';
import { at, type JsonObject, type KubeJson, keyOf, listAt, nameOf, namespaceOf, numberAt, objectAt, textAt } from './json.ts';
import { createPodNetwork, isOf, isReadyNode, isReadyPod, podFor, podStatus } from './pods.ts';
import { selects } from './selectors.ts';
import type { Store } from './store.ts';

export interface WorkloadOptions {
  readonly podsReadyAfterMs?: number;
  /** `namespace/name` */
  readonly unreadyDeployments?: readonly string[];
}

const USUALLY_READY_AFTER_MS = 40;

export function runWorkloads(store: Store, direct: Direct, options: WorkloadOptions): Controller {
  const readyAfter = options.podsReadyAfterMs ?? USUALLY_READY_AFTER_MS;
  const unready = new Set(options.unreadyDeployments ?? []);
  /** When each pod was first seen, by its uid, in ms. */
  const born = new Map<string, number>();
  const network = createPodNetwork();
  return (again) => {
    const nodes = direct.list('Node');
    for (const workload of [...direct.list('Deployment'), ...direct.list('DaemonSet')]) {
      if (isLeaving(store, namespaceOf(workload))) continue;
      placePods(direct, workload, nodes);
    }
    const alive = new Set<string>();
    for (const pod of direct.list('Pod')) {
      const owner = ownerOf(direct, pod);
      if (owner === null) {
        direct.remove('Pod', nameOf(pod), namespaceOf(pod));
        continue;
      }
      const uid = pod.metadata.uid ?? '';
      alive.add(uid);
      const since = born.get(uid) ?? Date.now();
      born.set(uid, since);
      const left = since + readyAfter - Date.now();
      if (left > 0) again(left);
      const node = nodes.find((one) => nameOf(one) === textAt(pod, 'spec', 'nodeName'));
      const state =
        left > 0 || !hasItsSecrets(store, pod)
          ? 'starting'
          : isReadyNode(node) && !unready.has(keyOf(owner))
            ? 'ready'
            : 'unready';
      direct.setStatus(pod, podStatus(pod, node, state, network), 'kubelet');
    }
    for (const uid of born.keys()) if (!alive.has(uid)) born.delete(uid);
    for (const workload of direct.list('Deployment'))
      direct.setStatus(workload, deploymentStatus(direct, workload), 'kube-controller-manager');
    for (const workload of direct.list('DaemonSet'))
      direct.setStatus(workload, daemonSetStatus(direct, workload), 'kube-controller-manager');
    publishEndpoints(direct);
  };
}

const isLeaving = (store: Store, namespace: string): boolean =>
  store.get('/namespaces', '', namespace)?.metadata.deletionTimestamp !== undefined;

/** The workload that made a pod; null where it is gone. A pod that nobody made is its own. */
function ownerOf(direct: Direct, pod: KubeJson): KubeJson | null {
  const [reference] = listAt(pod, 'metadata', 'ownerReferences');
  if (reference === undefined) return pod;
  const owner = direct.get(textAt(reference, 'kind') ?? '', textAt(reference, 'name') ?? '', namespaceOf(pod));
  return owner?.metadata.uid === textAt(reference, 'uid') ? owner : null;
}

const hashOf = (workload: KubeJson): string =>
  createHash('sha256')
    .update(JSON.stringify(at(workload, 'spec', 'template')))
    .digest('hex')
    .slice(0, 10);

export const podsOf = (direct: Direct, workload: KubeJson): readonly KubeJson[] =>
  direct
    .list('Pod', namespaceOf(workload))
    .filter((pod) => textAt(pod, 'metadata', 'ownerReferences', 0, 'uid') === workload.metadata.uid);

/** Makes and takes away pods, old ones as new ones get ready. */
function placePods(direct: Direct, workload: KubeJson, nodes: readonly KubeJson[]): void {
  const hash = hashOf(workload);
  const pods = podsOf(direct, workload);
  const remove = (pod: KubeJson): void => direct.remove('Pod', nameOf(pod), namespaceOf(pod));
  const wanted = objectAt(workload, 'spec', 'template', 'spec', 'nodeSelector');
  const fitting = nodes.filter((node) => selects({ matchLabels: wanted }, node.metadata.labels ?? {}));
  if (workload.kind === 'DaemonSet') {
    const current = pods.filter((pod) => isOf(pod, hash));
    const old = pods.filter((pod) => !isOf(pod, hash));
    for (const node of fitting) {
      const here = (pod: KubeJson): boolean => textAt(pod, 'spec', 'nodeName') === nameOf(node);
      if (current.some(here)) continue;
      // One node after the other: the next pod is replaced when the last one is ready.
      const replaced = old.find(here);
      if (replaced !== undefined && !current.every(isReadyPod)) return;
      if (replaced !== undefined) remove(replaced);
      direct.put(podFor(workload, hash, nameOf(node)), 'kube-controller-manager');
      if (replaced !== undefined) return;
    }
    for (const pod of pods) if (!fitting.some((node) => nameOf(node) === textAt(pod, 'spec', 'nodeName'))) remove(pod);
    return;
  }
  const replicas = numberAt(workload, 'spec', 'replicas') ?? 1;
  const current = pods.filter((pod) => isOf(pod, hash));
  const usable = fitting.filter(isReadyNode);
  const untainted = usable.filter((node) => listAt(node, 'spec', 'taints').length === 0);
  const places = untainted.length > 0 ? untainted : usable;
  for (let index = current.length; index < replicas; index++) {
    const node = places[index % places.length];
    if (node !== undefined) direct.put(podFor(workload, hash, nameOf(node)), 'kube-controller-manager');
  }
  for (const pod of current.slice(replicas)) remove(pod);
  if (current.length >= replicas && current.every(isReadyPod)) for (const pod of pods) if (!isOf(pod, hash)) remove(pod);
}

/** A pod waits for Secrets that it mounts, as the speaker does for `memberlist`. */
const hasItsSecrets = (store: Store, pod: KubeJson): boolean =>
  listAt(pod, 'spec', 'volumes').every((volume) => {
    const name = textAt(volume, 'secret', 'secretName');
    return (
      name === undefined ||
      at(volume, 'secret', 'optional') === true ||
      store.get('/secrets', namespaceOf(pod), name) !== undefined
    );
  });

function deploymentStatus(direct: Direct, workload: KubeJson): JsonObject {
  const pods = podsOf(direct, workload);
  const ready = pods.filter(isReadyPod).length;
  const wanted = numberAt(workload, 'spec', 'replicas') ?? 1;
  const isAvailable = ready >= wanted;
  return {
    observedGeneration: workload.metadata.generation,
    replicas: pods.length,
    updatedReplicas: pods.filter((pod) => isOf(pod, hashOf(workload))).length,
    ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
    ...(isAvailable ? {} : { unavailableReplicas: wanted - ready }),
    conditions: [
      {
        type: 'Available',
        status: isAvailable ? 'True' : 'False',
        reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: isAvailable ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
      },
      { type: 'Progressing', status: 'True', reason: isAvailable ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' },
    ],
  };
}

function daemonSetStatus(direct: Direct, workload: KubeJson): JsonObject {
  const pods = podsOf(direct, workload);
  const ready = pods.filter(isReadyPod).length;
  const wanted = objectAt(workload, 'spec', 'template', 'spec', 'nodeSelector');
  const desired = direct.list('Node').filter((node) => selects({ matchLabels: wanted }, node.metadata.labels ?? {})).length;
  return {
    observedGeneration: workload.metadata.generation,
    currentNumberScheduled: pods.length,
    desiredNumberScheduled: desired,
    numberMisscheduled: 0,
    numberReady: ready,
    updatedNumberScheduled: pods.filter((pod) => isOf(pod, hashOf(workload))).length,
    ...(ready > 0 ? { numberAvailable: ready } : {}),
    ...(ready < desired ? { numberUnavailable: desired - ready } : {}),
  };
}
