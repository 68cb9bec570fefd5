/**
 * Which of the formats a lease file has, told from how it begins.
 */
import { dnsmasqParser } from './dnsmasq.ts';
import { iscParser } from './isc.ts';
import { isKeaHeader, keaParser } from './kea.ts';
import type { LeaseFormat, LeaseParser } from './types.ts';

const PARSERS: Readonly<Record<LeaseFormat, () => LeaseParser>> = { dnsmasq: dnsmasqParser, isc: iscParser, kea: keaParser };

export const parserOf = (format: LeaseFormat): LeaseParser => PARSERS[format]();

const ISC_LINE =
  /^(?:#|lease\s+\S+\s*\{|(?:authoring-byte-order|server-duid|failover|host|group|subgroup|class|subclass|ia-(?:na|ta|pd))\b)/;
const DNSMASQ_LINE = /^(?:\d+|duid)\s/;

/**
 * By the first line that could only be one format's; dnsmasq where there is none.
 * @param head the file's first few thousand characters
 * @returns null where nothing is in it yet
 */
export function formatOf(head: string): LeaseFormat | null {
  const lines = head.split('\n').map((line) => line.trim());
  for (const line of lines) {
    if (isKeaHeader(line)) return 'kea';
    if (ISC_LINE.test(line)) return 'isc';
    if (DNSMASQ_LINE.test(line)) return 'dnsmasq';
  }
  return lines.some((line) => line !== '') ? 'dnsmasq' : null;
}
