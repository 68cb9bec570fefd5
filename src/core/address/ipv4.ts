/**
 * An IPv4 address as an unsigned 32-bit number. Knows nothing of networks: see range.ts and cidr.ts.
 */
import { err, ok, type Result } from '../result.ts';

/** 0 .. 4294967295, in host order: 192.0.2.1 is 0xc0000201. */
export type Ipv4 = number & { readonly __ipv4: unique symbol };

export const ANY_ADDRESS = 0 as Ipv4;
export const LIMITED_BROADCAST = 0xffffffff as Ipv4;

/** @param value an integer in 0 .. 2^32-1; the caller vouches for it. */
export const ipv4 = (value: number): Ipv4 => value as Ipv4;

const DOTTED_QUAD = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Reads a dotted quad. Leading zeros are refused: some readers take them as octal. */
export function parseIpv4(text: string): Result<Ipv4> {
  const parts = DOTTED_QUAD.exec(text);
  if (parts === null) return err(`"${text}" is not an IPv4 address (expected four numbers like 192.0.2.1)`);
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = parts[i] ?? '';
    if (octet.length > 1 && octet.startsWith('0')) return err(`"${text}" is not an IPv4 address (leading zero in "${octet}")`);
    const number = Number(octet);
    if (number > 255) return err(`"${text}" is not an IPv4 address (${number} is more than 255)`);
    value = value * 256 + number;
  }
  return ok(value as Ipv4);
}

export const formatIpv4 = (address: Ipv4): string =>
  `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;

/** Reads four bytes at `offset`; the caller has checked the length. */
export const ipv4FromBytes = (bytes: Uint8Array, offset: number): Ipv4 =>
  ((((bytes[offset] ?? 0) << 24) |
    ((bytes[offset + 1] ?? 0) << 16) |
    ((bytes[offset + 2] ?? 0) << 8) |
    (bytes[offset + 3] ?? 0)) >>>
    0) as Ipv4;

export function writeIpv4(bytes: Uint8Array, offset: number, address: Ipv4): void {
  bytes[offset] = address >>> 24;
  bytes[offset + 1] = address >>> 16;
  bytes[offset + 2] = address >>> 8;
  bytes[offset + 3] = address;
}
