import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../../src/core/codec/checksum.ts';
import { decodeIcmp, encodeIcmp } from '../../../src/core/codec/icmp.ts';
import { decodeIpv4 } from '../../../src/core/codec/ipv4.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { concat, hex, patched, unwrap, zeros } from './build.ts';
import { ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, ICMP_PORT_UNREACHABLE } from './wire-frames.ts';

const REQUEST = ICMP_ECHO_REQUEST.subarray(34);
const REPLY = ICMP_ECHO_REPLY.subarray(34);
const UNREACHABLE = ICMP_PORT_UNREACHABLE.subarray(34);

function resealed(bytes: Uint8Array): Uint8Array {
  const copy = patched(bytes, 2, 0, 0);
  const sum = internetChecksum(copy);
  return patched(copy, 2, sum >>> 8, sum & 0xff);
}

describe('decodeIcmp', () => {
  it('reads captured echoes', () => {
    const echo = { identifier: 18, sequence: 1 };
    expect(decodeIcmp(REQUEST)).toEqual({ ok: true, value: { kind: 'echo-request', ...echo, payload: REQUEST.subarray(8) } });
    expect(decodeIcmp(REPLY)).toEqual({ ok: true, value: { kind: 'echo-reply', ...echo, payload: REPLY.subarray(8) } });
  });

  it('reads a captured port unreachable, and what it quotes', () => {
    const packet = unwrap(decodeIpv4(ICMP_PORT_UNREACHABLE.subarray(14)));
    expect(decodeIcmp(packet.payload)).toEqual({
      ok: true,
      value: {
        kind: 'destination-unreachable',
        code: 3,
        quoted: { protocol: 17, source: 0xc0000232, destination: 0xc0000201, data: hex('8458 0009 0017 845c') },
      },
    });
  });

  it('finds the quoted data behind the options of the quoted header', () => {
    const quote = hex('46 00 0020 0000 0000 01 01 0000 c0000232 c0000201', '94040000', '0800f7fd 0001 0001');
    const message = decodeIcmp(resealed(concat(hex('0301 0000 00000000'), quote)));
    expect(message).toMatchObject({ ok: true, value: { code: 1, quoted: { data: hex('0800f7fd 0001 0001') } } });
  });

  it.each<[string, Uint8Array, DecodeReason]>([
    ['nothing', hex(), 'icmp-too-short'],
    ['7 bytes', REQUEST.subarray(0, 7), 'icmp-too-short'],
    ['a flipped bit', patched(REQUEST, 20, 0x55), 'icmp-bad-checksum'],
    ['one byte too few', REQUEST.subarray(0, REQUEST.length - 1), 'icmp-bad-checksum'],
    ['time exceeded', resealed(patched(UNREACHABLE, 0, 11)), 'icmp-unknown-type'],
    ['type 255', resealed(patched(REQUEST, 0, 255)), 'icmp-unknown-type'],
    ['no quote', resealed(UNREACHABLE.subarray(0, 8)), 'icmp-bad-quote'],
    ['a quote of 27 bytes', resealed(UNREACHABLE.subarray(0, 35)), 'icmp-bad-quote'],
    ['a quote whose options reach too far', resealed(patched(UNREACHABLE.subarray(0, 36), 8, 0x46)), 'icmp-bad-quote'],
    ['a quote with a header of 4 words', resealed(patched(UNREACHABLE, 8, 0x44)), 'icmp-bad-quote'],
    ['a quote of IPv6', resealed(patched(UNREACHABLE, 8, 0x60)), 'icmp-bad-quote'],
    ['a quote of zeros', resealed(concat(hex('0300 0000 00000000'), hex(zeros(28)))), 'icmp-bad-quote'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(decodeIcmp(bytes)).toEqual({ ok: false, error: reason });
  });

  it('takes a quote of exactly 28 bytes', () => {
    expect(decodeIcmp(resealed(UNREACHABLE.subarray(0, 36)))).toEqual(decodeIcmp(UNREACHABLE));
  });
});

describe('encodeIcmp', () => {
  it('gives back the captured echoes', () => {
    for (const bytes of [REQUEST, REPLY]) expect(encodeIcmp(unwrap(decodeIcmp(bytes)))).toEqual(bytes);
  });

  it('quotes a header that another reader takes for one', () => {
    const bytes = encodeIcmp(unwrap(decodeIcmp(UNREACHABLE)));
    expect(bytes).toHaveLength(36);
    expect(decodeIpv4(bytes.subarray(8))).toMatchObject({
      ok: true,
      value: { protocol: 17, source: 0xc0000232, destination: 0xc0000201, payload: hex('8458 0009 0017 845c') },
    });
  });
});
