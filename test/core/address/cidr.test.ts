import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cidr, formatCidr, hasBroadcast, networkOf, parseCidr, rangeOfCidr } from '../../../src/core/address/cidr.ts';
import { formatIpv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import { sizeOf } from '../../../src/core/address/range.ts';

const cidrOf = (text: string): Cidr => {
  const result = parseCidr(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

describe('parseCidr', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0', '192.0.2.255'],
    ['198.51.100.128/25', '198.51.100.128', '198.51.100.255'],
    ['203.0.113.7/32', '203.0.113.7', '203.0.113.7'],
    ['203.0.113.6/31', '203.0.113.6', '203.0.113.7'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['128.0.0.0/1', '128.0.0.0', '255.255.255.255'],
    ['255.255.255.255/32', '255.255.255.255', '255.255.255.255'],
    ['255.255.255.252/30', '255.255.255.252', '255.255.255.255'],
  ])('%s is %s to %s', (text, first, last) => {
    const cidr = cidrOf(text);
    const range = rangeOfCidr(cidr);
    expect([formatIpv4(range.first), formatIpv4(range.last)]).toEqual([first, last]);
    expect(formatCidr(cidr)).toBe(text);
  });

  it('refuses host bits and offers the whole network', () => {
    const result = parseCidr('192.0.2.240/24');
    expect(result).toMatchObject({ ok: false });
    if (!result.ok) expect(result.error).toContain('192.0.2.0/24');
  });

  it.each([
    '',
    '/',
    '192.0.2.0',
    '192.0.2.0/',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/024',
    '192.0.2.0/08',
    '192.0.2.0/24/24',
    '192.0.2.0/2 4',
    '192.0.2/24',
    '192.0.2.0/255.255.255.0',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toMatchObject({ ok: false });
  });
});

describe('networkOf', () => {
  it('is the one network of its size that holds the address', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(32), (value, prefixLength) => {
        const cidr = networkOf(ipv4(value), prefixLength);
        const range = rangeOfCidr(cidr);
        expect(sizeOf(range)).toBe(2 ** (32 - prefixLength));
        // Plain arithmetic as the reference: no 32-bit operator.
        expect(range.first).toBe(value - (value % 2 ** (32 - prefixLength)));
        expect(range.last).toBe(range.first + 2 ** (32 - prefixLength) - 1);
        expect(cidrOf(formatCidr(cidr))).toEqual(cidr);
      }),
    );
  });
});

describe('hasBroadcast', () => {
  it.each([
    ['192.0.2.0/24', true],
    ['192.0.2.0/30', true],
    ['192.0.2.0/31', false],
    ['192.0.2.0/32', false],
  ])('%s: %s', (text, expected) => {
    expect(hasBroadcast(cidrOf(text))).toBe(expected);
  });
});
