/**
 * Reads what `doctor` asks of a cluster beside ClusterFacts. A right that is missing costs one answer. Writes nothing: the one pool that
 * it hands to the API server is a dry run.
 */
import { type RangeSet, rangeSet } from '../../core/address/range-set.ts';
import { EXIT } from '../../core/error.ts';
import { WEBHOOK_CONFIGURATION } from '../facts.ts';
import type { KubeApi } from '../kube/api.ts';
import { ClusterError, isClusterError } from '../kube/errors.ts';
import { type KubeObject, keyOf, listAt, textAt, textMapAt } from '../kube/objects.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';
import { eventsOf, whyNotReady } from '../not-ready.ts';
import { readAdvertisement } from '../read/metallb.ts';
import { readPoolAddresses } from '../read/pool-addresses.ts';
import type { ClusterFacts, Unread, Workload } from '../types.ts';
import type { ClusterDetails } from './details.ts';
import { askGate } from './gate.ts';

const DEPRECATED_PREFIX = 'metallb.universe.tf/';
const POOL_ANNOTATIONS = ['metallb.io/address-pool', `${DEPRECATED_PREFIX}address-pool`] as const;
/** Services whose events are asked for. */
const MOST_PENDING = 10;
const CILIUM_POOLS: Resource = {
  group: 'cilium.io',
  version: 'v2',
  plural: 'ciliumloadbalancerippools',
  kind: 'CiliumLoadBalancerIPPool',
  namespaced: false,
};

/** @param api one that remembers (read-once.ts): most of this was listed for the facts already */
export async function readDetails(api: KubeApi, facts: ClusterFacts, signal?: AbortSignal): Promise<ClusterDetails> {
  const { namespace } = facts;
  const unread: Unread[] = [];
  const attempt = async <T>(what: string, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code === 'cluster-unauthorized') throw error;
      unread.push({ what, code: error.code, message: error.message });
      return null;
    }
  };
  const listOf = async (what: string, resource: Resource): Promise<readonly KubeObject[] | null> =>
    attempt(what, async () => {
      try {
        return (await api.list(resource, { signal })).items;
      } catch (error) {
        if (isClusterError(error, 'cluster-kind-unknown')) return [];
        throw error;
      }
    });

  const served = await attempt('kinds of MetalLB', () => servedKinds(api, signal));
  const isServed = served?.has(RESOURCES.pools.plural) ?? facts.metallb.kinds.pools;
  const [bgp, configuration, services, pools, advertisements, ciliumPools] = await Promise.all([
    listOf('bgp advertisements', RESOURCES.bgpAdvertisements),
    attempt('webhook configuration', () => api.find(RESOURCES.validatingWebhooks, WEBHOOK_CONFIGURATION, undefined, signal)).then(
      (found) => ({ found }),
    ),
    quietList(api, RESOURCES.services, signal),
    quietList(api, RESOURCES.pools, signal),
    quietList(api, RESOURCES.advertisements, signal),
    quietList(api, CILIUM_POOLS, signal),
  ]);
  const gate = await askGate(api, facts, isServed, signal);
  const [troubles, lastEvents] = await Promise.all([readTroubles(api, facts, signal), readEvents(api, facts, signal)]);
  const elsewhere = [
    ...pools.map((one) => ['IPAddressPool', one] as const),
    ...advertisements.map((one) => ['L2Advertisement', one] as const),
  ]
    .filter(([, { metadata }]) => metadata.namespace !== namespace)
    .map(([kind, object]) => `${kind} ${keyOf(object)}`);
  return {
    served,
    bgpAdvertisements:
      bgp === null ? null : bgp.filter(({ metadata }) => metadata.namespace === namespace).map(readAdvertisement),
    webhooks: unread.some(({ what }) => what === 'webhook configuration') ? null : webhooksOf(configuration.found),
    gate,
    troubles,
    lastEvents,
    deprecated: services.flatMap((service) =>
      Object.keys(textMapAt(service, 'metadata', 'annotations'))
        .filter((annotation) => annotation.startsWith(DEPRECATED_PREFIX))
        .map((annotation) => ({ service: keyOf(service), annotation })),
    ),
    wantedPools: services.flatMap((service) => {
      if (textAt(service, 'spec', 'type') !== 'LoadBalancer') return [];
      const annotations = textMapAt(service, 'metadata', 'annotations');
      const pool = POOL_ANNOTATIONS.map((name) => annotations[name]).find((name) => name !== undefined);
      return pool === undefined ? [] : [{ service: keyOf(service), pool }];
    }),
    elsewhere,
    otherPools: ciliumPools.map((pool) => ({
      name: `CiliumLoadBalancerIPPool ${pool.metadata.name}`,
      addresses: ciliumAddresses(pool),
    })),
    unread,
  };
}

