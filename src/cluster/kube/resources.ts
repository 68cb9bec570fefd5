/**
 * The kinds that Freehold reads or writes, and where an API server keeps them. Sends nothing.
 */

export interface Resource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const resource = (group: string, version: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});
const metallb = (plural: string, kind: string): Resource => resource('metallb.io', 'v1beta1', plural, kind);

export const RESOURCES = {
  pools: metallb('ipaddresspools', 'IPAddressPool'),
  advertisements: metallb('l2advertisements', 'L2Advertisement'),
  bgpAdvertisements: metallb('bgpadvertisements', 'BGPAdvertisement'),
  layer2Statuses: metallb('servicel2statuses', 'ServiceL2Status'),
  configurationStates: metallb('configurationstates', 'ConfigurationState'),
  services: resource('', 'v1', 'services', 'Service'),
  nodes: resource('', 'v1', 'nodes', 'Node', false),
  namespaces: resource('', 'v1', 'namespaces', 'Namespace', false),
  pods: resource('', 'v1', 'pods', 'Pod'),
  configMaps: resource('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: resource('', 'v1', 'secrets', 'Secret'),
  events: resource('', 'v1', 'events', 'Event'),
  endpointSlices: resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  deployments: resource('apps', 'v1', 'deployments', 'Deployment'),
  daemonSets: resource('apps', 'v1', 'daemonsets', 'DaemonSet'),
  crds: resource('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', false),
  validatingWebhooks: resource(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    false,
  ),
} as const;

export const apiVersionOf = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);

/** @param namespace undefined: of all namespaces, or not in any */
export function collectionPath({ group, version, plural }: Resource, namespace?: string): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

export const objectPath = (resource: Resource, name: string, namespace?: string): string =>
  `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
