/**
 * A manifest that installs MetalLB on the double, with the objects of the official one and nothing of its text: names, kinds, labels,
 * rights and wiring as far as somebody looks at them. Not fit for a real cluster.
 */
import { stringify } from 'yaml';
import type { JsonObject, KubeJson } from './json.ts';
import { type MetallbKind, metallbKinds } from './metallb-schemas.ts';

export type MetallbVersion = 'v0.15.3' | 'v0.16.1';

const NAMESPACE = 'metallb-system';
const RBAC = 'rbac.authorization.k8s.io/v1';
const APP = { app: 'metallb' };

/** 26 objects, in the order in which they are applied. */
export function metallbManifest(version: MetallbVersion): readonly KubeJson[] {
  const isNew = version === 'v0.16.1';
  const kinds = metallbKinds(isNew);
  return [
    make('v1', 'Namespace', 'metallb-system', '', {}, privileged()),
    ...kinds.map(definitionOf),
    make('v1', 'ServiceAccount', 'controller', NAMESPACE),
    make('v1', 'ServiceAccount', 'speaker', NAMESPACE),
    ...roles(),
    make('v1', 'ConfigMap', 'metallb-excludel2', NAMESPACE, { data: { 'excludel2.yaml': stringify(EXCLUDED) } }),
    make('v1', 'Secret', 'metallb-webhook-cert', NAMESPACE),
    make('v1', 'Service', 'metallb-webhook-service', NAMESPACE, {
      spec: { ports: [{ port: 443, targetPort: 9443 }], selector: { component: 'controller' } },
    }),
    controller(version, isNew),
    speaker(version, isNew),
    webhooks(),
  ];
}

export const metallbManifestYaml = (version: MetallbVersion): string =>
  metallbManifest(version)
    .map((object) => stringify(object))
    .join('---\n');

const EXCLUDED = {
  announcedInterfacesToExclude: ['^docker.*', '^cbr.*', '^dummy.*', '^virbr.*', '^lxcbr.*', '^veth.*', '^lo$', '^cali.*'],
};

function make(
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string,
  body: JsonObject = {},
  labels: Readonly<Record<string, string>> = APP,
): KubeJson {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }), labels };
  return { apiVersion, kind, metadata, ...body };
}

const privileged = (): Readonly<Record<string, string>> =>
  Object.fromEntries(['enforce', 'audit', 'warn'].map((what) => [`pod-security.kubernetes.io/${what}`, 'privileged']));

function definitionOf({ kind, plural, versions, schema }: MetallbKind): KubeJson {
  return make('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.metallb.io`, '', {
    spec: {
      group: 'metallb.io',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: 'Namespaced',
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === versions.at(-1),
        schema: { openAPIV3Schema: schema },
        subresources: { status: {} },
      })),
    },
  });
}

function roles(): readonly KubeJson[] {
  const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]): JsonObject => ({
    apiGroups,
    resources,
    verbs,
  });
  const read = ['get', 'list', 'watch'];
  const bind = (kind: 'RoleBinding' | 'ClusterRoleBinding', name: string, to: string, account: string): KubeJson =>
    make(RBAC, kind, name, kind === 'RoleBinding' ? NAMESPACE : '', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: kind.replace('Binding', ''), name: to },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: NAMESPACE }],
    });
  return [
    make(RBAC, 'Role', 'controller', NAMESPACE, {
      rules: [rule([''], ['secrets'], ['create', ...read]), rule(['metallb.io'], ['*'], read)],
    }),
    make(RBAC, 'Role', 'pod-lister', NAMESPACE, {
      rules: [rule([''], ['pods'], ['get', 'list']), rule(['metallb.io'], ['*'], read)],
    }),
    make(RBAC, 'ClusterRole', 'metallb-system:controller', '', {
      rules: [rule([''], ['services', 'services/status', 'nodes'], [...read, 'update'])],
    }),
    make(RBAC, 'ClusterRole', 'metallb-system:speaker', '', { rules: [rule([''], ['services', 'nodes', 'namespaces'], read)] }),
    bind('RoleBinding', 'controller', 'controller', 'controller'),
    bind('RoleBinding', 'pod-lister', 'pod-lister', 'speaker'),
    bind('ClusterRoleBinding', 'metallb-system:controller', 'metallb-system:controller', 'controller'),
    bind('ClusterRoleBinding', 'metallb-system:speaker', 'metallb-system:speaker', 'speaker'),
  ];
}

