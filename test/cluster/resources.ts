/**
 * The kinds that an API server serves: the built-in ones, and those that its CustomResourceDefinitions bring once they are established.
 */
import { at, isObject, type JsonObject, type KubeJson, listAt, textAt, textsAt } from './json.ts';

export interface Resource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Has a status of its own, which the main resource does not change. */
  readonly hasStatus: boolean;
  /** Counts its generations. */
  readonly counted: boolean;
  /** The schema of a custom resource; null: built in. */
  readonly schema: JsonObject | null;
}

export const groupVersionOf = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);
/** Where its objects lie in the store, whatever the version. */
export const bucketOf = ({ group, plural }: { readonly group: string; readonly plural: string }): string => `${group}/${plural}`;
export const CRDS = bucketOf({ group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' });

type Flags = 'cluster' | 'status' | 'counted';

function builtIn(groupVersion: string, kind: string, plural: string, shortNames = '', ...flags: readonly Flags[]): Resource {
  const [first = '', second] = groupVersion.split('/');
  return {
    group: second === undefined ? '' : first,
    version: second ?? first,
    plural,
    singular: kind.toLowerCase(),
    kind,
    shortNames: shortNames === '' ? [] : shortNames.split(','),
    namespaced: !flags.includes('cluster'),
    hasStatus: flags.includes('status'),
    counted: flags.includes('counted'),
    schema: null,
  };
}

const RBAC = 'rbac.authorization.k8s.io/v1';

const BUILT_IN: readonly Resource[] = [
  builtIn('v1', 'Namespace', 'namespaces', 'ns', 'cluster', 'status'),
  builtIn('v1', 'Node', 'nodes', 'no', 'cluster', 'status'),
  builtIn('v1', 'Service', 'services', 'svc', 'status'),
  builtIn('v1', 'Endpoints', 'endpoints', 'ep'),
  builtIn('v1', 'Pod', 'pods', 'po', 'status'),
  builtIn('v1', 'ConfigMap', 'configmaps', 'cm'),
  builtIn('v1', 'Secret', 'secrets'),
  builtIn('v1', 'ServiceAccount', 'serviceaccounts', 'sa'),
  builtIn('v1', 'Event', 'events', 'ev'),
  builtIn('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', '', 'counted'),
  builtIn('apps/v1', 'Deployment', 'deployments', 'deploy', 'status', 'counted'),
  builtIn('apps/v1', 'DaemonSet', 'daemonsets', 'ds', 'status', 'counted'),
  builtIn('apps/v1', 'ReplicaSet', 'replicasets', 'rs', 'status', 'counted'),
  builtIn(RBAC, 'Role', 'roles'),
  builtIn(RBAC, 'RoleBinding', 'rolebindings'),
  builtIn(RBAC, 'ClusterRole', 'clusterroles', '', 'cluster'),
  builtIn(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', '', 'cluster'),
  builtIn(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    'crd,crds',
    'cluster',
    'status',
    'counted',
  ),
  builtIn(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    '',
    'cluster',
    'counted',
  ),
];

const customOf = new WeakMap<KubeJson, readonly Resource[]>();

/** What an established definition serves; nothing before it is. */
function customResources(definition: KubeJson): readonly Resource[] {
  const known = customOf.get(definition);
  if (known !== undefined) return known;
  const made = isEstablished(definition)
    ? listAt(definition, 'spec', 'versions').flatMap((one) => customVersion(definition, one))
    : [];
  customOf.set(definition, made);
  return made;
}

export const isEstablished = (definition: KubeJson): boolean =>
  listAt(definition, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === 'Established' && textAt(one, 'status') === 'True',
  );

function customVersion(definition: KubeJson, version: unknown): readonly Resource[] {
  if (at(version, 'served') !== true) return [];
  const schema = at(version, 'schema', 'openAPIV3Schema');
  return [
    {
      group: textAt(definition, 'spec', 'group') ?? '',
      version: textAt(version, 'name') ?? '',
      plural: textAt(definition, 'spec', 'names', 'plural') ?? '',
      singular: textAt(definition, 'spec', 'names', 'singular') ?? '',
      kind: textAt(definition, 'spec', 'names', 'kind') ?? '',
      shortNames: textsAt(definition, 'spec', 'names', 'shortNames'),
      namespaced: textAt(definition, 'spec', 'scope') === 'Namespaced',
      hasStatus: at(version, 'subresources', 'status') !== undefined,
      counted: true,
      schema: isObject(schema) ? schema : {},
    },
  ];
}

export interface Resources {
  all(): readonly Resource[];
  find(group: string, version: string, plural: string): Resource | undefined;
  /** By kind; of several versions the first. */
  ofKind(kind: string, apiVersion?: string): Resource | undefined;
}

/** @param definitions the CustomResourceDefinitions of this moment */
export function createResources(definitions: () => readonly KubeJson[]): Resources {
  const all = (): readonly Resource[] => [...BUILT_IN, ...definitions().flatMap(customResources)];
  return {
    all,
    find: (group, version, plural) =>
      all().find((one) => one.plural === plural && one.group === group && one.version === version),
    ofKind: (kind, apiVersion) =>
      all().find((one) => one.kind === kind && (apiVersion === undefined || groupVersionOf(one) === apiVersion)),
  };
}
