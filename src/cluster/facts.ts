/**
 * Reads a cluster once, for `apply` and `doctor`: everything that they look at, as plain values. What may not be read, or is not
 * there, is said in `unread` or by null, never guessed. Writes nothing.
 */
import type { KubeApi, KubeList } from './kube/api.ts';
import { isClusterError } from './kube/errors.ts';
import { type KubeObject, listAt, textAt } from './kube/objects.ts';
import { RESOURCES, type Resource } from './kube/resources.ts';
import { KUBE_PROXY, readKubeProxy } from './read/kube-proxy.ts';
import { readEndpointSlice } from './read/services.ts';
import { type RawSnapshot, snapshotOf, WATCHED, type WatchedKind } from './read/snapshot.ts';
import { type Component, metallbWorkload, readWorkload } from './read/workloads.ts';
import type { ClusterFacts, MetallbInstall, Unread } from './types.ts';

export const WEBHOOK_CONFIGURATION = 'metallb-webhook-configuration';
export const WEBHOOK_SERVICE = 'metallb-webhook-service';
const CILIUM_KINDS = [
  {
    group: 'cilium.io',
    version: 'v2alpha1',
    plural: 'ciliuml2announcementpolicies',
    kind: 'CiliumL2AnnouncementPolicy',
    namespaced: false,
  },
  { group: 'cilium.io', version: 'v2', plural: 'ciliumloadbalancerippools', kind: 'CiliumLoadBalancerIPPool', namespaced: false },
] as const satisfies readonly Resource[];

/** @throws ClusterError where the cluster cannot be reached, or does not let us in */
export async function readClusterFacts(api: KubeApi, namespace: string, signal?: AbortSignal): Promise<ClusterFacts> {
  // First, and alone: what fails here fails everywhere.
  const version = textAt(await api.request('GET', '/version', signal === undefined ? {} : { signal }), 'gitVersion') ?? '';
  const unread: Unread[] = [];
  const reader = createReader(unread);
  const lists = await Promise.all(
    WATCHED.map(async (kind) => [kind, await reader.list(() => api.list(RESOURCES[kind], { signal }), kind)] as const),
  );
  const found = new Map<WatchedKind, readonly KubeObject[] | 'unknown-kind' | null>(lists);
  const raw: Record<string, readonly KubeObject[]> = {};
  for (const [kind, objects] of lists) if (objects !== null && objects !== 'unknown-kind') raw[kind] = objects;
  const isServed = (kind: WatchedKind): boolean => found.get(kind) !== 'unknown-kind';

  const one = <T>(what: string, read: () => Promise<T>): Promise<T | null> => reader.one(what, read);
  const daemonSetsOnce = api.list(RESOURCES.daemonSets, { signal });
  const [controller, speaker, validating, slices, memberlist, kubeProxy, proxySet, daemonSets, cilium] = await Promise.all([
    one('deployment controller', () =>
      ofMetallb(
        api,
        RESOURCES.deployments,
        'controller',
        namespace,
        api.list(RESOURCES.deployments, { namespace, signal }),
        signal,
      ),
    ),
    one('daemonset speaker', () => ofMetallb(api, RESOURCES.daemonSets, 'speaker', namespace, daemonSetsOnce, signal)),
    reader.known('webhook configuration', () => api.find(RESOURCES.validatingWebhooks, WEBHOOK_CONFIGURATION, undefined, signal)),
    one('endpoints of the webhook', () =>
      api.list(RESOURCES.endpointSlices, { namespace, labelSelector: `kubernetes.io/service-name=${WEBHOOK_SERVICE}`, signal }),
    ),
    reader.known('secret memberlist', () => api.find(RESOURCES.secrets, 'memberlist', namespace, signal)),
    reader.known('configmap kube-proxy', () => api.find(RESOURCES.configMaps, KUBE_PROXY.name, KUBE_PROXY.namespace, signal)),
    one('daemonset kube-proxy', () => api.find(RESOURCES.daemonSets, KUBE_PROXY.name, KUBE_PROXY.namespace, signal)),
    one('daemonsets', () => daemonSetsOnce),
    Promise.all(
      CILIUM_KINDS.map(async (kind) => ({ kind, list: await reader.list(() => api.list(kind, { signal }), kind.plural) })),
    ),
  ]);
  const metallb: MetallbInstall = {
    kinds: {
      pools: isServed('pools'),
      advertisements: isServed('advertisements'),
      layer2Statuses: isServed('layer2Statuses'),
      configurationStates: isServed('configurationStates'),
    },
    controller: controller === null ? null : readWorkload(controller, 'controller'),
    speaker: speaker === null ? null : readWorkload(speaker, 'speaker'),
    webhook: {
      configured: validating === 'unreadable' ? null : validating !== null,
      hasCertificate: validating === 'unreadable' || validating === null ? null : hasCertificates(validating),
      readyEndpoints:
        slices === null ? null : slices.items.reduce((sum, slice) => sum + (readEndpointSlice(slice)?.serving.length ?? 0), 0),
    },
    memberlist: memberlist === 'unreadable' ? null : memberlist !== null,
  };
  return {
    server: api.server,
    context: api.context,
    version,
    namespace,
    ...snapshotOf(raw satisfies RawSnapshot, namespace),
    metallb,
    kubeProxy:
      kubeProxy === 'unreadable'
        ? { kind: 'unreadable', why: 'it may not be read' }
        : readKubeProxy(kubeProxy, proxySet !== null, raw['nodes']),
    serviceLbDaemonSets: (daemonSets?.items ?? []).flatMap(({ metadata }) =>
      metadata.name.startsWith('svclb-') ? [`${metadata.namespace ?? ''}/${metadata.name}`] : [],
    ),
    ciliumL2: cilium.flatMap(({ kind, list }) =>
      list !== null && list !== 'unknown-kind' && list.length > 0 ? [kind.kind] : [],
    ),
    unread,
  };
}

