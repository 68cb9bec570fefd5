/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Knows no protocol;
 * who calls says which bytes count.
 */
import { readU16 } from './bytes.ts';

/**
 * Adds bytes [start, end) to a running sum; an odd last byte counts as the high half of a word (RFC 1071 section 1).
 * Sums of parts may be added up as long as every part but the last has an even length. Not folded: see `finishChecksum`.
 */
export function sumWords(bytes: Uint8Array, start = 0, end = bytes.length, sum = 0): number {
  let total = sum;
  const even = end - ((end - start) & 1);
  for (let i = start; i < even; i += 2) total += readU16(bytes, i);
  if (even < end) total += (bytes[even] ?? 0) << 8;
  return total;
}

/** The checksum of a sum: 0 .. 65535. Over data that already holds its right checksum it is 0. */
export function finishChecksum(sum: number): number {
  let folded = sum;
  // Division and not a shift: a sum of many words is wider than 32 bits.
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return 0xffff - folded;
}

/** @returns 0 .. 65535 */
export const internetChecksum = (bytes: Uint8Array): number => finishChecksum(sumWords(bytes));
