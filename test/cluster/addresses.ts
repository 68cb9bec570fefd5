/**
 * Addresses of both families as MetalLB reads them (internal/config, ParseCIDR): networks lose their host bits, ranges are summarised
 * into networks. In the words of its errors.
 */
import { isIPv4, isIPv6 } from 'node:net';

export interface Network {
  readonly v6: boolean;
  /** The first address, as a number. */
  readonly first: bigint;
  readonly prefix: number;
}

const bitsOf = (v6: boolean): number => (v6 ? 128 : 32);
export const sizeOf = ({ v6, prefix }: Network): bigint => 1n << BigInt(bitsOf(v6) - prefix);

export function parseAddress(text: string): { readonly v6: boolean; readonly value: bigint } | null {
  if (isIPv4(text)) return { v6: false, value: text.split('.').reduce((all, part) => all * 256n + BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes('%')) return null;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = dotted === null ? null : parseAddress(dotted[2] ?? '');
  const hex =
    low === null ? text : `${dotted?.[1] ?? ''}${(low.value >> 16n).toString(16)}:${(low.value & 0xffffn).toString(16)}`;
  const [left = '', right] = hex.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const tail = right === undefined ? [] : groups(right);
  const zeros = right === undefined ? 0 : 8 - groups(left).length - tail.length;
  const all = [...groups(left), ...new Array<string>(zeros).fill('0'), ...tail];
  return { v6: true, value: all.reduce((sum, part) => (sum << 16n) + BigInt(`0x${part}`), 0n) };
}

export function formatAddress(v6: boolean, value: bigint): string {
  if (!v6) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  // The longest run of at least two zero groups is written as `::`.
  const runs = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  return `${text.slice(0, longest.index).replace(/:$/, '')}::${text.slice(longest.index + longest[0].length).replace(/^:/, '')}`;
}

export const formatNetwork = ({ v6, first, prefix }: Network): string => `${formatAddress(v6, first)}/${prefix}`;

export const containsAddress = (network: Network, v6: boolean, value: bigint): boolean =>
  network.v6 === v6 && value >= network.first && value < network.first + sizeOf(network);

export const overlap = (a: Network, b: Network): boolean =>
  containsAddress(a, b.v6, b.first) || containsAddress(b, a.v6, a.first);

/** @returns networks, or why there are none */
export function parsePart(text: string): readonly Network[] | string {
  if (!text.includes('-')) {
    const [left = '', length = '', ...more] = text.split('/');
    const address = parseAddress(left);
    const isPrefix = /^(0|[1-9]\d*)$/.test(length) && more.length === 0;
    if (address === null || !isPrefix || Number(length) > bitsOf(address.v6)) return `invalid CIDR ${JSON.stringify(text)}`;
    const shift = BigInt(bitsOf(address.v6) - Number(length));
    return [{ v6: address.v6, first: (address.value >> shift) << shift, prefix: Number(length) }];
  }
  const cut = text.indexOf('-');
  const [left, right] = [text.slice(0, cut), text.slice(cut + 1)];
  const [start, end] = [parseAddress(left.trim()), parseAddress(right.trim())];
  const bad = `invalid IP range ${JSON.stringify(text)}`;
  if (start === null) return `${bad}: invalid start IP ${JSON.stringify(left)}`;
  if (end === null) return `${bad}: invalid end IP ${JSON.stringify(right)}`;
  // Both families are compared as 128 bits, so a mixed range is either out of order or summarised into nothing.
  if (wide(start) > wide(end)) {
    const [first, last] = [formatAddress(start.v6, start.value), formatAddress(end.v6, end.value)];
    return `${bad}: start IP "${first}" is after the end IP "${last}"`;
  }
  return start.v6 === end.v6 ? summarised(start.v6, start.value, end.value) : [];
}

const wide = ({ v6, value }: { readonly v6: boolean; readonly value: bigint }): bigint =>
  v6 ? value : 0xffff_0000_0000n + value;

/** The fewest networks that make up a range. */
function summarised(v6: boolean, start: bigint, end: bigint): readonly Network[] {
  const networks: Network[] = [];
  for (let first = start; first <= end; ) {
    let prefix = bitsOf(v6);
    while (
      prefix > 0 &&
      first % sizeOf({ v6, first, prefix: prefix - 1 }) === 0n &&
      first + sizeOf({ v6, first, prefix: prefix - 1 }) - 1n <= end
    ) {
      prefix--;
    }
    networks.push({ v6, first, prefix });
    first += sizeOf({ v6, first, prefix });
  }
  return networks;
}

/** Addresses that some old devices take for broadcasts. */
export const isBuggy = (v6: boolean, value: bigint): boolean => !v6 && ((value & 255n) === 0n || (value & 255n) === 255n);
