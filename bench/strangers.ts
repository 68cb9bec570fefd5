/** Strangers who take addresses of a pool, for benchmarks and tests: each an address and a MAC of its own, and the frame that tells. */
import { formatIpv4, ipv4, parseIpv4 } from '../src/core/address/ipv4.ts';
import { type Mac, macFromBytes } from '../src/core/address/mac.ts';
import { announcement, dhcpRequest, probe, request } from '../test/lab/arp-frames.ts';

/** How it gives itself away. */
export type Sign = 'announcement' | 'request' | 'dhcp-request' | 'probe';

export interface Stranger {
  readonly address: string;
  readonly mac: Mac;
  readonly sign: Sign;
  readonly frame: Uint8Array;
}

/**
 * @param first the first of the addresses, which follow one another
 * @param signs taken in turn
 * @param router asked by ordinary requests, and the server of DHCP requests
 */
export function strangers(first: string, count: number, signs: readonly Sign[], router: string): Stranger[] {
  const from = parseIpv4(first);
  if (!from.ok) throw new Error(from.error);
  return Array.from({ length: count }, (_, n) => {
    const value = from.value + n;
    const mac = macFromBytes(Uint8Array.of(0x52, 0x54, 0x01, value >> 16, value >> 8, value), 0);
    const address = formatIpv4(ipv4(value));
    const sign = signs[n % signs.length] ?? 'announcement';
    return { address, mac, sign, frame: frameOf(sign, mac, address, router) };
  });
}

function frameOf(sign: Sign, mac: Mac, address: string, router: string): Uint8Array {
  switch (sign) {
    case 'announcement':
      return announcement(mac, address);
    case 'request':
      return request(mac, address, router);
    case 'dhcp-request':
      return dhcpRequest(mac, address, router, 'bench');
    case 'probe':
      return probe(mac, address);
  }
}
