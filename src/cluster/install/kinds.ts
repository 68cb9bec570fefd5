/**
 * The kinds that MetalLB's manifest is made of, in the order in which they are applied: what a later one needs comes first.
 */
import { printable } from '../../core/text.ts';
import type { KubeObject } from '../kube/objects.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';

const rbac = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const core = (plural: string, kind: string): Resource => ({ group: '', version: 'v1', plural, kind, namespaced: true });

export const MANIFEST_KINDS: readonly Resource[] = [
  RESOURCES.namespaces,
  RESOURCES.crds,
  core('serviceaccounts', 'ServiceAccount'),
  rbac('roles', 'Role', true),
  rbac('clusterroles', 'ClusterRole', false),
  rbac('rolebindings', 'RoleBinding', true),
  rbac('clusterrolebindings', 'ClusterRoleBinding', false),
  RESOURCES.configMaps,
  RESOURCES.secrets,
  RESOURCES.services,
  { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', kind: 'NetworkPolicy', namespaced: true },
  RESOURCES.deployments,
  RESOURCES.daemonSets,
  // Last: from then on the API server asks MetalLB about every pool.
  RESOURCES.validatingWebhooks,
];

export interface ManifestObject {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** For people: `Deployment metallb-system/controller`. */
export const nameOf = ({ kind, metadata: { name, namespace } }: KubeObject): string =>
  printable(`${kind ?? 'object'} ${namespace === undefined ? '' : `${namespace}/`}${name}`, 200);