/** By its labels, and other signs; for whom may not list, by the names of MetalLB's manifest and of its Helm chart. */
async function ofMetallb(
  api: KubeApi,
  resource: Resource,
  component: Component,
  namespace: string,
  listed: Promise<KubeList>,
  signal: AbortSignal | undefined,
): Promise<KubeObject | null> {
  let items: readonly KubeObject[];
  try {
    ({ items } = await listed);
  } catch (error) {
    if (!isClusterError(error, 'cluster-forbidden')) throw error;
    const named = await findNamed(api, resource, component, namespace, signal);
    if (named !== null) return named;
    // It may have another name.
    throw error;
  }
  return metallbWorkload(
    items.filter(({ metadata }) => metadata.namespace === namespace),
    component,
  );
}

const findNamed = async (
  api: KubeApi,
  resource: Resource,
  name: string,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<KubeObject | null> =>
  (await api.find(resource, name, namespace, signal)) ?? api.find(resource, `metallb-${name}`, namespace, signal);

const hasCertificates = (configuration: KubeObject): boolean => {
  const webhooks = listAt(configuration, 'webhooks');
  return webhooks.length > 0 && webhooks.every((one) => (textAt(one, 'clientConfig', 'caBundle') ?? '') !== '');
};

/** Reads what may fail for itself: a right that is missing costs one answer, not all of them. */
function createReader(unread: Unread[]) {
  const note = (what: string, error: unknown): void => {
    // A right that is missing, or a kind. All else is no answer: it may pass, or stands in the way of everything.
    if (!isClusterError(error, 'cluster-forbidden', 'cluster-kind-unknown')) throw error;
    unread.push({ what, code: error.code, message: error.message });
  };
  return {
    /** null: may not be read. */
    async list(read: () => Promise<{ readonly items: readonly KubeObject[] }>, what: string) {
      try {
        return (await read()).items;
      } catch (error) {
        if (isClusterError(error, 'cluster-kind-unknown')) return 'unknown-kind' as const;
        note(what, error);
        return null;
      }
    },
    /** null: not there, or may not be read. */
    async one<T>(what: string, read: () => Promise<T>): Promise<T | null> {
      try {
        return await read();
      } catch (error) {
        note(what, error);
        return null;
      }
    },
    /** null: not there. */
    async known<T>(what: string, read: () => Promise<T>): Promise<T | 'unreadable'> {
      try {
        return await read();
      } catch (error) {
        note(what, error);
        return 'unreadable';
      }
    },
  };
}
