/** Nodes as plain values. */
import { type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { type KubeObject, listAt, textAt, textMapAt, textsAt } from '../kube/objects.ts';
import type { ClusterNode } from '../types.ts';

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

export function readNode(object: KubeObject): ClusterNode {
  const addresses = (type: string): readonly Ipv4[] =>
    listAt(object, 'status', 'addresses').flatMap((one) => {
      const address = textAt(one, 'type') === type ? parseIpv4(textAt(one, 'address') ?? '') : null;
      return address?.ok === true ? [address.value] : [];
    });
  const isTrue = (type: string): boolean =>
    listAt(object, 'status', 'conditions').some((one) => textAt(one, 'type') === type && textAt(one, 'status') === 'True');
  const labels = textMapAt(object, 'metadata', 'labels');
  return {
    name: object.metadata.name,
    internalAddresses: addresses('InternalIP'),
    externalAddresses: addresses('ExternalIP'),
    labels,
    excluded: EXCLUDE_LABEL in labels,
    networkUnavailable: isTrue('NetworkUnavailable'),
    ready: isTrue('Ready'),
    podCidrs: textsAt(object, 'spec', 'podCIDRs'),
  };
}
