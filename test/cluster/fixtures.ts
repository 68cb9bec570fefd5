/**
 * Usual clusters as objects: bare, of kubeadm, of k3s, with Cilium, with MetalLB. Addresses are those of documentation; a lab names its
 * own.
 */
import { stringify } from 'yaml';
import type { KubeJson } from './json.ts';
import { type MetallbVersion, metallbManifest } from './metallb-manifest.ts';

export interface NodeOptions {
  readonly name: string;
  /** InternalIP. */
  readonly address: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly controlPlane?: boolean;
  readonly podCidr?: string;
  readonly externalAddress?: string;
  readonly networkUnavailable?: boolean;
}

export function node({
  name,
  address,
  labels,
  controlPlane,
  podCidr,
  externalAddress,
  networkUnavailable,
}: NodeOptions): KubeJson {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...(controlPlane === true
          ? { 'node-role.kubernetes.io/control-plane': '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
          : {}),
        ...labels,
      },
    },
    spec: {
      ...(podCidr === undefined ? {} : { podCIDR: podCidr, podCIDRs: [podCidr] }),
      ...(controlPlane === true ? { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] } : {}),
    },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        ...(externalAddress === undefined ? [] : [{ type: 'ExternalIP', address: externalAddress }]),
        { type: 'Hostname', address: name },
      ],
      conditions: [
        { type: 'NetworkUnavailable', status: networkUnavailable === true ? 'True' : 'False' },
        { type: 'Ready', status: 'True', reason: 'KubeletReady' },
      ],
      nodeInfo: { kubeletVersion: 'v1.34.1', operatingSystem: 'linux', architecture: 'amd64' },
    },
  };
}

/** Three workers at 192.0.2.11 to .13. */
export const NODES: readonly KubeJson[] = [1, 2, 3].map((number) =>
  node({ name: `node-${number}`, address: `192.0.2.${10 + number}` }),
);

export const namespace = (name: string): KubeJson => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
});

/** No kube-proxy, no MetalLB. */
export const bareCluster = (nodes: readonly KubeJson[] = NODES): readonly KubeJson[] => [
  ...['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(namespace),
  ...nodes,
  service('kubernetes', { type: 'ClusterIP', ports: [{ name: 'https', port: 443, targetPort: 6443 }] }),
];

export interface KubeProxyOptions {
  /** Empty: the platform's default. */
  readonly mode?: '' | 'iptables' | 'ipvs' | 'nftables';
  /** `absent`: the line is not there at all. */
  readonly strictArp?: boolean | null | 'absent';
  readonly nodes?: readonly KubeJson[];
}

export const kubeadmCluster = ({
  mode = 'iptables',
  strictArp = false,
  nodes = NODES,
}: KubeProxyOptions = {}): readonly KubeJson[] => [
  ...bareCluster(nodes),
  kubeProxyConfig(mode, strictArp),
  daemonSet('kube-proxy', 'kube-system', { 'k8s-app': 'kube-proxy' }, 'registry.k8s.io/kube-proxy:v1.34.1'),
];

/** The layout that kubeadm lays down. */
export function kubeProxyConfig(mode: string, strictArp: boolean | null | 'absent'): KubeJson {
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    bindAddress: '0.0.0.0',
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    clusterCIDR: '198.51.100.0/25',
    iptables: { masqueradeAll: false, syncPeriod: '0s' },
    ipvs: {
      excludeCIDRs: null,
      minSyncPeriod: '0s',
      scheduler: '',
      ...(strictArp === 'absent' ? {} : { strictARP: strictArp }),
      syncPeriod: '0s',
    },
    kind: 'KubeProxyConfiguration',
    mode,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-proxy', namespace: 'kube-system', labels: { app: 'kube-proxy' } },
    data: { 'config.conf': stringify(config), 'kubeconfig.conf': 'apiVersion: v1\nkind: Config\n' },
  };
}

