/**
 * Reads the lines of a dnsmasq lease file: `expiry mac address hostname|* client-id|*`, expiry in epoch seconds, 0 for a
 * lease without end. IPv6 rows and the `duid` line are not IPv4 leases. Pure; a malformed line is named, never fatal.
 */
import { parseIpv4 } from '../core/address/ipv4.ts';
import { parseMac } from '../core/address/mac.ts';
import type { Lease } from '../core/evidence/facts.ts';
import { err, ok, type Result } from '../core/result.ts';
import { printable } from '../core/text.ts';

export type LeaseLineRefusal = 'lease-not-ipv4' | 'lease-malformed';

const MAX_HOSTNAME = 255;

export function parseDnsmasqLease(line: string): Result<Lease, LeaseLineRefusal> {
  const [expiry = '', hardware = '', address = '', hostname = ''] = line.trim().split(/\s+/);
  if (expiry === 'duid' || address.includes(':')) return err('lease-not-ipv4');
  const parsedAddress = parseIpv4(address);
  if (!parsedAddress.ok || !/^\d{1,12}$/.test(expiry)) return err('lease-malformed');
  const mac = parseMac(hardware);
  return ok({
    address: parsedAddress.value,
    mac: mac.ok ? mac.value : null,
    hostname: hostname === '' || hostname === '*' ? null : printable(hostname, MAX_HOSTNAME),
    endsMs: expiry === '0' ? Number.POSITIVE_INFINITY : Number(expiry) * 1000,
    source: 'lease-file',
  });
}
