/**
 * Builds byte arrays for tests, from hex written field by field. Checks nothing about what the bytes mean.
 */
import type { Result } from '../../../src/core/result.ts';

/** White space is free: `hex('ffffffffffff', '08 06')`. */
export const hex = (...fields: readonly string[]): Uint8Array =>
  Uint8Array.from(fields.join('').replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Hex of `count` zero bytes. */
export const zeros = (count: number): string => '00'.repeat(count);

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** A copy with these bytes put at `offset`. */
export function patched(bytes: Uint8Array, offset: number, ...values: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, offset);
  return copy;
}

/** The same bytes in the middle of a larger buffer full of ones: a reader that forgets its offset or its end shows. */
export function embedded(bytes: Uint8Array): Uint8Array {
  const outer = new Uint8Array(bytes.length + 64).fill(0xff);
  outer.set(bytes, 32);
  return outer.subarray(32, 32 + bytes.length);
}

export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error}`);
  return result.value;
}
