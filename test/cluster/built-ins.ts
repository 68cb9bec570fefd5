/**
 * What the server itself fills in and checks of built-in kinds, as far as somebody who reads them relies on it: Services above all.
 * Unknown fields of built-in kinds are kept; values are hardly checked.
 */
import { at, isObject, type KubeJson, listAt, nameOf, numberAt, objectAt, same, textAt, withAt } from './json.ts';
import type { Resource } from './resources.ts';
import type { Cause } from './status.ts';

/** Gives Services addresses and ports of the cluster's own. */
export interface ServiceNumbers {
  clusterIp(): string;
  nodePort(): number;
}

export function createServiceNumbers(): ServiceNumbers {
  let [address, port] = [0, 0];
  return {
    // 198.51.100.128/25 stands for the range of a cluster's Services.
    clusterIp: () => `198.51.100.${128 + (++address % 126)}`,
    nodePort: () => 30_000 + (++port % 2768),
  };
}

export function withDefaults(resource: Resource, object: KubeJson, before: KubeJson | null, numbers: ServiceNumbers): KubeJson {
  switch (resource.kind) {
    case 'Service':
      return resource.group === '' ? serviceWithDefaults(object, before, numbers) : object;
    case 'Namespace':
      return withAt(withAt(object, ['spec'], { finalizers: ['kubernetes'] }), ['status'], {
        phase: 'Active',
        ...objectAt(object, 'status'),
      });
    case 'Secret':
      return secretWithData(object);
    case 'Deployment':
      return withAt(podTemplateWithDefaults(object), ['spec'], {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        ...objectAt(podTemplateWithDefaults(object), 'spec'),
      });
    case 'DaemonSet':
      return withAt(podTemplateWithDefaults(object), ['spec'], {
        revisionHistoryLimit: 10,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
        ...objectAt(podTemplateWithDefaults(object), 'spec'),
      });
    case 'ValidatingWebhookConfiguration':
      return withAt(
        object,
        ['webhooks'],
        listAt(object, 'webhooks').map((one) => ({
          failurePolicy: 'Fail',
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
          timeoutSeconds: 10,
          ...objectAt({ one }, 'one'),
        })),
      );
    default:
      return object;
  }
}

const podTemplateWithDefaults = (object: KubeJson): KubeJson =>
  withAt(object, ['spec', 'template', 'spec'], {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
    ...objectAt(object, 'spec', 'template', 'spec'),
  });

/** `stringData` is for writing only. */
function secretWithData(object: KubeJson): KubeJson {
  const texts = Object.entries(objectAt(object, 'stringData')).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ]);
  const typed = { ...object, type: textAt(object, 'type') ?? 'Opaque' };
  if (texts.length === 0) return typed;
  return withAt(
    withAt(typed, ['data'], { ...objectAt(object, 'data'), ...Object.fromEntries(texts) }),
    ['stringData'],
    undefined,
  );
}

function serviceWithDefaults(object: KubeJson, before: KubeJson | null, numbers: ServiceNumbers): KubeJson {
  const spec = objectAt(object, 'spec');
  const type = textAt(spec, 'type') ?? 'ClusterIP';
  const isOutside = type === 'LoadBalancer' || type === 'NodePort';
  const clusterIp =
    textAt(spec, 'clusterIP') ?? textAt(before, 'spec', 'clusterIP') ?? (type === 'ExternalName' ? '' : numbers.clusterIp());
  const oldPorts = listAt(before, 'spec', 'ports');
  const wantsNodePorts = isOutside && at(spec, 'allocateLoadBalancerNodePorts') !== false;
  const ports = listAt(spec, 'ports').map((port) => {
    const number = numberAt(port, 'port') ?? 0;
    const protocol = textAt(port, 'protocol') ?? 'TCP';
    const old = oldPorts.find((one) => numberAt(one, 'port') === number && (textAt(one, 'protocol') ?? 'TCP') === protocol);
    const nodePort = wantsNodePorts ? (numberAt(port, 'nodePort') ?? numberAt(old, 'nodePort') ?? numbers.nodePort()) : undefined;
    return { protocol, targetPort: number, ...objectAt({ port }, 'port'), ...(nodePort === undefined ? {} : { nodePort }) };
  });
  const filled = {
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ...(isOutside ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ...spec,
    type,
    ports,
    ...(clusterIp === '' ? {} : { clusterIP: clusterIp, clusterIPs: [clusterIp] }),
  };
  return withAt(withAt(object, ['spec'], filled), ['status'], { loadBalancer: {}, ...objectAt(object, 'status') });
}

const required = (field: string): Cause => ({ reason: 'FieldValueRequired', message: 'Required value', field });

/** What the real server would not take; a few of many checks. */
export function builtInCauses(resource: Resource, object: KubeJson, before: KubeJson | null): readonly Cause[] {
  switch (resource.kind) {
    case 'Service': {
      const needsPorts = textAt(object, 'spec', 'type') !== 'ExternalName' && textAt(object, 'spec', 'clusterIP') !== 'None';
      return needsPorts && listAt(object, 'spec', 'ports').length === 0 ? [required('spec.ports')] : [];
    }
    case 'Deployment':
    case 'DaemonSet': {
      const selector = at(object, 'spec', 'selector');
      if (!isObject(selector)) return [required('spec.selector')];
      const old = at(before, 'spec', 'selector');
      if (before !== null && !same(old, selector)) {
        return [
          {
            reason: 'FieldValueInvalid',
            message: `Invalid value: ${JSON.stringify(selector)}: field is immutable`,
            field: 'spec.selector',
          },
        ];
      }
      return listAt(object, 'spec', 'template', 'spec', 'containers').length === 0
        ? [required('spec.template.spec.containers')]
        : [];
    }
    case 'CustomResourceDefinition': {
      const wanted = `${textAt(object, 'spec', 'names', 'plural') ?? ''}.${textAt(object, 'spec', 'group') ?? ''}`;
      if (nameOf(object) === wanted) return [];
      const message = `Invalid value: "${nameOf(object)}": must be spec.names.plural+"."+spec.group`;
      return [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }];
    }
    default:
      return [];
  }
}