/** Metrics moved, and got a door of their own, in 0.16. */
const portsOf = (isNew: boolean): readonly JsonObject[] =>
  isNew
    ? [
        { name: 'metricshttps', containerPort: 9120 },
        { name: 'health', containerPort: 17472 },
      ]
    : [{ name: 'monitoring', containerPort: 7472 }];

function controller(version: string, isNew: boolean): KubeJson {
  const labels = { ...APP, component: 'controller' };
  const ports = [...portsOf(isNew), { name: 'webhook-server', containerPort: 9443, protocol: 'TCP' }];
  const container = {
    name: 'controller',
    image: `quay.io/metallb/controller:${version}`,
    args: isNew ? ['--port=9120', '--log-level=info'] : ['--port=7472', '--log-level=info'],
    ports,
    volumeMounts: [{ name: 'cert', mountPath: '/tmp/k8s-webhook-server/serving-certs', readOnly: true }],
  };
  const pod = {
    serviceAccountName: 'controller',
    containers: [container],
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    securityContext: { runAsNonRoot: true, runAsUser: 65534 },
    volumes: [{ name: 'cert', secret: { secretName: 'metallb-webhook-cert' } }],
  };
  return make(
    'apps/v1',
    'Deployment',
    'controller',
    NAMESPACE,
    { spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } } },
    labels,
  );
}

function speaker(version: string, isNew: boolean): KubeJson {
  const labels = { ...APP, component: 'speaker' };
  const container = {
    name: 'speaker',
    image: `quay.io/metallb/speaker:${version}`,
    args: isNew ? ['--port=9120', '--log-level=info'] : ['--port=7472', '--log-level=info'],
    ports: [
      ...portsOf(isNew),
      { name: 'memberlist-tcp', containerPort: 7946 },
      { name: 'memberlist-udp', containerPort: 7946, protocol: 'UDP' },
    ],
    securityContext: { capabilities: { add: ['NET_RAW'], drop: ['ALL'] } },
    volumeMounts: [
      { name: 'memberlist', mountPath: '/etc/ml_secret_key' },
      { name: 'metallb-excludel2', mountPath: '/etc/metallb' },
    ],
  };
  const pod = {
    serviceAccountName: 'speaker',
    hostNetwork: true,
    containers: [container],
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: ['master', 'control-plane'].map((role) => ({
      key: `node-role.kubernetes.io/${role}`,
      effect: 'NoSchedule',
      operator: 'Exists',
    })),
    volumes: [
      { name: 'memberlist', secret: { secretName: 'memberlist' } },
      { name: 'metallb-excludel2', configMap: { name: 'metallb-excludel2' } },
    ],
  };
  return make(
    'apps/v1',
    'DaemonSet',
    'speaker',
    NAMESPACE,
    { spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } } },
    labels,
  );
}

function webhooks(): KubeJson {
  const one = (singular: string, plural: string, version = 'v1beta1'): JsonObject => ({
    name: `${singular}validationwebhook.metallb.io`,
    admissionReviewVersions: ['v1'],
    clientConfig: {
      service: { name: 'metallb-webhook-service', namespace: NAMESPACE, path: `/validate-metallb-io-${version}-${singular}` },
    },
    failurePolicy: 'Fail',
    rules: [{ apiGroups: ['metallb.io'], apiVersions: [version], operations: ['CREATE', 'UPDATE'], resources: [plural] }],
    sideEffects: 'None',
  });
  return make('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'metallb-webhook-configuration', '', {
    webhooks: [
      one('bgppeer', 'bgppeers', 'v1beta2'),
      one('bfdprofile', 'bfdprofiles'),
      one('bgpadvertisement', 'bgpadvertisements'),
      one('community', 'communities'),
      one('ipaddresspool', 'ipaddresspools'),
      one('l2advertisement', 'l2advertisements'),
    ],
  });
}
