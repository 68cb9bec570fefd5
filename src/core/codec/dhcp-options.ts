/**
 * The options of a DHCP message as bytes by code (RFC 2131 section 4.1, RFC 2132, RFC 3396): pad and end, overload of the `file`
 * and `sname` fields, and joining of the parts of one option. Knows no meaning but that of option 52: see dhcp.ts.
 */
import { err, ok, type Result } from '../result.ts';
import type { DecodeReason } from './reason.ts';

const PAD = 0;
const END = 255;
const OVERLOAD = 52;
/** What one option can hold; longer values are cut into several of the same code (RFC 3396). */
const MAX_PART = 255;

/** Option values by code. A value that came in one piece is a view of the message. */
export type DhcpOptions = ReadonlyMap<number, Uint8Array>;

/** The fields that may hold options, in the order in which parts are joined (RFC 3396 section 5). */
export interface OptionFields {
  readonly options: Uint8Array;
  /** The BOOTP boot file name field, 128 bytes. */
  readonly file: Uint8Array;
  /** The BOOTP server name field, 64 bytes. */
  readonly sname: Uint8Array;
}

/** The parts of each option, joined once at the end: joining as they come would take time in the square of their number. */
type Parts = Map<number, Uint8Array[]>;

export function readOptions({ options, file, sname }: OptionFields): Result<DhcpOptions, DecodeReason> {
  const parts: Parts = new Map();
  const fault = readField(options, parts) ?? readOverloaded(file, sname, parts);
  return fault === null ? ok(new Map([...parts].map(([code, of]) => [code, joined(of)]))) : err(fault);
}

/** Reads those of the two fields that option 52 says to hold options: 1 file, 2 sname, 3 both. */
function readOverloaded(file: Uint8Array, sname: Uint8Array, parts: Parts): DecodeReason | null {
  const overload = parts.get(OVERLOAD);
  if (overload === undefined) return null;
  const [value, more] = joined(overload);
  if (value === undefined || more !== undefined || value < 1 || value > 3) return 'dhcp-bad-overload';
  const fault = (value & 1) === 0 ? null : readField(file, parts);
  return fault ?? ((value & 2) === 0 ? null : readField(sname, parts));
}

/** Adds the options of one field to `parts`. Whatever stands behind the end option is padding. */
function readField(field: Uint8Array, parts: Parts): DecodeReason | null {
  let offset = 0;
  while (offset < field.length) {
    const code = field[offset];
    if (code === END) return null;
    offset++;
    if (code === PAD || code === undefined) continue;
    const length = field[offset];
    if (length === undefined || offset + 1 + length > field.length) return 'dhcp-truncated-option';
    const part = field.subarray(offset + 1, offset + 1 + length);
    const before = parts.get(code);
    if (before === undefined) parts.set(code, [part]);
    else before.push(part);
    offset += 1 + length;
  }
  return 'dhcp-no-end-option';
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * The options field with its end option; nothing is put into `file` or `sname`.
 *
 *     +0  code     1
 *     +1  length   1  0 .. 255
 *     +2  value
 */
export function writeOptions(options: DhcpOptions): Uint8Array {
  const bytes: number[] = [];
  for (const [code, value] of options) {
    // At least once, so that an empty value still stands there.
    for (let start = 0; start === 0 || start < value.length; start += MAX_PART) {
      const part = value.subarray(start, Math.min(start + MAX_PART, value.length));
      bytes.push(code, part.length, ...part);
    }
  }
  bytes.push(END);
  return Uint8Array.from(bytes);
}
