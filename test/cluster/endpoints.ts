/** EndpointSlices for Services that select pods: one slice each, with every pod that has an address, ready or not. */
import { randomUUID } from 'node:crypto';
import type { Direct } from './direct.ts';
import {
  at,
  type JsonObject,
  type KubeJson,
  keyOf,
  listAt,
  nameOf,
  namespaceOf,
  numberAt,
  objectAt,
  textAt,
  withAt,
} from './json.ts';
import { isReadyPod } from './pods.ts';
import { selects } from './selectors.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

export const slicesOf = (direct: Direct, service: KubeJson): readonly KubeJson[] =>
  direct
    .list('EndpointSlice', namespaceOf(service))
    .filter((slice) => slice.metadata.labels?.[SERVICE_LABEL] === nameOf(service));

export function publishEndpoints(direct: Direct): void {
  const services = direct.list('Service').filter((one) => Object.keys(objectAt(one, 'spec', 'selector')).length > 0);
  const keys = new Map(services.map((one) => [keyOf(one), one]));
  for (const slice of direct.list('EndpointSlice')) {
    if (textAt(slice, 'metadata', 'ownerReferences', 0, 'kind') !== 'Service') continue;
    const owner = keys.get(`${namespaceOf(slice)}/${slice.metadata.labels?.[SERVICE_LABEL] ?? ''}`);
    if (owner?.metadata.uid !== textAt(slice, 'metadata', 'ownerReferences', 0, 'uid'))
      direct.remove('EndpointSlice', nameOf(slice), namespaceOf(slice));
  }
  const byNamespace = Map.groupBy(direct.list('Pod'), namespaceOf);
  for (const service of services) {
    const pods = (byNamespace.get(namespaceOf(service)) ?? []).filter((pod) =>
      selects({ matchLabels: objectAt(service, 'spec', 'selector') }, pod.metadata.labels ?? {}),
    );
    const endpoints = pods.flatMap(endpointOf);
    const ports = listAt(service, 'spec', 'ports').map((port) => portOf(port, pods[0]));
    const [live] = slicesOf(direct, service).filter(
      (slice) => textAt(slice, 'metadata', 'ownerReferences', 0, 'kind') === 'Service',
    );
    const slice = live ?? emptySlice(service);
    direct.put(withAt(withAt(slice, ['endpoints'], endpoints), ['ports'], ports), 'kube-controller-manager');
  }
}

const emptySlice = (service: KubeJson): KubeJson => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${nameOf(service)}-${randomUUID().slice(0, 5)}`,
    namespace: namespaceOf(service),
    labels: { [SERVICE_LABEL]: nameOf(service), 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: nameOf(service), uid: service.metadata.uid, controller: true }],
  },
  addressType: 'IPv4',
});

function endpointOf(pod: KubeJson): readonly JsonObject[] {
  const address = textAt(pod, 'status', 'podIP');
  if (address === undefined) return [];
  const ready = isReadyPod(pod);
  return [
    {
      addresses: [address],
      conditions: { ready, serving: ready, terminating: false },
      nodeName: textAt(pod, 'spec', 'nodeName'),
      targetRef: { kind: 'Pod', name: nameOf(pod), namespace: namespaceOf(pod), uid: pod.metadata.uid },
    },
  ];
}

/** A port of the pods: by number, or by its name in a container. */
function portOf(port: unknown, pod: KubeJson | undefined): JsonObject {
  const target = at(port, 'targetPort');
  const named = listAt(pod, 'spec', 'containers')
    .flatMap((container) => listAt(container, 'ports'))
    .find((one) => textAt(one, 'name') === target);
  const number = typeof target === 'number' ? target : (numberAt(named, 'containerPort') ?? numberAt(port, 'port'));
  return { name: textAt(port, 'name') ?? '', port: number, protocol: textAt(port, 'protocol') ?? 'TCP' };
}
