/** Services of type LoadBalancer and what stands behind them, as plain values. */
import { type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { boolAt, type KubeObject, listAt, numberAt, textAt } from '../kube/objects.ts';
import type { LoadBalancerService } from '../types.ts';

/** The prefix until 0.13, which MetalLB still honours. */
const PREFIXES = ['metallb.io/', 'metallb.universe.tf/'] as const;
const SERVICE_LABEL = 'kubernetes.io/service-name';

/** The endpoints of one Service that serve: everywhere, and on which nodes. */
export interface ServingEndpoints {
  readonly ready: number;
  readonly nodes: readonly string[];
}

/** null for a Service of another type. @param serving null: EndpointSlices could not be read */
export function readService(object: KubeObject, serving: ServingEndpoints | null): LoadBalancerService | null {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return null;
  const annotation = (name: string): string | null =>
    PREFIXES.map((prefix) => textAt(object, 'metadata', 'annotations', prefix + name)).find((text) => text !== null) ?? null;
  // Of both prefixes: which of them MetalLB minds depends on its version.
  const asked = PREFIXES.flatMap((prefix) =>
    (textAt(object, 'metadata', 'annotations', `${prefix}loadBalancerIPs`) ?? '').split(','),
  );
  const requested = [textAt(object, 'spec', 'loadBalancerIP') ?? '', ...asked];
  const held = listAt(object, 'status', 'loadBalancer', 'ingress').flatMap((one) => textAt(one, 'ip') ?? []);
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    addresses: addressesIn(held),
    ...(held[0]?.includes(':') === true ? { firstAddress: held[0] } : {}),
    requested: addressesIn(requested),
    pool: annotation('ip-allocated-from-pool'),
    loadBalancerClass: textAt(object, 'spec', 'loadBalancerClass'),
    trafficPolicy: textAt(object, 'spec', 'externalTrafficPolicy') === 'Local' ? 'Local' : 'Cluster',
    ports: listAt(object, 'spec', 'ports').flatMap((one) => {
      const port = numberAt(one, 'port');
      return port === null ? [] : [{ port, protocol: textAt(one, 'protocol') ?? 'TCP' }];
    }),
    readyNodes: serving?.nodes ?? null,
    readyEndpoints: serving?.ready ?? null,
  };
}

const addressesIn = (texts: readonly string[]): readonly Ipv4[] => [
  ...new Set(texts.map((text) => parseIpv4(text.trim())).flatMap((read) => (read.ok ? [read.value] : []))),
];

/** What one EndpointSlice says; null for one of no Service. */
export interface SliceEndpoints {
  /** `namespace/name` */
  readonly service: string;
  /** One entry for each endpoint that serves; the name of its node, where it has one. */
  readonly serving: readonly (string | null)[];
}

export function readEndpointSlice(object: KubeObject): SliceEndpoints | null {
  const name = textAt(object, 'metadata', 'labels', SERVICE_LABEL);
  if (name === null) return null;
  const serving = listAt(object, 'endpoints').flatMap((one) => {
    // `serving` stays true while a pod ends; where it is missing `ready` says the same, and where both are, it is ready.
    const serves = boolAt(one, 'conditions', 'serving') ?? boolAt(one, 'conditions', 'ready') ?? true;
    return serves ? [textAt(one, 'nodeName')] : [];
  });
  return { service: `${object.metadata.namespace ?? ''}/${name}`, serving };
}

/** By `namespace/name` of the Service; one without an entry has no endpoint that serves. */
export function servingByService(slices: Iterable<SliceEndpoints>): ReadonlyMap<string, ServingEndpoints> {
  const found = new Map<string, { ready: number; readonly nodes: Set<string> }>();
  for (const { service, serving } of slices) {
    const one = found.get(service) ?? { ready: 0, nodes: new Set<string>() };
    found.set(service, one);
    one.ready += serving.length;
    for (const node of serving) if (node !== null) one.nodes.add(node);
  }
  return new Map([...found].map(([service, { ready, nodes }]) => [service, { ready, nodes: [...nodes].sort() }]));
}
