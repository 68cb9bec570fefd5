/**
 * Big-endian integers in byte arrays. The caller has checked the length: nothing here does.
 */

/** 0 .. 65535 */
export const readU16 = (bytes: Uint8Array, offset: number): number => ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);

/** 0 .. 4294967295, never negative. */
export const readU32 = (bytes: Uint8Array, offset: number): number =>
  readU16(bytes, offset) * 0x10000 + readU16(bytes, offset + 2);

export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value >>> 16);
  writeU16(bytes, offset + 2, value);
}
