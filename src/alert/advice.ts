/**
 * What to do about a conflict, most useful first: one line each, with the command to run. Pure. Text that a stranger chose never
 * becomes a part of a command.
 */
import { formatIpv4 } from '../core/address/ipv4.ts';
import { isLocalMac } from '../core/address/mac.ts';
import { formatRange } from '../core/address/range.ts';
import type { Conflict } from '../core/conflict/types.ts';
import { sourceBit } from '../core/evidence/sighting.ts';

const DHCP_SOURCES = (['dhcp-request', 'dhcp-ack', 'dhcp-offer', 'lease-file'] as const).reduce(
  (bits, source) => bits | sourceBit(source),
  0,
);
/** What Kubernetes allows as `namespace/name`: nothing else goes into a command that somebody will paste. */
const SERVICE_NAME = /^([a-z0-9][a-z0-9-]{0,62})\/([a-z0-9][a-z0-9-]{0,62})$/;

export function adviceFor(conflict: Conflict): string[] {
  const advice = kindAdvice(conflict);
  advice.push(`See everything that is known of the address: freehold history ${formatIpv4(conflict.address)}`);
  advice.push(`Tell the others that you are on it: freehold conflicts acknowledge ${conflict.id}`);
  return advice;
}

function kindAdvice(conflict: Conflict): string[] {
  const address = formatIpv4(conflict.address);
  switch (conflict.kind) {
    case 'imminent':
      return [
        `Nothing is lost yet: keep the device from using ${address}. ${dhcpAdvice(conflict)}`,
        ...findDevice(conflict),
        excludeAdvice(address),
      ];
    case 'squatter':
      return [...findDevice(conflict), originAdvice(conflict), excludeAdvice(address)];
    case 'contested':
      return [
        `Traffic for ${conflict.service === null ? 'the Service' : 'this Service'} reaches the wrong device: disconnect it.`,
        ...findDevice(conflict),
        originAdvice(conflict),
        'If the device cannot be moved, move the Service: set its annotation metallb.io/loadBalancerIPs to another address.',
      ];
    case 'split-brain':
      return [
        'See whom MetalLB wants to announce it: kubectl -n metallb-system get servicel2statuses',
        'kube-proxy in IPVS mode needs strictARP: kubectl -n kube-system get configmap kube-proxy -o yaml | grep strictARP',
        'Speakers must reach each other on port 7946, TCP and UDP: kubectl -n metallb-system logs -l component=speaker --tail=100',
      ];
    case 'scope-overlap': {
      const part = conflict.detail.overlap === undefined ? address : formatRange(conflict.detail.overlap);
      return [
        `Narrow the scope of the DHCP server, or exclude ${part} from it. Leases that run keep their addresses until they end.`,
        `Or take ${part} out of the IPAddressPool, and ask for another range: freehold free`,
      ];
    }
    case 'infrastructure':
      if (conflict.stranger !== null)
        return [
          `Give the node ${conflict.stranger} another address: take its DHCP reservation, or the scope, out of the pool.`,
          `Until then leave ${address} out of the IPAddressPool.`,
        ];
      return [`Take ${address} out of the IPAddressPool: MetalLB would give it to a Service without a check.`];
    case 'unannounced':
      return [
        serviceAdvice(conflict.service),
        'Check that an L2Advertisement selects the pool: kubectl -n metallb-system get l2advertisements -o yaml',
        'Nodes with the label node.kubernetes.io/exclude-from-external-load-balancers do not announce.',
      ];
  }
}

function findDevice({ stranger }: Conflict): string[] {
  if (stranger === null) return ['Find the devices: freehold watch shows who uses pool addresses, as it happens.'];
  const found = `Find the device: look ${stranger} up in the MAC address tables of your switches; its port leads to it.`;
  const random = 'Its MAC is locally administered: a phone or laptop with a private address, a container or a virtual machine.';
  return isLocalMac(stranger) ? [found, random] : [found];
}

const cameByDhcp = ({ sources }: Conflict): boolean => (sources & DHCP_SOURCES) !== 0;

const dhcpAdvice = (conflict: Conflict): string =>
  cameByDhcp(conflict)
    ? 'Narrow the DHCP scope so that it stays clear of the pool, and delete this lease.'
    : 'If it has the address by DHCP, narrow the scope; if it was configured by hand, give it another.';

const originAdvice = (conflict: Conflict): string =>
  cameByDhcp(conflict)
    ? 'It has the address by DHCP: narrow the scope so that it stays clear of the pool, delete the lease, and renew it on the device.'
    : 'No DHCP was heard for it: it was probably configured by hand. Give it another address.';

const excludeAdvice = (address: string): string =>
  `Until then leave ${address} out of the IPAddressPool (write its range in two parts), so that no Service is given it.`;

function serviceAdvice(service: string | null): string {
  const [, namespace, name] = SERVICE_NAME.exec(service ?? '') ?? [];
  if (namespace === undefined || name === undefined) return 'Check that the Service has ready endpoints.';
  return `Check that it has ready endpoints: kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${name}`;
}
