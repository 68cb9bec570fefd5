/**
 * MAC address -> maker, from the IEEE registry as the package `oui-data` holds it. The file (5.6 MB) is searched as it lies: parsed
 * into objects it would take five times the memory. It is read when a question needs it and held weakly: new MACs are rare, and
 * the answers are kept. Never asks the network.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isGroupMac, isLocalMac, type Mac } from '../core/address/mac.ts';

/** Hex digits of the three registries, the longest prefix first: MA-S (OUI-36), MA-M (OUI-28), MA-L (OUI-24). */
const PREFIX_DIGITS = [9, 7, 6] as const;
const CACHE_LIMIT = 1024;
const NAME_LIMIT = 80;
const NEWLINE = 0x0a;

/** A line of the data: ` "AABBCC": "Name\nStreet\nTown",` with the key after two characters. */
const KEY_OFFSET = 2;

export type VendorLookup = (mac: Mac) => string | null;

/** The order of the data: short keys before long ones, then by digits. */
const compareKeys = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** The key of the line that starts at `start`, or null where that line has none (the braces). */
function keyAt(data: Buffer, start: number): string | null {
  const text = data.toString('latin1', start + KEY_OFFSET, start + KEY_OFFSET + 10);
  const end = text.indexOf('"');
  return end > 0 ? text.slice(0, end) : null;
}

/** Finds the line of `key` by halving; -1 where there is none. */
function lineOf(data: Buffer, key: string): number {
  let low = data.indexOf(NEWLINE) + 1;
  let high = data.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const before = data.lastIndexOf(NEWLINE, middle - 1);
    const start = Math.max(low, before + 1);
    const found = keyAt(data, start);
    const order = found === null ? 1 : compareKeys(found, key);
    if (order === 0) return start;
    const end = data.indexOf(NEWLINE, start);
    if (order < 0) low = end < 0 ? high : end + 1;
    else high = start;
  }
  return -1;
}

/** The first line of the entry's text: the maker's name. */
function nameAt(data: Buffer, start: number, key: string): string | null {
  const end = data.indexOf(NEWLINE, start);
  const line = data.toString('utf8', start + KEY_OFFSET + key.length + 3, end < 0 ? data.length : end);
  try {
    const text: unknown = JSON.parse(line.trim().replace(/,$/, ''));
    if (typeof text !== 'string') return null;
    const name = text.split('\n', 1)[0]?.trim() ?? '';
    return name === '' ? null : name.slice(0, NAME_LIMIT);
  } catch {
    return null;
  }
}

/** @param read gives the registry as JSON, one entry a line, ordered by key length and then by key. */
export function createVendorLookup(read: () => Buffer): VendorLookup {
  const cache = new Map<string, string | null>();
  let held: WeakRef<Buffer> | null = null;
  const registry = (): Buffer => {
    const known = held?.deref();
    if (known !== undefined) return known;
    const data = read();
    held = new WeakRef(data);
    return data;
  };
  const find = (digits: string): string | null => {
    const data = registry();
    for (const length of PREFIX_DIGITS) {
      const key = digits.slice(0, length);
      const start = lineOf(data, key);
      if (start >= 0) return nameAt(data, start, key);
    }
    return null;
  };
  return (mac) => {
    if (isLocalMac(mac) || isGroupMac(mac)) return null;
    const digits = mac.replaceAll(':', '').toUpperCase().slice(0, PREFIX_DIGITS[0]);
    const known = cache.get(digits);
    if (known !== undefined) {
      cache.delete(digits);
      cache.set(digits, known);
      return known;
    }
    const name = find(digits);
    if (cache.size >= CACHE_LIMIT) {
      const oldest = cache.keys().next();
      if (oldest.done !== true) cache.delete(oldest.value);
    }
    cache.set(digits, name);
    return name;
  };
}

function readRegistry(): Buffer {
  try {
    return readFileSync(createRequire(import.meta.url).resolve('oui-data'));
  } catch {
    // Vendors are a comfort: without the package every answer is "unknown", and nothing else changes.
    return Buffer.alloc(0);
  }
}

let shared: VendorLookup | null = null;

/** The maker of the device, at most 80 characters; null where the registry has none, and for random, virtual and group MACs. */
export function vendorOf(mac: Mac): string | null {
  shared ??= createVendorLookup(readRegistry);
  return shared(mac);
}
