/** MetalLB's objects as plain values. Decides nothing. */
import { at, boolAt, isObject, type KubeObject, listAt, numberAt, textAt, textMapAt, textsAt } from '../kube/objects.ts';
import type { Advertisement, ClusterPool, ConfigurationState, LabelSelector, Layer2Status } from '../types.ts';
import { readPoolAddresses } from './pool-addresses.ts';

export function readPool(object: KubeObject): ClusterPool {
  const written = textsAt(object, 'spec', 'addresses');
  const assigned = numberAt(object, 'status', 'assignedIPv4');
  const available = numberAt(object, 'status', 'availableIPv4');
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    labels: textMapAt(object, 'metadata', 'labels'),
    written,
    ...readPoolAddresses(written),
    autoAssign: boolAt(object, 'spec', 'autoAssign') ?? true,
    avoidBuggyIps: boolAt(object, 'spec', 'avoidBuggyIPs') ?? false,
    counters: assigned === null || available === null ? null : { assigned, available },
  };
}

export function readAdvertisement(object: KubeObject): Advertisement {
  const selectors = (name: string): readonly LabelSelector[] => listAt(object, 'spec', name).map(readSelector);
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    pools: textsAt(object, 'spec', 'ipAddressPools'),
    poolSelectors: selectors('ipAddressPoolSelectors'),
    nodeSelectors: selectors('nodeSelectors'),
    interfaces: textsAt(object, 'spec', 'interfaces'),
  };
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function readSelector(value: unknown): LabelSelector {
  return {
    matchLabels: textMapAt(value, 'matchLabels'),
    matchExpressions: listAt(value, 'matchExpressions').flatMap((one) => {
      const key = textAt(one, 'key');
      const operator = OPERATORS.find((known) => known === at(one, 'operator'));
      return isObject(one) && key !== null && operator !== undefined ? [{ key, operator, values: textsAt(one, 'values') }] : [];
    }),
  };
}

/** null for one that says of no Service who announces it. */
export function readLayer2Status(object: KubeObject): Layer2Status | null {
  const label = (name: string): string | null => textAt(object, 'metadata', 'labels', `metallb.io/${name}`);
  const node = textAt(object, 'status', 'node') ?? label('node');
  const name = textAt(object, 'status', 'serviceName') ?? label('service-name');
  const namespace = textAt(object, 'status', 'serviceNamespace') ?? label('service-namespace');
  if (node === null || name === null || namespace === null) return null;
  const interfaces = listAt(object, 'status', 'interfaces').flatMap((one) => textAt(one, 'name') ?? []);
  return { service: `${namespace}/${name}`, node, interfaces };
}

export function readConfigurationState(object: KubeObject): ConfigurationState {
  const result = textAt(object, 'status', 'result');
  return {
    name: object.metadata.name,
    result: result === 'Valid' || result === 'Invalid' ? result : 'Unknown',
    errorSummary: textAt(object, 'status', 'errorSummary') ?? '',
  };
}
