import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BROADCAST_MAC,
  isGroupMac,
  isLocalMac,
  type Mac,
  macFromBytes,
  parseMac,
  writeMac,
  ZERO_MAC,
} from '../../../src/core/address/mac.ts';

describe('parseMac', () => {
  it.each([
    ['52:54:00:12:34:56', '52:54:00:12:34:56'],
    ['52-54-00-AB-CD-EF', '52:54:00:ab:cd:ef'],
    ['FF:FF:FF:FF:FF:FF', 'ff:ff:ff:ff:ff:ff'],
  ])('%s becomes %s', (text, value) => {
    expect(parseMac(text)).toEqual({ ok: true, value });
  });

  it.each([
    '',
    '52:54:00:12:34',
    '52:54:00:12:34:56:78',
    '52:54:00:12:34:5g',
    '52:54-00:12-34:56',
    '525400123456',
    '5254.0012.3456',
    '52:54:00:12:34:56\n',
    '5:54:00:12:34:56',
  ])('refuses %j', (text) => {
    expect(parseMac(text)).toMatchObject({ ok: false });
  });
});

describe('bytes', () => {
  it('round-trips every MAC at any offset, and touches nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.nat(4), (mac, offset) => {
        const text = macFromBytes(mac, 0);
        expect(parseMac(text)).toEqual({ ok: true, value: text });
        const bytes = new Uint8Array(12).fill(0x5a);
        writeMac(bytes, offset, text);
        expect([...bytes.subarray(offset, offset + 6)]).toEqual([...mac]);
        expect(bytes.filter((_, i) => i < offset || i >= offset + 6).every((byte) => byte === 0x5a)).toBe(true);
      }),
    );
  });

  it('writes every value of a byte', () => {
    for (let value = 0; value < 256; value++) {
      const bytes = new Uint8Array(6);
      writeMac(bytes, 0, macFromBytes(Uint8Array.of(value, 0, 0, 0, 0, value ^ 0xff), 0));
      expect([...bytes]).toEqual([value, 0, 0, 0, 0, value ^ 0xff]);
    }
  });
});

describe('the two flag bits', () => {
  it.each<[string, boolean, boolean]>([
    [ZERO_MAC, false, false],
    [BROADCAST_MAC, true, true],
    ['01:00:5e:00:00:01', true, false],
    ['33:33:00:00:00:01', true, true],
    ['52:54:00:12:34:56', false, true],
    ['00:1b:21:00:00:01', false, false],
  ])('%s: group %s, local %s', (mac, group, local) => {
    expect(isGroupMac(mac as Mac)).toBe(group);
    expect(isLocalMac(mac as Mac)).toBe(local);
  });
});
