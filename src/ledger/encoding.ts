/**
 * How addresses, MACs and times look inside the database. Only this room knows; nothing outside sees these forms.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { Ipv4Range } from '../core/address/range.ts';
import type { RangeSet } from '../core/address/range-set.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A MAC as its 48 bits: a third of the space of the text, and an exact integer in JavaScript. */
export const macToNumber = (mac: Mac | null): number | null =>
  mac === null ? null : Number.parseInt(mac.replaceAll(':', ''), 16);

export const macFromNumber = (value: number | null): Mac | null =>
  value === null
    ? null
    : (value
        .toString(16)
        .padStart(12, '0')
        .replace(/..(?!$)/g, '$&:') as Mac);

/** STRICT integer columns refuse a fraction, and a kernel stamp may have one. */
export const wholeMs = (ms: number): number => Math.round(ms);

/** Eight bytes a range: first and last, little endian. Equal sets have equal bytes. */
export function encodeRanges(set: RangeSet): Buffer {
  const bytes = Buffer.alloc(set.length * 8);
  set.forEach((range, index) => {
    bytes.writeUInt32LE(range.first, index * 8);
    bytes.writeUInt32LE(range.last, index * 8 + 4);
  });
  return bytes;
}

export function decodeRanges(bytes: Buffer): RangeSet {
  const ranges: Ipv4Range[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    ranges.push({ first: bytes.readUInt32LE(at) as Ipv4, last: bytes.readUInt32LE(at + 4) as Ipv4 });
  }
  return ranges;
}
