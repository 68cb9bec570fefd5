import { describe, expect, it } from 'vitest';
import { formatRange, type Ipv4Range, parseRange } from '../../../src/core/address/range.ts';
import { rangeSet } from '../../../src/core/address/range-set.ts';
import { extendRange } from '../../../src/core/claim/extend.ts';

function range(text: string): Ipv4Range {
  const read = parseRange(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

describe('extendRange', () => {
  it.each<[string, readonly string[], number, string | null]>([
    ['stays', [], 8, '192.0.2.120-192.0.2.127'],
    ['shrinks from its end', [], 4, '192.0.2.120-192.0.2.123'],
    ['grows upwards', ['192.0.2.100-192.0.2.200'], 12, '192.0.2.120-192.0.2.131'],
    [
      'grows upwards as far as it can, and downwards',
      ['192.0.2.128-192.0.2.129', '192.0.2.100-192.0.2.119'],
      12,
      '192.0.2.118-192.0.2.129',
    ],
    ['grows downwards', ['192.0.2.100-192.0.2.119'], 12, '192.0.2.116-192.0.2.127'],
    ['does not jump over what is not free', ['192.0.2.129-192.0.2.200', '192.0.2.100-192.0.2.118'], 12, null],
    ['does not move elsewhere', ['192.0.2.200-192.0.2.239'], 12, null],
  ])('%s', (_, free, size, expected) => {
    const found = extendRange(range('192.0.2.120-192.0.2.127'), rangeSet(free.map(range)), size);
    expect(found === null ? null : formatRange(found)).toBe(expected);
  });

  it('does not leave the address space', () => {
    expect(extendRange(range('255.255.255.254-255.255.255.255'), [], 3)).toBeNull();
    expect(extendRange(range('0.0.0.0-0.0.0.1'), [], 3)).toBeNull();
  });
});
