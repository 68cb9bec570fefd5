/**
 * dnsmasq's lease file: `expiry mac address hostname|* client-id|*`, expiry in epoch seconds, 0 for a lease without end. It is
 * written anew at every change, so it holds what runs and nothing else. IPv6 rows and the `duid` line are no IPv4 leases.
 */
import { parseIpv4 } from '../../core/address/ipv4.ts';
import { parseMac } from '../../core/address/mac.ts';
import { lineSplitter } from './lines.ts';
import { hostnameOf, type LeaseEntry, type LeaseParser, leaseTable, MALFORMED, OTHER } from './types.ts';

/**
 * 1980. Built for machines without a clock, dnsmasq writes a lease's length and not its end: the lease then runs as long as its
 * line is there.
 */
const EARLIEST_EXPIRY_S = 315_532_800;

export function readDnsmasqLine(line: string): LeaseEntry {
  const [expiry = '', hardware = '', address = '', hostname = ''] = line.trim().split(/\s+/, 4);
  if (expiry === 'duid' || address.includes(':')) return OTHER;
  const parsedAddress = parseIpv4(address);
  if (!parsedAddress.ok || !/^\d{1,12}$/.test(expiry)) return MALFORMED;
  const mac = parseMac(hardware);
  return {
    kind: 'lease',
    address: parsedAddress.value,
    mac: mac.ok ? mac.value : null,
    hostname: hostname === '*' ? null : hostnameOf(hostname),
    endsMs: Number(expiry) < EARLIEST_EXPIRY_S ? Number.POSITIVE_INFINITY : Number(expiry) * 1000,
  };
}

export function dnsmasqParser(): LeaseParser {
  const table = leaseTable();
  const line = (text: string): void => {
    if (text.trim() !== '') table.take(readDnsmasqLine(text));
  };
  const lines = lineSplitter(line, () => table.take(MALFORMED));
  return {
    push: lines.push,
    endFile: () => line(lines.end()),
    content: table.content,
  };
}
