/** Words that the checks have in common: lists that end, ranges, people. Pure. */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import { formatRange } from '../../core/address/range.ts';
import type { RangeSet } from '../../core/address/range-set.ts';

const NAMED = 5;

/** `a, b, c, d, e and 12 more` */
export const some = (texts: readonly string[], most = NAMED): string =>
  texts.length > most ? `${texts.slice(0, most).join(', ')} and ${texts.length - most} more` : texts.join(', ');

/** Of whole clauses: `this is so; that is so; and 12 more` */
export const clauses = (texts: readonly string[], most = 3): string =>
  texts.length > most ? `${texts.slice(0, most).join('; ')}; and ${texts.length - most} more` : texts.join('; ');

export const addressList = (addresses: readonly Ipv4[], most = NAMED): string => some(addresses.map(formatIpv4), most);

export const rangeList = (ranges: RangeSet, most = NAMED): string => some(ranges.map(formatRange), most);

/** `1 node`, `3 nodes` */
export const count = (figure: number, one: string, many = `${one}s`): string => `${figure} ${figure === 1 ? one : many}`;

/** `the only pool`, `all 3 pools` */
export const all = (figure: number, one: string, many = `${one}s`): string =>
  figure === 1 ? `the only ${one}` : `all ${figure} ${many}`;

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `is` or `are`. */
export const are = (figure: number): string => (figure === 1 ? 'is' : 'are');

/** Words of somebody else inside a sentence of ours: cut, and without a full stop at the end. */
export const quoted = (text: string, most = 300): string => {
  const trimmed = text.trim().replace(/\.+$/, '');
  return trimmed.length > most ? `${trimmed.slice(0, most - 1)}…` : trimmed;
};
