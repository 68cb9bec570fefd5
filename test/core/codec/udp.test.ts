import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../../src/core/address/ipv4.ts';
import { decodeIpv4 } from '../../../src/core/codec/ipv4.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { decodeUdp, encodeUdp } from '../../../src/core/codec/udp.ts';
import { concat, hex, patched, unwrap } from './build.ts';
import { DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST, UDP_HELLO } from './wire-frames.ts';

const HELLO = UDP_HELLO.subarray(34);

describe('decodeUdp', () => {
  it('reads a captured datagram', () => {
    expect(decodeUdp(HELLO)).toEqual({
      ok: true,
      value: { sourcePort: 33880, destinationPort: 9, payload: new TextEncoder().encode('hello, freehold') },
    });
  });

  it('cuts padding off', () => {
    expect(unwrap(decodeUdp(concat(HELLO, hex('000000')))).payload).toEqual(HELLO.subarray(8));
  });

  it.each<[string, Uint8Array, boolean]>([
    ['filled in by the sender', DHCP_DISCOVER, true],
    ['filled in by the sender', DHCP_REQUEST, true],
    ['left to the network card', DHCP_OFFER, false],
    ['left to the network card', UDP_HELLO, false],
  ])('a captured checksum %s is right only when it is looked at: %#', (_, frame, right) => {
    const packet = unwrap(decodeIpv4(frame.subarray(14)));
    expect(decodeUdp(packet.payload).ok).toBe(true);
    expect(decodeUdp(packet.payload, packet)).toEqual(
      right ? decodeUdp(packet.payload) : { ok: false, error: 'udp-bad-checksum' },
    );
  });

  it.each<[string, Uint8Array, DecodeReason]>([
    ['nothing', hex(), 'udp-too-short'],
    ['7 bytes', HELLO.subarray(0, 7), 'udp-too-short'],
    ['a length of 0', patched(HELLO, 4, 0, 0), 'udp-bad-length'],
    ['a length of 7', patched(HELLO, 4, 0, 7), 'udp-bad-length'],
    ['a length of one too much', patched(HELLO, 4, 0, 24), 'udp-truncated'],
    ['a length of 65535', patched(HELLO, 4, 0xff, 0xff), 'udp-truncated'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(decodeUdp(bytes)).toEqual({ ok: false, error: reason });
  });

  const between = { source: ipv4(0xc0000201), destination: ipv4(0xffffffff) };

  it('refuses a flipped bit, in the data or in the addresses, when asked to look', () => {
    const bytes = encodeUdp({ sourcePort: 67, destinationPort: 68, payload: hex('0102030405') }, between);
    const reason = { ok: false, error: 'udp-bad-checksum' };
    expect(decodeUdp(bytes, between).ok).toBe(true);
    expect(decodeUdp(patched(bytes, 12, 0x04), between)).toEqual(reason);
    expect(decodeUdp(bytes, { ...between, source: ipv4(0xc0000202) })).toEqual(reason);
    expect(decodeUdp(patched(bytes, 12, 0x04)).ok).toBe(true);
  });

  it('looks at no checksum where the sender made none', () => {
    expect(decodeUdp(patched(HELLO, 6, 0, 0), between).ok).toBe(true);
  });
});

describe('encodeUdp', () => {
  it('gives back the captured bytes, checksum included', () => {
    const packet = unwrap(decodeIpv4(DHCP_DISCOVER.subarray(14)));
    expect(encodeUdp(unwrap(decodeUdp(packet.payload)), packet)).toEqual(packet.payload);
  });

  it('sends a sum of zero as all ones', () => {
    const nowhere = { source: ipv4(0), destination: ipv4(0) };
    // Pseudo header 17 + 10, header 10, and data that brings the sum to ffff.
    const datagram = { sourcePort: 0, destinationPort: 0, payload: hex((0xffff - 17 - 10 - 10).toString(16)) };
    const bytes = encodeUdp(datagram, nowhere);
    expect(bytes.subarray(6, 8)).toEqual(hex('ffff'));
    expect(decodeUdp(bytes, nowhere)).toEqual({ ok: true, value: datagram });
    expect(encodeUdp(datagram).subarray(6, 8)).toEqual(hex('0000'));
  });
});
