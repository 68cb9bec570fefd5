/**
 * The schemas of MetalLB's kinds, as its CustomResourceDefinitions have them: in full for pools, layer 2 and states, open for the BGP
 * kinds.
 */
import type { JsonObject } from './json.ts';

const text = { type: 'string' };
const texts = { type: 'array', items: text };
const flag = (preset: boolean): JsonObject => ({ type: 'boolean', default: preset });
const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
});

const LABEL_SELECTOR: JsonObject = {
  ...object({
    matchLabels: { type: 'object', additionalProperties: text },
    matchExpressions: {
      type: 'array',
      items: object({ key: text, operator: text, values: { ...texts, 'x-kubernetes-list-type': 'atomic' } }, ['key', 'operator']),
      'x-kubernetes-list-type': 'atomic',
    },
  }),
  'x-kubernetes-map-type': 'atomic',
};
const selectors = { type: 'array', items: LABEL_SELECTOR };
const count = { type: 'integer', format: 'int64' };
const OPEN: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const IP_ADDRESS_POOL = object(
  {
    spec: object(
      {
        addresses: texts,
        autoAssign: flag(true),
        avoidBuggyIPs: flag(false),
        serviceAllocation: object({
          namespaceSelectors: selectors,
          namespaces: texts,
          priority: { type: 'integer' },
          serviceSelectors: selectors,
        }),
      },
      ['addresses'],
    ),
    status: object({ assignedIPv4: count, assignedIPv6: count, availableIPv4: count, availableIPv6: count }, [
      'assignedIPv4',
      'assignedIPv6',
      'availableIPv4',
      'availableIPv6',
    ]),
  },
  ['spec'],
);

const l2Advertisement = (hasServiceSelectors: boolean): JsonObject =>
  object({
    spec: object({
      interfaces: texts,
      ipAddressPoolSelectors: selectors,
      ipAddressPools: texts,
      nodeSelectors: selectors,
      ...(hasServiceSelectors ? { serviceSelectors: selectors } : {}),
    }),
    status: OPEN,
  });

const immutable = { ...text, 'x-kubernetes-validations': [{ message: 'Value is immutable', rule: 'self == oldSelf' }] };

const SERVICE_L2_STATUS = object({
  spec: object({}),
  status: object({
    interfaces: { type: 'array', items: object({ name: text }) },
    node: immutable,
    serviceName: immutable,
    serviceNamespace: immutable,
  }),
});

const CONFIGURATION_STATE = object({
  status: object({
    conditions: { type: 'array', items: OPEN, 'x-kubernetes-list-map-keys': ['type'], 'x-kubernetes-list-type': 'map' },
    errorSummary: text,
    result: { ...text, enum: ['Valid', 'Invalid', 'Unknown'] },
  }),
});

const SOME = object({ spec: OPEN, status: OPEN });

export interface MetallbKind {
  readonly kind: string;
  readonly plural: string;
  /** The newest is stored. */
  readonly versions: readonly string[];
  readonly schema: JsonObject;
}

/** @param hasServiceSelectors from 0.16 on */
export const metallbKinds = (hasServiceSelectors: boolean): readonly MetallbKind[] => {
  const one = (kind: string, plural: string, schema: JsonObject = SOME, versions = ['v1beta1']): MetallbKind => ({
    kind,
    plural,
    versions,
    schema,
  });
  return [
    one('BFDProfile', 'bfdprofiles'),
    one('BGPAdvertisement', 'bgpadvertisements'),
    one('BGPPeer', 'bgppeers', SOME, ['v1beta1', 'v1beta2']),
    one('Community', 'communities'),
    one('ConfigurationState', 'configurationstates', CONFIGURATION_STATE),
    one('IPAddressPool', 'ipaddresspools', IP_ADDRESS_POOL),
    one('L2Advertisement', 'l2advertisements', l2Advertisement(hasServiceSelectors)),
    one('ServiceBGPStatus', 'servicebgpstatuses'),
    one('ServiceL2Status', 'servicel2statuses', SERVICE_L2_STATUS),
  ];
};
