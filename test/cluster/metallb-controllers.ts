/**
 * MetalLB at work: its controller gives addresses to Services and counts them, its speakers announce, and both say whether they took the
 * configuration. Nothing happens before its pods are ready.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Controller } from './controllers.ts';
import type { Direct } from './direct.ts';
import type { Announcement } from './double.ts';
import { slicesOf } from './endpoints.ts';
import { createEvents, type Events } from './events.ts';
import { type JsonObject, type KubeJson, keyOf, listAt, nameOf, textAt, withAt, withMetadata } from './json.ts';
import {
  Allocations,
  addressesOf,
  allocate,
  annotation,
  countersOf,
  isBalanced,
  type Pool,
  poolsOf,
  poolWith,
  requestedBy,
} from './metallb-allocator.ts';
import { announcerOf, interfacesOf } from './metallb-speakers.ts';
import { METALLB_NAMESPACE, whyAdvertisementsWrong, whyPoolsWrong } from './metallb-webhook.ts';
import { argumentsOf, isReadyPod } from './pods.ts';

export interface MetallbOptions {
  readonly onAnnounce?: (announcement: Announcement) => Promise<void> | void;
  readonly onWithdraw?: (announcement: Announcement) => Promise<void> | void;
  readonly staleLayer2Status?: boolean;
}

const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool';

export function runMetallb(direct: Direct, options: MetallbOptions): Controller {
  const events = createEvents(direct);
  const wire = createWire(options);
  /** The last configuration that was taken. */
  let pools: readonly Pool[] = [];
  let advertisements: readonly KubeJson[] = [];
  return () => {
    const installed = direct.knows('IPAddressPool');
    const pods = installed ? direct.list('Pod', METALLB_NAMESPACE) : [];
    const [controller] = pods.filter((pod) => isReadyPod(pod) && pod.metadata.labels?.['component'] === 'controller');
    const speakers = pods.filter((pod) => isReadyPod(pod) && pod.metadata.labels?.['component'] === 'speaker');
    const wanted = direct.list('IPAddressPool', METALLB_NAMESPACE);
    const wantedAdvertisements = direct.list('L2Advertisement', METALLB_NAMESPACE);
    // The controller looks at pools alone.
    const whyPools = whyPoolsWrong(wanted);
    const why = whyPools ?? whyAdvertisementsWrong(wantedAdvertisements);
    if (why === null) {
      pools = poolsOf(wanted);
      advertisements = wantedAdvertisements;
    }
    if (controller !== undefined) {
      prepare(direct);
      balance(direct, pools, events);
      reportState(direct, 'controller', controller, whyPools);
    }
    for (const speaker of speakers) reportState(direct, 'speaker', speaker, why);
    announce(direct, { pools, advertisements, speakers, events, wire, isStale: options.staleLayer2Status === true });
  };
}

/** What the controller makes when it starts: the speakers' shared secret, and the certificate that the API server trusts. */
function prepare(direct: Direct): void {
  if (direct.get('Secret', 'memberlist', METALLB_NAMESPACE) === null) {
    const secretkey = Buffer.from(randomBytes(32).toString('base64')).toString('base64');
    const metadata = { name: 'memberlist', namespace: METALLB_NAMESPACE };
    direct.put({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { secretkey } }, 'controller');
  }
  const configuration = direct.get('ValidatingWebhookConfiguration', 'metallb-webhook-configuration');
  const webhooks = listAt(configuration, 'webhooks');
  if (configuration === null || webhooks.every((one) => textAt(one, 'clientConfig', 'caBundle') !== undefined)) return;
  const caBundle = Buffer.from('-----BEGIN CERTIFICATE-----\nof the webhook\n-----END CERTIFICATE-----\n').toString('base64');
  const trusted = webhooks.map((one) => withAt(one as JsonObject, ['clientConfig', 'caBundle'], caBundle));
  direct.put({ ...configuration, webhooks: trusted }, 'MetalLB');
}

