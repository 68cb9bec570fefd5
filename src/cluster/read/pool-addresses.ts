/**
 * The addresses of an IPAddressPool, read as MetalLB reads them (internal/config, ParseCIDR): a network loses its host bits without a
 * word, a range has two whole addresses, and a bare address is nothing.
 */
import { formatCidr, networkOf, rangeOfCidr } from '../../core/address/cidr.ts';
import { parseIpv4 } from '../../core/address/ipv4.ts';
import { formatRange, type Ipv4Range, parseRange } from '../../core/address/range.ts';
import { type RangeSet, rangeSet } from '../../core/address/range-set.ts';
import type { ClusterPool } from '../types.ts';

/** MetalLB has no bound; what lies beyond this many parts is left out. */
export const MOST_PARTS = 4096;

export interface PoolAddresses {
  readonly addresses: RangeSet;
  readonly leftOut: ClusterPool['leftOut'];
  readonly widened: ClusterPool['widened'];
}

export function readPoolAddresses(written: readonly string[]): PoolAddresses {
  const ranges: Ipv4Range[] = [];
  const leftOut: { text: string; reason: 'ipv6' | 'unreadable' }[] = [];
  const widened: { text: string; means: string }[] = [];
  for (const [index, text] of written.entries()) {
    const part = index < MOST_PARTS ? readPart(text) : null;
    if (part === null) leftOut.push({ text, reason: text.includes(':') ? 'ipv6' : 'unreadable' });
    else ranges.push(part.range);
    if (part?.means !== undefined) widened.push({ text, means: part.means });
  }
  return { addresses: rangeSet(ranges), leftOut, widened };
}

function readPart(text: string): { readonly range: Ipv4Range; readonly means?: string } | null {
  if (text.includes('-')) {
    const range = parseRange(text);
    return range.ok ? { range: range.value } : null;
  }
  const [left = '', length = ''] = text.trim().split('/');
  const address = parseIpv4(left);
  if (!address.ok || !/^\d{1,2}$/.test(length) || Number(length) > 32) return null;
  const cidr = networkOf(address.value, Number(length));
  const range = rangeOfCidr(cidr);
  return cidr.network === address.value ? { range } : { range, means: `${formatCidr(cidr)} (${formatRange(range)})` };
}
