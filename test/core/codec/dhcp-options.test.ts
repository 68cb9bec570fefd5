import { describe, expect, it } from 'vitest';
import { readOptions, writeOptions } from '../../../src/core/codec/dhcp-options.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { concat, hex, unwrap, zeros } from './build.ts';

const NOTHING = hex(zeros(64));
const read = (options: Uint8Array, file = NOTHING, sname = NOTHING) => readOptions({ options, file, sname });
const entries = (options: Uint8Array, file?: Uint8Array, sname?: Uint8Array): Record<string, Uint8Array> =>
  Object.fromEntries(unwrap(read(options, file, sname)));

describe('readOptions', () => {
  it.each<[string, Uint8Array, Record<string, Uint8Array>]>([
    ['no option', hex('ff'), {}],
    ['one', hex('3501 01 ff'), { 53: hex('01') }],
    ['pads before, between and behind', hex('0000 350101 00 3204c000026c ff 0000'), { 53: hex('01'), 50: hex('c000026c') }],
    ['rubbish behind the end', hex('350101 ff 35ff'), { 53: hex('01') }],
    ['an empty value', hex('0c00 ff'), { 12: hex('') }],
    ['the longest value', concat(hex('3dff'), hex('ab'.repeat(255)), hex('ff')), { 61: hex('ab'.repeat(255)) }],
    ['a value that holds an end', hex('3d02ffff ff'), { 61: hex('ffff') }],
    ['one cut in three (RFC 3396)', hex('0c026c61 350101 0c016d 0c0170 ff'), { 12: hex('6c616d70'), 53: hex('01') }],
  ])('reads %s', (_, bytes, expected) => {
    expect(entries(bytes)).toEqual(expected);
  });

  const FILE = hex('0c02 6c61', 'ff');
  const SNAME = hex('0c02 6d70', '3204 c000026c', 'ff');

  it.each<[string, number, Record<string, Uint8Array>]>([
    ['file', 1, { 12: hex('6c61') }],
    ['sname', 2, { 12: hex('6d70'), 50: hex('c000026c') }],
    ['file, then sname', 3, { 12: hex('6c616d70'), 50: hex('c000026c') }],
  ])('reads options in %s where option 52 says so', (_, value, expected) => {
    const options = concat(hex('350101', '3401'), Uint8Array.of(value), hex('ff'));
    expect(entries(options, FILE, SNAME)).toEqual({ 52: Uint8Array.of(value), 53: hex('01'), ...expected });
  });

  it('joins the parts of one option over all three fields, in the order of RFC 3396', () => {
    expect(entries(hex('0c0178 340103 ff'), FILE, SNAME)['12']).toEqual(hex('78 6c61 6d70'));
  });

  it('leaves the two fields alone without option 52', () => {
    expect(entries(hex('350101 ff'), hex('ffff'), hex('35'))).toEqual({ 53: hex('01') });
  });

  it('follows no option 52 that stands in an overloaded field', () => {
    expect(entries(hex('340101 ff'), hex('340102 ff'), SNAME)['50']).toBeUndefined();
  });

  it.each<[string, Uint8Array, Uint8Array, Uint8Array, DecodeReason]>([
    ['an empty field', hex(), NOTHING, NOTHING, 'dhcp-no-end-option'],
    ['nothing but pads', hex(zeros(60)), NOTHING, NOTHING, 'dhcp-no-end-option'],
    ['a last option without an end', hex('350101'), NOTHING, NOTHING, 'dhcp-no-end-option'],
    ['a code without a length', hex('350101 32'), NOTHING, NOTHING, 'dhcp-truncated-option'],
    ['a length without a value', hex('350101 3204'), NOTHING, NOTHING, 'dhcp-truncated-option'],
    ['a value one byte short', hex('3204c00002'), NOTHING, NOTHING, 'dhcp-truncated-option'],
    ['an overload of 0', hex('340100 ff'), NOTHING, NOTHING, 'dhcp-bad-overload'],
    ['an overload of 4', hex('340104 ff'), NOTHING, NOTHING, 'dhcp-bad-overload'],
    ['an overload without a value', hex('3400 ff'), NOTHING, NOTHING, 'dhcp-bad-overload'],
    ['an overload of two bytes', hex('34020101 ff'), NOTHING, NOTHING, 'dhcp-bad-overload'],
    ['an overloaded file without an end', hex('340101 ff'), NOTHING, hex('ff'), 'dhcp-no-end-option'],
    ['an overloaded sname without an end', hex('340102 ff'), hex('ff'), NOTHING, 'dhcp-no-end-option'],
    ['an option that runs out of the file field', hex('340103 ff'), hex('0c0561'), hex('ff'), 'dhcp-truncated-option'],
  ])('refuses %s', (_, options, file, sname, reason) => {
    expect(read(options, file, sname)).toEqual({ ok: false, error: reason });
  });

  it('joins a field full of one-byte parts in one go', () => {
    const parts = 20_000;
    const options = concat(hex('0c0161'.repeat(parts)), hex('ff'));
    expect(entries(options)['12']).toHaveLength(parts);
  });
});

describe('writeOptions', () => {
  it.each<[string, [number, Uint8Array][], Uint8Array]>([
    ['nothing', [], hex('ff')],
    [
      'two, in their order',
      [
        [53, hex('01')],
        [50, hex('c000026c')],
      ],
      hex('350101 3204c000026c ff'),
    ],
    ['an empty value', [[12, hex('')]], hex('0c00 ff')],
    ['255 bytes in one', [[61, hex('ab'.repeat(255))]], hex('3dff', 'ab'.repeat(255), 'ff')],
    ['256 bytes in two', [[61, hex('ab'.repeat(256))]], hex('3dff', 'ab'.repeat(255), '3d01ab', 'ff')],
  ])('writes %s', (_, options, expected) => {
    const bytes = writeOptions(new Map(options));
    expect(bytes).toEqual(expected);
    expect(read(bytes)).toEqual({ ok: true, value: new Map(options) });
  });
});