export interface K3sOptions {
  /** Services that k3s's own load balancer serves too: a DaemonSet `svclb-...` for each. */
  readonly servedByK3s?: readonly string[];
  readonly nodes?: readonly KubeJson[];
}

/** kube-proxy is part of k3s itself: no ConfigMap, no DaemonSet. */
export const k3sCluster = ({ servedByK3s = ['traefik'], nodes = NODES }: K3sOptions = {}): readonly KubeJson[] => [
  ...bareCluster(nodes),
  ...servedByK3s.map((name) => {
    const labels = { app: `svclb-${name}-1a2b3c4d`, 'svccontroller.k3s.cattle.io/svcname': name };
    return daemonSet(`svclb-${name}-1a2b3c4d`, 'kube-system', labels, 'rancher/klipper-lb:v0.4.13');
  }),
];

/** Without kube-proxy. @param l2 Cilium's own announcements are there too: two kinds, each with an object */
export const ciliumCluster = ({
  l2 = false,
  nodes = NODES,
}: {
  readonly l2?: boolean;
  readonly nodes?: readonly KubeJson[];
} = {}): readonly KubeJson[] => [
  ...bareCluster(nodes),
  daemonSet('cilium', 'kube-system', { 'k8s-app': 'cilium' }, 'quay.io/cilium/cilium:v1.18.2'),
  ...(l2
    ? [
        definition('cilium.io', 'v2alpha1', 'CiliumL2AnnouncementPolicy', 'ciliuml2announcementpolicies', 'Cluster', {}),
        definition('cilium.io', 'v2', 'CiliumLoadBalancerIPPool', 'ciliumloadbalancerippools', 'Cluster', {}),
        {
          apiVersion: 'cilium.io/v2alpha1',
          kind: 'CiliumL2AnnouncementPolicy',
          metadata: { name: 'all' },
          spec: { loadBalancerIPs: true },
        },
        {
          apiVersion: 'cilium.io/v2',
          kind: 'CiliumLoadBalancerIPPool',
          metadata: { name: 'lan' },
          spec: { blocks: [{ cidr: '192.0.2.64/28' }] },
        },
      ]
    : []),
];

/** Beside a cluster's own objects; its controllers bring it up a moment later. */
export const withMetallb = (version: MetallbVersion = 'v0.15.3'): readonly KubeJson[] => metallbManifest(version);

export function definition(
  group: string,
  version: string,
  kind: string,
  plural: string,
  scope: 'Namespaced' | 'Cluster',
  properties: Readonly<Record<string, unknown>>,
): KubeJson {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open, ...properties } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope,
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  };
}

export function daemonSet(name: string, inNamespace: string, labels: Readonly<Record<string, string>>, image: string): KubeJson {
  const spec = { hostNetwork: true, containers: [{ name, image }], tolerations: [{ operator: 'Exists' }] };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: inNamespace, labels },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

export function deployment(name: string, replicas = 1, inNamespace = 'default'): KubeJson {
  const labels = { app: name };
  const containers = [{ name, image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', ports: [{ containerPort: 8080 }] }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: inNamespace, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

export const service = (
  name: string,
  spec: Readonly<Record<string, unknown>>,
  inNamespace = 'default',
  annotations: Readonly<Record<string, string>> = {},
): KubeJson => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: inNamespace, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
  spec,
});

/** In front of the deployment of the same name. */
export const loadBalancer = (name: string, more: Readonly<Record<string, unknown>> = {}, annotations = {}): KubeJson =>
  service(
    name,
    { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...more },
    'default',
    annotations,
  );

export const pool = (name: string, addresses: readonly string[], more: Readonly<Record<string, unknown>> = {}): KubeJson => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system' },
  spec: { addresses, ...more },
});

/** @param spec empty: all pools, on all nodes */
export const advertisement = (name: string, spec: Readonly<Record<string, unknown>> = {}): KubeJson => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name, namespace: 'metallb-system' },
  spec,
});
