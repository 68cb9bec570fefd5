/**
 * `metallb` of the configuration: the cluster to ask, and pools and speakers for a guard that has none, or beside it. Shape and single
 * values; rules between them are in config-metallb-rules.ts.
 */
import { z } from 'zod';
import { networkOf, rangeOfCidr } from '../core/address/cidr.ts';
import { parseIpv4 } from '../core/address/ipv4.ts';
import { isGroupMac, type Mac, parseMac, ZERO_MAC } from '../core/address/mac.ts';
import { formatRange, type Ipv4Range, parseRange, sizeOf } from '../core/address/range.ts';
import { rangeSet } from '../core/address/range-set.ts';
import type { Pool, Speaker } from '../core/conflict/cluster-view.ts';
import { err, ok, type Result } from '../core/result.ts';
import * as field from './config-fields.ts';
import { expects, textField } from './text-field.ts';

/** A /16, as for a segment: more is never meant, and would fill the lists of addresses with nothing. */
export const LARGEST_POOL = 65_536;

export const MOST_POOLS = 64;
export const MOST_RANGES = 256;

export const DEFAULT_NAMESPACE = 'metallb-system';

// Names of Kubernetes objects: RFC 1123 subdomains.
const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const objectName = (what: string, description: string) => {
  const expected = `the name of a ${what}, as Kubernetes has it: lower case letters, digits, hyphens and dots`;
  return textField(expected, { description, pattern: OBJECT_NAME.source }, (text) =>
    OBJECT_NAME.test(text) ? ok(text) : err(`expected ${expected}`),
  );
};

/** MetalLB masks host bits away without a word, so that an admin gets a pool that was never meant: refused here, by name. */
function readPoolRange(text: string): Result<Ipv4Range> {
  if (text.includes(':')) return err(`"${text}" is IPv6: only IPv4 is guarded, leave it out`);
  const [left = '', length = ''] = text.trim().split('/');
  const address = parseIpv4(left);
  if (address.ok && /^\d{1,2}$/.test(length) && Number(length) <= 32) {
    const network = networkOf(address.value, Number(length));
    const taken = formatRange(rangeOfCidr(network));
    if (network.network !== address.value) {
      return err(`"${text}" has host bits set: MetalLB takes it as ${taken}; write the range or the network that is meant`);
    }
  }
  const range = parseRange(text);
  if (!range.ok) return range;
  if (range.value.first >>> 24 === 0 || range.value.last >>> 24 >= 224) return err('expected unicast addresses');
  const size = sizeOf(range.value);
  return size <= LARGEST_POOL ? range : err(`expected at most ${LARGEST_POOL} addresses (these are ${size})`);
}

export const poolRange = textField<Ipv4Range>(
  'a range or a network, like 192.0.2.200-192.0.2.210 or 192.0.2.224/28',
  { description: 'FIRST-LAST or ADDRESS/LENGTH, as an IPAddressPool has it' },
  readPoolRange,
);

export const speakerMac = textField<Mac>(
  'the MAC address of a node, like 52:54:00:12:34:56',
  { description: "The MAC address of a node's interface" },
  (text) => {
    const mac = parseMac(text);
    if (!mac.ok) return mac;
    return isGroupMac(mac.value) || mac.value === ZERO_MAC
      ? err('expected the MAC address of one node (this one is nobody, or a group)')
      : mac;
  },
);

const pool = field
  .mapping(
    {
      name: objectName('pool', 'The name of the IPAddressPool'),
      addresses: z
        .array(poolRange, expects('a list of ranges or networks'))
        .min(1, expects('at least one range or network'))
        .max(MOST_RANGES, expects(`at most ${MOST_RANGES} ranges or networks`)),
    },
    'a mapping with name and addresses',
  )
  .transform(({ name, addresses }): Pool => ({ name, addresses: rangeSet(addresses) }));

const speaker = z
  .union(
    [
      speakerMac.transform((mac): Speaker => ({ mac, node: null })),
      field
        .mapping(
          { mac: speakerMac, node: objectName('node', 'The node that it belongs to').optional() },
          'a MAC address, or a mapping with mac and node',
        )
        .transform(({ mac, node }): Speaker => ({ mac, node: node ?? null })),
    ],
    expects('a MAC address, or a mapping with mac and node'),
  )
  .meta({ description: 'A MAC address that may answer for pool addresses; MACs of one node have the same `node`' });

export const metallbSchema = field.mapping(
  {
    cluster: field
      .choice(['auto', 'off'], 'auto: the cluster of the kubeconfig is read, where there is one; off: none is')
      .default('auto'),
    kubeconfig: field
      .absolutePath('The kubeconfig of the cluster; default: $KUBECONFIG, ~/.kube/config, or the service account of the pod')
      .optional()
      .transform((path) => path ?? null),
    context: field
      .shortText(253, "A context of the kubeconfig; default: the kubeconfig's own")
      .optional()
      .transform((name) => name ?? null),
    namespace: objectName('namespace', "MetalLB's namespace").prefault(DEFAULT_NAMESPACE),
    pools: field.list(pool, MOST_POOLS, 'pools').prefault([]).meta({ description: 'What is guarded' }),
    speakers: field.list(speaker, 1024, 'speakers').prefault([]).meta({ description: 'Who may answer for it' }),
  },
  'a mapping with cluster, kubeconfig, context, namespace, pools and speakers',
);
