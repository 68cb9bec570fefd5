import { describe, expect, it } from 'vitest';
import { finishChecksum, sumWords } from '../../../src/core/codec/checksum.ts';
import { decodeIpv4, encodeIpv4, PROTOCOL_ICMP, PROTOCOL_UDP } from '../../../src/core/codec/ipv4.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { concat, hex, patched, unwrap } from './build.ts';
import { DHCP_OFFER, ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST } from './wire-frames.ts';

const PACKET = ICMP_ECHO_REQUEST.subarray(14);

/** The checksum of the header made right again, so that another fault shows. */
function resealed(bytes: Uint8Array): Uint8Array {
  const copy = patched(bytes, 10, 0, 0);
  const sum = finishChecksum(sumWords(copy, 0, Math.min(((copy[0] ?? 0) & 0x0f) * 4, copy.length)));
  return patched(copy, 10, sum >>> 8, sum & 0xff);
}

describe('decodeIpv4', () => {
  it('reads a captured packet', () => {
    expect(decodeIpv4(PACKET)).toEqual({
      ok: true,
      value: {
        trafficClass: 0,
        identification: 0x9183,
        dontFragment: true,
        timeToLive: 64,
        protocol: PROTOCOL_ICMP,
        source: 0xc0000232,
        destination: 0xc0000201,
        payload: PACKET.subarray(20),
      },
    });
    expect(unwrap(decodeIpv4(DHCP_OFFER.subarray(14)))).toMatchObject({
      trafficClass: 0xc0,
      dontFragment: false,
      protocol: PROTOCOL_UDP,
      source: 0xc0000201,
      destination: 0xc000026c,
    });
  });

  it('skips options', () => {
    // Header length 6 words: router alert (RFC 2113).
    const bytes = resealed(concat(hex('46 00 001c 0000 0000 01 11 0000 c0000201 ffffffff', '94040000', 'cafebabe')));
    expect(unwrap(decodeIpv4(bytes)).payload).toEqual(hex('cafebabe'));
  });

  it('cuts the padding of a short frame off', () => {
    const bytes = concat(hex('45 00 0015 0000 0000 40 11 f6c8 c0000201 c0000232', '2a'), hex('00'.repeat(25)));
    expect(unwrap(decodeIpv4(resealed(bytes))).payload).toEqual(hex('2a'));
  });

  it.each<[string, Uint8Array, DecodeReason]>([
    ['nothing', hex(), 'ipv4-too-short'],
    ['19 bytes', PACKET.subarray(0, 19), 'ipv4-too-short'],
    ['version 6', patched(PACKET, 0, 0x65), 'ipv4-not-version-4'],
    ['version 0', patched(PACKET, 0, 0x05), 'ipv4-not-version-4'],
    ['a header of 4 words', resealed(patched(PACKET, 0, 0x44)), 'ipv4-bad-header-length'],
    ['a header of no words', patched(PACKET, 0, 0x40), 'ipv4-bad-header-length'],
    ['a header of 15 words in 24 bytes', resealed(patched(PACKET.subarray(0, 24), 0, 0x4f)), 'ipv4-too-short'],
    ['a total length of 0', resealed(patched(PACKET, 2, 0, 0)), 'ipv4-bad-total-length'],
    ['a total length that ends in the header', resealed(patched(PACKET, 2, 0, 19)), 'ipv4-bad-total-length'],
    ['a total length that ends in the options', resealed(patched(PACKET, 0, 0x46, 0, 0, 20)), 'ipv4-bad-total-length'],
    ['one byte too few', PACKET.subarray(0, PACKET.length - 1), 'ipv4-truncated'],
    ['a total length of 65535', resealed(patched(PACKET, 2, 0xff, 0xff)), 'ipv4-truncated'],
    ['a flipped bit in an address', patched(PACKET, 15, 0x33), 'ipv4-bad-checksum'],
    ['a checksum of 0', patched(PACKET, 10, 0, 0), 'ipv4-bad-checksum'],
    ['the first fragment', resealed(patched(PACKET, 6, 0x20, 0)), 'ipv4-fragment'],
    ['the last fragment', resealed(patched(PACKET, 6, 0, 1)), 'ipv4-fragment'],
    ['a far fragment', resealed(patched(PACKET, 6, 0x1f, 0xff)), 'ipv4-fragment'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(decodeIpv4(bytes)).toEqual({ ok: false, error: reason });
  });
});

describe('encodeIpv4', () => {
  it('gives back the captured bytes', () => {
    for (const frame of [ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY, DHCP_OFFER]) {
      const bytes = frame.subarray(14);
      expect(encodeIpv4(unwrap(decodeIpv4(bytes)))).toEqual(bytes);
    }
  });
});
