/**
 * Whether objects are MetalLB's: by kind, name, namespace, image, and by what their RBAC gives to whom. A guard against the wrong file,
 * and against one that brings more with it; no proof of where it comes from. Pure.
 */
import { type KubeObject, listAt, textAt, textsAt } from '../kube/objects.ts';
import { type ManifestObject, nameOf } from './kinds.ts';

const GROUPS = ['metallb.io', 'frrk8s.metallb.io'];
/** Kinds of which it has exactly these; all others it may have more of. */
const MUST_HAVE = [
  { kind: 'Deployment', name: 'controller', image: 'controller' },
  { kind: 'DaemonSet', name: 'speaker', image: 'speaker' },
] as const;
const NAMES: Readonly<Record<string, RegExp>> = {
  CustomResourceDefinition: /\.metallb\.io$/,
  ValidatingWebhookConfiguration: /^(metallb|frr-k8s)-/,
  ClusterRole: /^(metallb|frr-k8s|metallb-system:.+)/,
  ClusterRoleBinding: /^(metallb|frr-k8s|metallb-system:.+)/,
  Deployment: /^(controller|frr-k8s-.+)$/,
  DaemonSet: /^(speaker|frr-k8s.*)$/,
};

/** `quay.io/metallb/speaker:v0.15.3`, or the same from a mirror. */
export const isMetallbImage = (image: string): boolean => /(?:^|\/)metallb\/(?:controller|speaker)(?:[:@]|$)/.test(image);

/** What does not belong, one sentence each; empty for MetalLB's manifest. @param namespace that it makes */
export function strangeObjects(objects: readonly ManifestObject[], namespace: string): readonly string[] {
  return [
    ...duplicates(objects),
    ...objects.flatMap((one) => strangeObject(one, objects, namespace)),
    ...missing(objects, namespace),
  ];
}

function duplicates(objects: readonly ManifestObject[]): readonly string[] {
  const seen = new Set<string>();
  return objects.flatMap(({ object }) => {
    const name = nameOf(object);
    if (seen.has(name)) return [`${name}: it is there twice`];
    seen.add(name);
    return [];
  });
}

function strangeObject(
  { resource, object }: ManifestObject,
  objects: readonly ManifestObject[],
  namespace: string,
): readonly string[] {
  const name = nameOf(object);
  const why = (text: string): readonly string[] => [`${name}: ${text}`];
  if (resource.namespaced && object.metadata.namespace !== namespace) return why(`it is not in the namespace ${namespace}`);
  if (!(NAMES[resource.kind] ?? /^/).test(object.metadata.name)) return why('MetalLB has none of that name');
  switch (resource.kind) {
    case 'CustomResourceDefinition':
      return GROUPS.includes(textAt(object, 'spec', 'group') ?? '') ? [] : why('its group is not metallb.io');
    case 'ValidatingWebhookConfiguration':
      return callsElsewhere(object, namespace) ? why('it calls something outside of the namespace') : [];
    case 'ClusterRole':
      return givesAll(object) ? why('it gives every right on everything') : [];
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      return bindingProblem(object, objects, namespace).flatMap(why);
    case 'Service':
      return textAt(object, 'spec', 'type') === 'LoadBalancer' ? why('MetalLB has no Service of type LoadBalancer') : [];
    default:
      return [];
  }
}

const callsElsewhere = (object: KubeObject, namespace: string): boolean =>
  listAt(object, 'webhooks').some(
    (webhook) =>
      textAt(webhook, 'clientConfig', 'url') !== null || textAt(webhook, 'clientConfig', 'service', 'namespace') !== namespace,
  );

const givesAll = (object: KubeObject): boolean =>
  listAt(object, 'rules').some((rule) => textsAt(rule, 'apiGroups').includes('*') && textsAt(rule, 'resources').includes('*'));

function bindingProblem(object: KubeObject, objects: readonly ManifestObject[], namespace: string): readonly string[] {
  const [kind, role] = [textAt(object, 'roleRef', 'kind'), textAt(object, 'roleRef', 'name')];
  const ownRole = objects.some((one) => one.resource.kind === kind && one.object.metadata.name === role);
  const strangers = listAt(object, 'subjects').some(
    (subject) => textAt(subject, 'kind') !== 'ServiceAccount' || textAt(subject, 'namespace') !== namespace,
  );
  return [
    ...(ownRole ? [] : [`it gives the rights of ${kind ?? ''} ${role ?? ''}, which is not in the manifest`]),
    ...(strangers ? ['it gives rights to somebody outside of the namespace'] : []),
  ];
}

function missing(objects: readonly ManifestObject[], namespace: string): readonly string[] {
  const crd = objects.some(({ object }) => object.metadata.name === 'ipaddresspools.metallb.io');
  const workloads = MUST_HAVE.flatMap(({ kind, name, image }) => {
    const found = objects.find(
      ({ resource, object }) =>
        resource.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace,
    );
    if (found === undefined) return [`it has no ${kind} ${name}`];
    const container = listAt(found.object, 'spec', 'template', 'spec', 'containers').find((one) => textAt(one, 'name') === name);
    const of = textAt(container, 'image') ?? '';
    return new RegExp(`(?:^|/)metallb/${image}(?:[:@]|$)`).test(of)
      ? []
      : [`${kind} ${name}: its image is not metallb/${image}, but "${of}"`];
  });
  return [...(crd ? [] : ['it has no CustomResourceDefinition ipaddresspools.metallb.io']), ...workloads];
}
