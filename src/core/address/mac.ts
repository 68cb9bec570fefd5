/**
 * A 48-bit MAC address as canonical text: lower case, colons. Never a key for an address: several may answer for one.
 */
import { err, ok, type Result } from '../result.ts';

/** Canonical: `52:54:00:12:34:56`. */
export type Mac = string & { readonly __mac: unique symbol };

export const MAC_LENGTH = 6;
export const ZERO_MAC = '00:00:00:00:00:00' as Mac;
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as Mac;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));
const WRITTEN = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/i;

/** Accepts colons or hyphens and either case; returns the canonical form. */
export function parseMac(text: string): Result<Mac> {
  if (!WRITTEN.test(text)) return err(`"${text}" is not a MAC address (expected six hex pairs like 52:54:00:12:34:56)`);
  return ok(text.toLowerCase().replaceAll('-', ':') as Mac);
}

/** Reads six bytes at `offset`; the caller has checked the length. */
export function macFromBytes(bytes: Uint8Array, offset: number): Mac {
  let text = HEX[bytes[offset] ?? 0] ?? '';
  for (let i = 1; i < MAC_LENGTH; i++) text += `:${HEX[bytes[offset + i] ?? 0]}`;
  return text as Mac;
}

/** 0 .. 15, of a hex digit. Plain arithmetic: a sweep writes a MAC tens of thousands of times. */
const digit = (mac: Mac, index: number): number => {
  const code = mac.charCodeAt(index);
  return (code & 0x0f) + (code > 0x39 ? 9 : 0);
};

export function writeMac(bytes: Uint8Array, offset: number, mac: Mac): void {
  for (let i = 0; i < MAC_LENGTH; i++) bytes[offset + i] = digit(mac, i * 3) * 16 + digit(mac, i * 3 + 1);
}

const firstByte = (mac: Mac): number => Number.parseInt(mac.slice(0, 2), 16);

/** The group bit (IEEE 802): never the source of a frame. Broadcast is one of them. */
export const isGroupMac = (mac: Mac): boolean => (firstByte(mac) & 1) === 1;

/** The local bit: random and virtual MACs; no vendor can be told. */
export const isLocalMac = (mac: Mac): boolean => (firstByte(mac) & 2) === 2;
