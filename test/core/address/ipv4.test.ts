import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatIpv4,
  type Ipv4,
  ipv4,
  ipv4FromBytes,
  LIMITED_BROADCAST,
  parseIpv4,
  writeIpv4,
} from '../../../src/core/address/ipv4.ts';

const anyAddress = fc.nat(0xffffffff).map(ipv4);

describe('parseIpv4', () => {
  it.each<[string, number]>([
    ['0.0.0.0', 0],
    ['0.0.0.1', 1],
    ['127.255.255.255', 0x7fffffff],
    ['128.0.0.0', 0x80000000],
    ['192.0.2.1', 0xc0000201],
    ['255.255.255.255', 0xffffffff],
  ])('%s is %d, and never negative', (text, value) => {
    expect(parseIpv4(text)).toEqual({ ok: true, value });
    expect(formatIpv4(value as Ipv4)).toBe(text);
  });

  it.each([
    '',
    '192.0.2',
    '192.0.2.1.1',
    '192.0.2.256',
    '192.0.2.999',
    '192.0.2.01',
    '192.0.2.-1',
    ' 192.0.2.1',
    '192.0.2.1\n',
    '192.0.2.1/24',
    '0xc0.0.2.1',
    '3221225985',
    '192.0.2.١',
    '1e1.0.2.1',
  ])('refuses %j and names it', (text) => {
    const result = parseIpv4(text);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.error).toContain(`"${text}" is not an IPv4 address`);
  });

  it('reads back every address that it writes', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parseIpv4(formatIpv4(address))).toEqual({ ok: true, value: address });
      }),
    );
  });
});

describe('bytes', () => {
  it('puts the highest octet first', () => {
    const bytes = new Uint8Array(6).fill(0xaa);
    writeIpv4(bytes, 1, ipv4(0xc0000201));
    expect([...bytes]).toEqual([0xaa, 192, 0, 2, 1, 0xaa]);
  });

  it('reads an address above 127 as a positive number', () => {
    expect(ipv4FromBytes(Uint8Array.of(255, 255, 255, 255), 0)).toBe(LIMITED_BROADCAST);
    expect(ipv4FromBytes(Uint8Array.of(128, 0, 0, 0), 0)).toBe(0x80000000);
  });

  it('round-trips at any offset', () => {
    fc.assert(
      fc.property(anyAddress, fc.nat(20), (address, offset) => {
        const bytes = new Uint8Array(24);
        writeIpv4(bytes, offset, address);
        expect(ipv4FromBytes(bytes, offset)).toBe(address);
      }),
    );
  });
});
