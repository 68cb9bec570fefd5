/**
 * Whether MetalLB, once applied, is there: each thing that it needs, in the order in which it comes up. What counts in the end is that a
 * pool passes the API server's dry run, which asks MetalLB's own webhook. Stores nothing.
 */
import type { KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import { type KubeObject, listAt, numberAt, textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { whyNotReady } from '../not-ready.ts';
import { readEndpointSlice } from '../read/services.ts';
import { failed, type Outcome, ok } from '../steps.ts';
import type { Look } from '../waiting.ts';
import type { Manifest } from './manifest.ts';

export interface ReadinessCheck {
  readonly name: string;
  readonly title: string;
  look(api: KubeApi, signal: AbortSignal): Promise<Look<Outcome>>;
  /** More of why it is not so, once the time is over. */
  explain?(api: KubeApi, signal: AbortSignal): Promise<readonly string[]>;
}

/** TEST-NET-1: in nobody's pool. */
const PROBE_POOL = { name: 'freehold-install-check', addresses: ['192.0.2.1/32'] };
const CONTROLLER = 'controller';
const SPEAKER = 'speaker';

export function kindsEstablished(manifest: Manifest): ReadinessCheck {
  const names = manifest.objects
    .filter(({ resource }) => resource.kind === RESOURCES.crds.kind)
    .map(({ object }) => object.metadata.name);
  return {
    name: 'kinds-established',
    title: 'Kinds established',
    async look(api, signal) {
      const found = await Promise.all(names.map((name) => api.find(RESOURCES.crds, name, undefined, signal)));
      const missing = names.filter((_, index) => !hasCondition(found[index] ?? null, 'Established'));
      const refused = found.flatMap((crd) => refusalOf(crd) ?? []);
      if (refused.length > 0) return { done: failed(refused.join('; ')) };
      return missing.length === 0 ? done(`${names.length} kinds`) : { why: `not yet: ${missing.join(', ')}` };
    },
  };
}

/** Names that another CustomResourceDefinition has already will never be accepted. */
function refusalOf(crd: KubeObject | null): string | null {
  const refused = listAt(crd, 'status', 'conditions').find(
    (one) => textAt(one, 'type') === 'NamesAccepted' && textAt(one, 'status') === 'False',
  );
  return refused === undefined || crd === null
    ? null
    : `${crd.metadata.name}: ${textAt(refused, 'message') ?? 'its names are taken'}`;
}

export function readinessChecks(manifest: Manifest): readonly ReadinessCheck[] {
  const { namespace } = manifest;
  const find = (api: KubeApi, signal: AbortSignal) => ({
    controller: () => api.find(RESOURCES.deployments, CONTROLLER, namespace, signal),
    speaker: () => api.find(RESOURCES.daemonSets, SPEAKER, namespace, signal),
  });
  const webhookServices = servicesOfWebhooks(manifest);
  return [
    {
      name: 'controller-available',
      title: 'Controller available',
      async look(api, signal) {
        const controller = await find(api, signal).controller();
        if (controller === null) return { why: 'there is no Deployment controller' };
        const wanted = numberAt(controller, 'spec', 'replicas') ?? 1;
        const updated = numberAt(controller, 'status', 'updatedReplicas') ?? 0;
        const ready = numberAt(controller, 'status', 'readyReplicas') ?? 0;
        const isCurrent = isObserved(controller) && updated >= wanted && ready >= wanted;
        return isCurrent && hasCondition(controller, 'Available') ? done('') : { why: `${ready} of ${wanted} ready` };
      },
      explain: async (api, signal) => whyWorkload(api, await find(api, signal).controller(), signal),
    },
    {
      name: 'webhook-certificate',
      title: 'Webhook has its certificate',
      async look(api, signal) {
        const names = webhookNames(manifest);
        if (names.length === 0) return done('the manifest has no webhook');
        const found = await Promise.all(names.map((name) => api.find(RESOURCES.validatingWebhooks, name, undefined, signal)));
        const without = found.flatMap((one) => listAt(one, 'webhooks')).filter((one) => bundleOf(one) === '');
        if (found.some((one) => one === null)) return { why: 'there is no webhook configuration' };
        return without.length === 0 ? done('') : { why: 'the controller has not written it yet' };
      },
    },
    {
      name: 'webhook-endpoints',
      title: 'Webhook has a ready endpoint',
      async look(api, signal) {
        for (const service of webhookServices) {
          const labelSelector = `kubernetes.io/service-name=${service}`;
          const { items } = await api.list(RESOURCES.endpointSlices, { namespace, labelSelector, signal });
          const serving = items.reduce((sum, slice) => sum + (readEndpointSlice(slice)?.serving.length ?? 0), 0);
          if (serving === 0) return { why: `no endpoint of Service ${service} is ready` };
        }
        return done('');
      },
    },
    {
      name: 'speakers-ready',
      title: 'Speakers ready',
      async look(api, signal) {
        const speaker = await find(api, signal).speaker();
        if (speaker === null) return { why: 'there is no DaemonSet speaker' };
        const figure = (name: string): number => numberAt(speaker, 'status', name) ?? 0;
        const [desired, ready, updated] = ['desiredNumberScheduled', 'numberReady', 'updatedNumberScheduled'].map(figure);
        if (!isObserved(speaker)) return { why: 'the cluster has not taken it up yet' };
        if (desired === 0)
          return { why: 'no node is wanted for it: are there nodes with kubernetes.io/os=linux that it tolerates?' };
        return ready === desired && updated === desired
          ? done(`${ready} of ${desired}`)
          : { why: `${ready} of ${desired} ready` };
      },
      async explain(api, signal) {
        const reasons = await whyWorkload(api, await find(api, signal).speaker(), signal);
        const waitsForSecret = reasons.some((reason) => /secret "memberlist" not found/.test(reason));
        return waitsForSecret ? [...reasons, 'the controller makes that Secret when it starts: look at the controller'] : reasons;
      },
    },
    {
      name: 'pool-accepted',
      title: 'MetalLB judges a pool (dry run)',
      look: (api, signal) => poolAccepted(api, namespace, signal),
    },
  ];
}

async function poolAccepted(api: KubeApi, namespace: string, signal: AbortSignal): Promise<Look<Outcome>> {
  const pool = { metadata: { name: PROBE_POOL.name, namespace }, spec: { addresses: PROBE_POOL.addresses } };
  try {
    await api.apply(RESOURCES.pools, pool, { dryRun: true, signal });
    return done('');
  } catch (error) {
    // Right after the kind was made the API server may not serve it yet.
    if (isClusterError(error, 'cluster-kind-unknown')) return { why: 'the API server does not serve IPAddressPools yet' };
    if (!isClusterError(error, 'cluster-denied')) throw error;
    // It was asked, and has a pool with that address: that is an answer too.
    return /overlaps with already defined CIDR/.test(error.message) ? done('') : { done: failed(error.message) };
  }
}

const done = (detail: string): Look<Outcome> => ({ done: ok(detail) });

const whyWorkload = (api: KubeApi, workload: KubeObject | null, signal: AbortSignal): Promise<readonly string[]> =>
  workload === null ? Promise.resolve([]) : whyNotReady(api, workload, signal);

const hasCondition = (object: KubeObject | null, type: string): boolean =>
  listAt(object, 'status', 'conditions').some((one) => textAt(one, 'type') === type && textAt(one, 'status') === 'True');

const isObserved = (object: KubeObject): boolean =>
  (numberAt(object, 'status', 'observedGeneration') ?? 0) >= (numberAt(object, 'metadata', 'generation') ?? 0);

const bundleOf = (webhook: unknown): string => textAt(webhook, 'clientConfig', 'caBundle') ?? '';

const webhookNames = ({ objects }: Manifest): readonly string[] =>
  objects.filter(({ resource }) => resource === RESOURCES.validatingWebhooks).map(({ object }) => object.metadata.name);

/** Its name changed with the releases. */
const servicesOfWebhooks = ({ objects }: Manifest): readonly string[] => {
  const webhooks = objects.flatMap(({ object }) => listAt(object, 'webhooks'));
  return [...new Set(webhooks.flatMap((one) => textAt(one, 'clientConfig', 'service', 'name') ?? []))];
};
