/**
 * The table and the summary of `freehold scan`, for people. Pure.
 */
import type { InvalidReason } from '../core/probe/types.ts';
import type { Colors } from './output.ts';
import type { ScanDocument, ScanDocumentHost } from './scan-document.ts';
import { table } from './table.ts';
import { vendorLabel } from './vendors.ts';
import { count, duration } from './words.ts';

const WHY_INVALID: Readonly<Record<InvalidReason, string>> = {
  'interface-gone': 'the interface disappeared during the sweep',
  'link-down': 'the link was down',
  'address-lost': 'the interface lost its address during the sweep',
  'send-failed': 'probes could not be sent',
  'receive-failed': 'the socket could not be read',
  'kernel-drops': 'the kernel dropped frames before they were read: answers may be missing (try a lower --rate)',
  'control-silent': 'hosts known to be alive did not answer, so silence means nothing here',
  'no-targets': 'there is no address to probe: network, broadcast and own addresses are not asked',
  'icmp-unavailable': 'this range is not on the link, and ICMP is not available',
  aborted: 'the sweep was broken off',
};

const row = (host: ScanDocumentHost, colors: Colors): readonly string[] => [
  host.address,
  host.macs.length === 0 ? '-' : host.macs.join('\n'),
  host.macs.length === 0 ? '-' : host.macs.map(vendorLabel).join('\n'),
  host.verdict === 'occupied' ? colors.red(host.verdict) : colors.yellow(host.verdict),
];

function summary(document: ScanDocument): string {
  const seen = document.hosts.filter((host) => host.verdict === 'occupied').length;
  return [
    `${count(seen, 'host')} alive`,
    count(document.probesSent, 'probe'),
    duration(document.durationMs / 1000),
    document.kernelDrops === 0 ? 'no frame dropped' : `${count(document.kernelDrops, 'frame')} dropped`,
    ...(document.sendFailures === 0 ? [] : [`${count(document.sendFailures, 'probe')} could not be sent`]),
  ].join(', ');
}

export function scanText(document: ScanDocument, colors: Colors): string {
  const parts: string[] = [];
  if (document.hosts.length > 0) {
    parts.push(
      table(
        ['address', 'mac', 'vendor', 'verdict'],
        document.hosts.map((host) => row(host, colors)),
        colors,
      ),
    );
  }
  for (const { mac, addresses } of document.standIns) {
    parts.push(
      `${colors.yellow('stand-in')}: ${mac} (${vendorLabel(mac)}) answers for ${count(addresses, 'address', 'addresses')} all over the range, ` +
        'as a router with proxy ARP does. Whether a host is behind each of them cannot be told from here.',
    );
  }
  const where = document.cidr ?? `${document.range.start}-${document.range.end}`;
  parts.push(`${where} on ${document.interface}: ${summary(document)}`);
  if (document.valid) {
    parts.push(`${colors.green('valid')}: silence now is no proof that an address is free; that takes a history (freehold run).`);
  } else {
    const why = document.invalidReason === undefined ? 'for a reason that was not given' : WHY_INVALID[document.invalidReason];
    parts.push(colors.bold(colors.red(`INVALID: ${why}. This sweep proves nothing about any address.`)));
  }
  return parts.join('\n\n');
}
