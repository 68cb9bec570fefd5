/**
 * Kea's memfile of DHCPv4 leases: CSV whose header names the columns, one row for each change, so the last row of an address
 * counts. Which columns there are differs between versions of Kea; a separator within a value is written `&#x2c`.
 */
import { parseIpv4 } from '../../core/address/ipv4.ts';
import { parseMac } from '../../core/address/mac.ts';
import { lineSplitter } from './lines.ts';
import { hostnameOf, type LeaseEntry, type LeaseParser, leaseTable, MALFORMED, OTHER } from './types.ts';

/** Lease4: STATE_DEFAULT, STATE_DECLINED; all others (expired and reclaimed, released) are no leases. */
const STATE_DEFAULT = 0;
const STATE_DECLINED = 1;
const FOREVER = '4294967295';

/** Whether `line` is the header of a memfile. */
export const isKeaHeader = (line: string): boolean => /^\ufeff?address,[a-z0-9_, ]+$/.test(line);

export function keaParser(): LeaseParser {
  const table = leaseTable();
  /** Of the file at hand; null before its header. */
  let columns: ReadonlyMap<string, number> | null = null;
  const line = (text: string): void => {
    const row = text.trim();
    if (row === '') return;
    if (isKeaHeader(row)) {
      columns = new Map(
        row
          .replace(/^\ufeff/, '')
          .split(',')
          .map((name, index) => [name.trim(), index]),
      );
    } else {
      table.take(columns === null ? MALFORMED : readRow(columns, row.split(',')));
    }
  };
  const lines = lineSplitter(line, () => table.take(MALFORMED));
  return {
    push: lines.push,
    endFile: () => {
      // A row without its line's end is being written.
      lines.end();
      columns = null;
    },
    content: table.content,
  };
}

/** Rows of older versions are shorter than the header of a newer one that took the file over. */
function readRow(columns: ReadonlyMap<string, number>, values: readonly string[]): LeaseEntry {
  const value = (name: string): string => values[columns.get(name) ?? -1] ?? '';
  if (value('address').includes(':')) return OTHER;
  const parsed = parseIpv4(value('address'));
  if (!parsed.ok) return MALFORMED;
  const address = parsed.value;
  const state = value('state') === '' ? STATE_DEFAULT : wholeNumber(value('state'));
  const lifetime = wholeNumber(value('valid_lifetime'));
  const expire = wholeNumber(value('expire'));
  if (state === null || lifetime === null || expire === null) return MALFORMED;
  // Kea takes a row with no lifetime for the end of its lease.
  if (lifetime === 0) return { kind: 'former', address };
  if (state === STATE_DECLINED) return { kind: 'declined', address };
  if (state !== STATE_DEFAULT) return { kind: 'former', address };
  const mac = parseMac(value('hwaddr'));
  return {
    kind: 'lease',
    address,
    mac: mac.ok ? mac.value : null,
    hostname: hostnameOf(unescaped(value('hostname'))),
    endsMs: value('valid_lifetime') === FOREVER ? Number.POSITIVE_INFINITY : expire * 1000,
  };
}

const wholeNumber = (text: string): number | null => (/^\d{1,12}$/.test(text) ? Number(text) : null);

/** `&#x` and two hexadecimal digits: one byte. */
const unescaped = (text: string): string =>
  text.replace(/&#x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
