/**
 * An inclusive range of IPv4 addresses: [first .. last] includes both ends. Knows nothing of sets: see range-set.ts.
 */
import { err, ok, type Result } from '../result.ts';
import { parseCidr, rangeOfCidr } from './cidr.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from './ipv4.ts';

export interface Ipv4Range {
  readonly first: Ipv4;
  /** At least `first`. */
  readonly last: Ipv4;
}

export const sizeOf = (range: Ipv4Range): number => range.last - range.first + 1;
export const contains = (range: Ipv4Range, address: Ipv4): boolean => address >= range.first && address <= range.last;
export const overlaps = (a: Ipv4Range, b: Ipv4Range): boolean => a.first <= b.last && b.first <= a.last;

/** The common part, or null where there is none. */
export function intersect(a: Ipv4Range, b: Ipv4Range): Ipv4Range | null {
  const first = Math.max(a.first, b.first) as Ipv4;
  const last = Math.min(a.last, b.last) as Ipv4;
  return first <= last ? { first, last } : null;
}

/** `192.0.2.10-192.0.2.20`; a range of one is just its address. */
export const formatRange = (range: Ipv4Range): string =>
  range.first === range.last ? formatIpv4(range.first) : `${formatIpv4(range.first)}-${formatIpv4(range.last)}`;

/** Reads `A`, `A-B` (both whole addresses, white space around the hyphen allowed) or a CIDR without host bits. */
export function parseRange(text: string): Result<Ipv4Range> {
  const trimmed = text.trim();
  if (trimmed.includes('/')) {
    const cidr = parseCidr(trimmed);
    return cidr.ok ? ok(rangeOfCidr(cidr.value)) : cidr;
  }
  const [left = '', right, extra] = trimmed.split('-');
  if (extra !== undefined) return err(`"${trimmed}" is not a range (expected FIRST-LAST, like 192.0.2.10-192.0.2.20)`);
  const first = parseIpv4(left.trim());
  if (!first.ok) return first;
  if (right === undefined) return ok({ first: first.value, last: first.value });
  const last = parseIpv4(right.trim());
  if (!last.ok) return err(`${last.error}; both ends of a range are whole addresses, like 192.0.2.10-192.0.2.20`);
  if (last.value < first.value) return err(`"${trimmed}" is not a range (the first address is after the last)`);
  return ok({ first: first.value, last: last.value });
}