/** @param why null: the configuration was taken */
function reportState(direct: Direct, component: 'controller' | 'speaker', pod: KubeJson, why: string | null): void {
  // The kind came with 0.15.3.
  if (!direct.knows('ConfigurationState')) return;
  const node = textAt(pod, 'spec', 'nodeName') ?? '';
  const isSpeaker = component === 'speaker';
  const name = isSpeaker ? `speaker-${node}` : component;
  const labels = { 'metallb.io/component-type': component, ...(isSpeaker ? { 'metallb.io/node-name': node } : {}) };
  const owner = { apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid: pod.metadata.uid };
  const metadata = { name, namespace: METALLB_NAMESPACE, labels, ownerReferences: [owner] };
  const state = direct.put(
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ConfigurationState',
      metadata,
      status: direct.get('ConfigurationState', name, METALLB_NAMESPACE)?.['status'] ?? {},
    },
    'MetalLB',
  );
  const message = why === null ? '' : `configuration error: ${why}`;
  // Nothing new: the time of the last change stays.
  if (textAt(state, 'status', 'conditions', 0, 'message') === message) return;
  const condition = {
    type: isSpeaker ? 'configReconcilerValid' : 'poolReconcilerValid',
    status: why === null ? 'True' : 'False',
    reason: why === null ? 'Reconciled' : 'ConfigurationError',
    message,
    lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z`,
  };
  const result = why === null ? 'Valid' : 'Invalid';
  direct.setStatus(state, { conditions: [condition], ...(why === null ? {} : { errorSummary: message }), result }, 'MetalLB');
}

/** Keeps what may be kept, clears what the configuration no longer allows, and gives new addresses. */
function balance(direct: Direct, pools: readonly Pool[], events: Events): void {
  const taken = new Allocations();
  const services = [...direct.list('Service')].sort((a, b) => bornOf(a).localeCompare(bornOf(b)));
  const left: KubeJson[] = [];
  for (const service of services) {
    const why = whyCleared(pools, service, taken);
    if (why === null) for (const address of addressesOf(service)) taken.take(service, address);
    else if (annotation(service, 'ip-allocated-from-pool') !== undefined) left.push(cleared(direct, service, why, events));
    else if (isBalanced(service) && addressesOf(service).length === 0) left.push(service);
  }
  for (const service of left) if (isBalanced(service) && pools.length > 0) give(direct, pools, service, taken, events);
  for (const pool of pools) {
    const live = direct.get('IPAddressPool', pool.name, METALLB_NAMESPACE);
    if (live !== null) direct.setStatus(live, countersOf(pool, taken), 'controller');
  }
}

const bornOf = (object: KubeJson): string => `${object.metadata.creationTimestamp ?? ''} ${keyOf(object)}`;

/** null: it keeps what it has. */
function whyCleared(pools: readonly Pool[], service: KubeJson, taken: Allocations): string | null {
  const addresses = addressesOf(service);
  const [address] = addresses;
  if (!isBalanced(service)) return 'not a LoadBalancer';
  if (address === undefined) return 'no address';
  const pool = poolWith(pools, address);
  if (pool === undefined) return `["${address}"] is not allowed in config`;
  const wanted = requestedBy(service);
  if (typeof wanted !== 'string' && wanted.length > 0 && !wanted.includes(address))
    return 'user requested a different IP than the one currently assigned';
  const wantedPool = annotation(service, 'address-pool');
  if (wantedPool !== undefined && wantedPool !== pool.name)
    return 'user requested a different pool than the one currently assigned';
  return taken.whyNot(service, address);
}

function cleared(direct: Direct, service: KubeJson, why: string, events: Events): KubeJson {
  if (isBalanced(service)) {
    const message = `current IP for "${keyOf(service)}" not allowed by config, will attempt for new IP assignment: ${why}`;
    events.tell(service, 'Normal', 'ClearAssignment', message, 'metallb-controller');
  }
  const {
    [POOL_ANNOTATION]: _pool,
    [POOL_ANNOTATION.replace('.io', '.universe.tf')]: _old,
    ...annotations
  } = service.metadata.annotations ?? {};
  const without = direct.put(withMetadata(service, { annotations }), 'controller');
  direct.setStatus(without, { loadBalancer: {} }, 'controller');
  return direct.get('Service', nameOf(service), service.metadata.namespace) ?? service;
}

function give(direct: Direct, pools: readonly Pool[], service: KubeJson, taken: Allocations, events: Events): void {
  const address = allocate(pools, direct.list('Namespace'), service, taken);
  if (typeof address !== 'string') {
    events.tell(
      service,
      'Warning',
      'AllocationFailed',
      `Failed to allocate IP for "${keyOf(service)}": ${address.message}`,
      'metallb-controller',
    );
    return;
  }
  taken.take(service, address);
  const pool = poolWith(pools, address)?.name ?? '';
  const annotated = direct.put(
    withMetadata(service, { annotations: { ...service.metadata.annotations, [POOL_ANNOTATION]: pool } }),
    'controller',
  );
  direct.setStatus(annotated, { loadBalancer: { ingress: [{ ip: address, ipMode: 'VIP' }] } }, 'controller');
  events.tell(service, 'Normal', 'IPAllocated', `Assigned IP ["${address}"]`, 'metallb-controller');
}

interface Announcing {
  readonly pools: readonly Pool[];
  readonly advertisements: readonly KubeJson[];
  readonly speakers: readonly KubeJson[];
  readonly events: Events;
  readonly wire: Wire;
  readonly isStale: boolean;
}

function announce(direct: Direct, { pools, advertisements, speakers, events, wire, isStale }: Announcing): void {
  const nodes = direct.list('Node');
  const names = new Set(speakers.map((pod) => textAt(pod, 'spec', 'nodeName')));
  const field = {
    speakers: nodes.filter((node) => names.has(nameOf(node))),
    advertisements,
    ignoreExcludeLabel: speakers.some((pod) => argumentsOf(pod).includes('--ignore-exclude-lb')),
  };
  const now = new Map<string, Announcement>();
  for (const service of direct.list('Service').filter(isBalanced)) {
    for (const address of addressesOf(service)) {
      const pool = poolWith(pools, address);
      // The first address decides for all of them.
      const [first = address] = addressesOf(service);
      const node = pool === undefined ? null : announcerOf(service, first, pool, slicesOf(direct, service), field);
      if (pool === undefined || node === null) continue;
      now.set(`${keyOf(service)} ${address}`, { node, address, service: keyOf(service) });
      const interfaces = interfacesOf(pool, nodes.find((one) => nameOf(one) === node) ?? service, advertisements);
      if (reportLayer2(direct, service, node, interfaces, isStale)) {
        events.tell(
          service,
          'Normal',
          'nodeAssigned',
          `announcing from node "${node}" with protocol "layer2"`,
          'metallb-speaker',
        );
      }
    }
  }
  const announced = new Set([...now.values()].map(({ service }) => service));
  for (const status of direct.list('ServiceL2Status', METALLB_NAMESPACE)) {
    const labels = status.metadata.labels ?? {};
    const service = `${labels['metallb.io/service-namespace'] ?? ''}/${labels['metallb.io/service-name'] ?? ''}`;
    if (!announced.has(service) && direct.get('Service', service.split('/')[1] ?? '', service.split('/')[0]) === null)
      direct.remove('ServiceL2Status', nameOf(status), METALLB_NAMESPACE);
    else if (!announced.has(service) && !isStale) direct.remove('ServiceL2Status', nameOf(status), METALLB_NAMESPACE);
  }
  wire.become(now);
}

/** @returns whether the node is news. @param isStale the first node stays in the status, as its fields cannot be changed */
function reportLayer2(direct: Direct, service: KubeJson, node: string, interfaces: readonly string[], isStale: boolean): boolean {
  if (!direct.knows('ServiceL2Status')) return false;
  const namespace = service.metadata.namespace ?? '';
  const [live] = direct
    .list('ServiceL2Status', METALLB_NAMESPACE)
    .filter(
      ({ metadata: { labels } }) =>
        labels?.['metallb.io/service-name'] === nameOf(service) && labels['metallb.io/service-namespace'] === namespace,
    );
  if (live !== undefined && (isStale || textAt(live, 'status', 'node') === node)) return false;
  if (live !== undefined) direct.remove('ServiceL2Status', nameOf(live), METALLB_NAMESPACE);
  const labels = {
    'metallb.io/node': node,
    'metallb.io/service-name': nameOf(service),
    'metallb.io/service-namespace': namespace,
  };
  const metadata = { name: `l2-${randomUUID().slice(0, 5)}`, namespace: METALLB_NAMESPACE, labels };
  const made = direct.put({ apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata }, 'speaker');
  const status = {
    node,
    serviceName: nameOf(service),
    serviceNamespace: namespace,
    ...(interfaces.length > 0 ? { interfaces: interfaces.map((name) => ({ name })) } : {}),
  };
  direct.setStatus(made, status, 'speaker');
  return true;
}

interface Wire {
  become(now: ReadonlyMap<string, Announcement>): void;
}

/** Tells of announcements, one after the other: who withdraws is told before who announces. */
function createWire({ onAnnounce, onWithdraw }: MetallbOptions): Wire {
  let before: ReadonlyMap<string, Announcement> = new Map();
  let told: Promise<void> = Promise.resolve();
  const isSame = (a: Announcement | undefined, b: Announcement | undefined): boolean => a?.node === b?.node;
  return {
    become(now) {
      const gone = [...before].filter(([key, one]) => !isSame(now.get(key), one)).map(([, one]) => one);
      const come = [...now].filter(([key, one]) => !isSame(before.get(key), one)).map(([, one]) => one);
      before = now;
      told = told.then(async () => {
        for (const one of gone) await onWithdraw?.(one);
        for (const one of come) await onAnnounce?.(one);
      });
    },
  };
}