/** Discovery is open to everybody who is let in, whatever RBAC says of the objects. */
async function servedKinds(api: KubeApi, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const { group, version } = RESOURCES.pools;
  try {
    const answer = await api.request('GET', `/apis/${group}/${version}`, signal === undefined ? {} : { signal });
    return new Set(listAt(answer, 'resources').flatMap((one) => textAt(one, 'name') ?? []));
  } catch (error) {
    if (isClusterError(error, 'cluster-kind-unknown', 'cluster-not-found')) return new Set();
    throw error;
  }
}

/** Where it cannot be read ClusterFacts says so already. */
async function quietList(api: KubeApi, resource: Resource, signal: AbortSignal | undefined): Promise<readonly KubeObject[]> {
  try {
    return (await api.list(resource, { signal })).items;
  } catch (error) {
    if (error instanceof ClusterError && error.exitCode !== EXIT.unreachable) return [];
    throw error;
  }
}

/** The API server's default is Fail. */
const webhooksOf = (configuration: KubeObject | null): NonNullable<ClusterDetails['webhooks']> =>
  listAt(configuration, 'webhooks').map((one) => ({
    name: textAt(one, 'name') ?? '',
    failurePolicy: textAt(one, 'failurePolicy') ?? 'Fail',
  }));

/** `blocks` of a CiliumLoadBalancerIPPool: CIDRs, or a start and a stop. */
function ciliumAddresses(pool: KubeObject): RangeSet {
  const parts = listAt(pool, 'spec', 'blocks').flatMap((block) => {
    const start = textAt(block, 'start');
    return textAt(block, 'cidr') ?? (start === null ? [] : `${start}-${textAt(block, 'stop') ?? start}`);
  });
  return rangeSet(readPoolAddresses(parts).addresses);
}

/** Asked only where something is not ready: of the pods, and of what could not make them. */
async function readTroubles(
  api: KubeApi,
  { namespace, metallb }: ClusterFacts,
  signal: AbortSignal | undefined,
): Promise<ClusterDetails['troubles']> {
  const reasonsOf = async (resource: Resource, workload: Workload | null): Promise<readonly string[]> => {
    if (workload === null || workload.ready >= workload.desired) return [];
    const object = await api.find(resource, workload.name, namespace, signal);
    return object === null ? [] : whyNotReady(api, object, signal);
  };
  const [controller, speaker] = await Promise.all([
    reasonsOf(RESOURCES.deployments, metallb.controller),
    reasonsOf(RESOURCES.daemonSets, metallb.speaker),
  ]);
  return { controller, speaker };
}

/** The newest one of each of the first few Services that have no address. */
async function readEvents(
  api: KubeApi,
  { services }: ClusterFacts,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  const pending = services.filter(({ addresses }) => addresses.length === 0).slice(0, MOST_PENDING);
  const told = await Promise.all(
    pending.map(async ({ namespace, name }) => {
      const [newest] = await eventsOf(api, { kind: 'Service', metadata: { namespace, name } }, signal);
      return newest === undefined ? [] : [[`${namespace}/${name}`, newest] as const];
    }),
  );
  return new Map(told.flat());
}
