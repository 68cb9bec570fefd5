import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finishChecksum, internetChecksum, sumWords } from '../../../src/core/codec/checksum.ts';
import { concat, hex } from './build.ts';
import { ICMP_ECHO_REQUEST } from './wire-frames.ts';

describe('internetChecksum', () => {
  it.each<[string, Uint8Array, number]>([
    ['nothing', hex(), 0xffff],
    ['the example of RFC 1071 section 3', hex('0001 f203 f4f5 f6f7'), 0xffff - 0xddf2],
    ['an odd number of bytes', hex('0001 f2'), 0xffff - 0xf201],
    ['all ones', hex('ffff ffff'), 0],
    ['a captured IPv4 header', ICMP_ECHO_REQUEST.subarray(14, 34), 0],
    ['a captured ICMP message', ICMP_ECHO_REQUEST.subarray(34), 0],
  ])('of %s', (_, bytes, expected) => {
    expect(internetChecksum(bytes)).toBe(expected);
  });

  it('of a megabyte of ones does not overflow', () => {
    const many = new Uint8Array(1 << 20).fill(0xff);
    expect(internetChecksum(many)).toBe(0);
    expect(internetChecksum(concat(hex('0001'), many.subarray(0, 1 << 18)))).toBe(0xfffe);
    expect(finishChecksum(2 ** 40)).toBe(0xffff - 0x0100);
  });

  it('sums parts as it sums the whole, where they are cut at even places', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(50), (bytes, half) => {
        const cut = Math.min(half * 2, bytes.length - (bytes.length % 2));
        expect(finishChecksum(sumWords(bytes, cut, bytes.length, sumWords(bytes, 0, cut)))).toBe(internetChecksum(bytes));
      }),
    );
  });

  it('is 0 over data that holds it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
        const even = data.length % 2 === 0 ? data : data.subarray(1);
        const sum = internetChecksum(even);
        expect(internetChecksum(concat(even, Uint8Array.of(sum >>> 8, sum)))).toBe(0);
      }),
    );
  });
});
