/**
 * An IPv4 network in CIDR form. Refuses host bits instead of masking them away silently: `192.0.2.240/24` is a mistake
 * more often than it is the whole /24.
 */
import { err, ok, type Result } from '../result.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from './ipv4.ts';
import type { Ipv4Range } from './range.ts';

export interface Cidr {
  /** The network address: no host bits set. */
  readonly network: Ipv4;
  /** 0 .. 32 */
  readonly prefixLength: number;
}

const hostMask = (prefixLength: number): number => (prefixLength === 0 ? 0xffffffff : (2 ** (32 - prefixLength) - 1) >>> 0);

/** The network that `address` lies in. @param prefixLength 0 .. 32 */
export const networkOf = (address: Ipv4, prefixLength: number): Cidr => ({
  network: ((address & ~hostMask(prefixLength)) >>> 0) as Ipv4,
  prefixLength,
});

export const rangeOfCidr = (cidr: Cidr): Ipv4Range => ({
  first: cidr.network,
  last: ((cidr.network | hostMask(cidr.prefixLength)) >>> 0) as Ipv4,
});

export const formatCidr = (cidr: Cidr): string => `${formatIpv4(cidr.network)}/${cidr.prefixLength}`;

/** Whether the first address names the network and the last is the directed broadcast: not so in a /31 (RFC 3021) or /32. */
export const hasBroadcast = (cidr: Cidr): boolean => cidr.prefixLength <= 30;

export function parseCidr(text: string): Result<Cidr> {
  const [left = '', right, extra] = text.trim().split('/');
  if (right === undefined || extra !== undefined || !/^(?:0|[1-9]\d?)$/.test(right) || Number(right) > 32) {
    return err(`"${text}" is not a network (expected ADDRESS/LENGTH with a length of 0 to 32, like 192.0.2.0/24)`);
  }
  const address = parseIpv4(left);
  if (!address.ok) return address;
  const cidr = networkOf(address.value, Number(right));
  if (cidr.network !== address.value) {
    return err(`"${text}" has host bits set (did you mean the whole network ${formatCidr(cidr)}, or the range ${left}-...?)`);
  }
  return ok(cidr);
}

/** The network whose addresses are just those of `range`, or null where the range is no whole block. */
export function cidrOfRange(range: Ipv4Range): Cidr | null {
  const prefixLength = 32 - Math.log2(range.last - range.first + 1);
  if (!Number.isInteger(prefixLength)) return null;
  const cidr = networkOf(range.first, prefixLength);
  return cidr.network === range.first ? cidr : null;
}
