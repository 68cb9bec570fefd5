import { describe, expect, it } from 'vitest';
import { decodeArp, decodeArpFrame, encodeArp, encodeArpFrame } from '../../../src/core/codec/arp.ts';
import { decodeEthernet } from '../../../src/core/codec/ethernet.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { concat, hex, patched, unwrap, zeros } from './build.ts';
import { ARP_REPLY, ARP_REQUEST, DHCP_DISCOVER, ICMP_ECHO_REPLY } from './wire-frames.ts';

/** RFC 5227 section 2.1.1, padded to 60 bytes as a cable carries it. */
const PROBE_60 = hex(
  'ffffffffffff', // broadcast
  '525400123456',
  '0806',
  '0001 0800 06 04',
  '0001', // request
  '525400123456 00000000', // sender address: all zero
  '000000000000 c0000263', // target: 192.0.2.99, its MAC unknown
  zeros(18), // padding
);
/** The same in VLAN 42. */
const PROBE_VLAN = concat(PROBE_60.subarray(0, 12), hex('8100 002a'), PROBE_60.subarray(12, 42));

const PROBE = {
  etherDestination: 'ff:ff:ff:ff:ff:ff',
  etherSource: '52:54:00:12:34:56',
  vlanIds: [],
  operation: 'request',
  senderMac: '52:54:00:12:34:56',
  senderAddress: 0,
  targetMac: '00:00:00:00:00:00',
  targetAddress: 0xc0000263,
};

describe('decodeArpFrame', () => {
  it.each<[string, Uint8Array, object]>([
    ['a probe in 60 bytes', PROBE_60, PROBE],
    ['a probe in 42 bytes', PROBE_60.subarray(0, 42), PROBE],
    ['a probe in a VLAN', PROBE_VLAN, { ...PROBE, vlanIds: [42] }],
    ['a captured request', ARP_REQUEST, { ...PROBE, senderAddress: 0xc0000232, targetAddress: 0xc0000201 }],
    [
      'a captured reply',
      ARP_REPLY,
      {
        etherDestination: '52:54:00:12:34:56',
        etherSource: '52:54:00:00:00:01',
        vlanIds: [],
        operation: 'reply',
        senderMac: '52:54:00:00:00:01',
        senderAddress: 0xc0000201,
        targetMac: '52:54:00:12:34:56',
        targetAddress: 0xc0000232,
      },
    ],
    ['a reply with rubbish for padding', concat(ARP_REPLY, hex('deadbeef'.repeat(5))), { senderAddress: 0xc0000201 }],
  ])('reads %s', (_, bytes, expected) => {
    expect(unwrap(decodeArpFrame(bytes))).toMatchObject(expected);
  });

  it('keeps apart the MACs of the frame and of the packet', () => {
    // An access point answers for somebody else.
    const bytes = patched(ARP_REPLY, 22, 0x02, 0, 0, 0, 0, 0x09);
    expect(unwrap(decodeArpFrame(bytes))).toMatchObject({ etherSource: '52:54:00:00:00:01', senderMac: '02:00:00:00:00:09' });
    // They differ in the last byte only.
    const near = patched(ARP_REPLY, 27, 0x02);
    expect(unwrap(decodeArpFrame(near))).toMatchObject({ etherSource: '52:54:00:00:00:01', senderMac: '52:54:00:00:00:02' });
  });

  it('takes the VLAN that the kernel reports beside the frame', () => {
    expect(unwrap(decodeArpFrame(ARP_REPLY, 7)).vlanIds).toEqual([7]);
    expect(unwrap(decodeArpFrame(PROBE_VLAN, 7)).vlanIds).toEqual([7, 42]);
  });

  it.each<[string, Uint8Array, DecodeReason]>([
    ['nothing', hex(), 'ethernet-too-short'],
    ['an IPv4 frame', DHCP_DISCOVER, 'ethernet-not-arp'],
    ['another IPv4 frame', ICMP_ECHO_REPLY, 'ethernet-not-arp'],
    ['41 bytes', ARP_REPLY.subarray(0, 41), 'arp-too-short'],
    ['a frame whose tag leaves too little', PROBE_VLAN.subarray(0, 45), 'arp-too-short'],
    [
      'three tags',
      concat(PROBE_VLAN.subarray(0, 12), hex('88a8 0001 8100 0002 8100 0003'), hex('0806')),
      'ethernet-too-many-tags',
    ],
    ['hardware type 6', patched(ARP_REPLY, 15, 6), 'arp-not-ipv4-over-ethernet'],
    ['hardware type 257', patched(ARP_REPLY, 14, 1), 'arp-not-ipv4-over-ethernet'],
    ['protocol IPv6', patched(ARP_REPLY, 16, 0x86, 0xdd), 'arp-not-ipv4-over-ethernet'],
    ['a hardware length of 8', patched(ARP_REPLY, 18, 8), 'arp-not-ipv4-over-ethernet'],
    ['a hardware length of 0', patched(ARP_REPLY, 18, 0), 'arp-not-ipv4-over-ethernet'],
    ['a protocol length of 16', patched(ARP_REPLY, 19, 16), 'arp-not-ipv4-over-ethernet'],
    ['operation 0', patched(ARP_REPLY, 21, 0), 'arp-unknown-operation'],
    ['operation 3 (reverse ARP)', patched(ARP_REPLY, 21, 3), 'arp-unknown-operation'],
    ['operation 258', patched(ARP_REPLY, 20, 1), 'arp-unknown-operation'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(decodeArpFrame(bytes)).toEqual({ ok: false, error: reason });
    const ethernet = decodeEthernet(bytes);
    if (reason.startsWith('arp') && ethernet.ok) expect(decodeArp(ethernet.value.payload)).toEqual({ ok: false, error: reason });
  });
});

describe('encoding', () => {
  it('gives back the captured bytes', () => {
    expect(encodeArp(unwrap(decodeArp(ARP_REPLY.subarray(14))))).toEqual(ARP_REPLY.subarray(14));
    expect(encodeArpFrame(unwrap(decodeArpFrame(PROBE_60)))).toEqual(PROBE_60);
    expect(encodeArpFrame(unwrap(decodeArpFrame(ARP_REQUEST)))).toEqual(concat(ARP_REQUEST, hex(zeros(18))));
  });

  it('puts a service tag outside of a customer tag', () => {
    const bytes = encodeArpFrame({ ...unwrap(decodeArpFrame(ARP_REPLY)), vlanIds: [100, 42] });
    expect(bytes).toEqual(concat(ARP_REPLY.subarray(0, 12), hex('88a8 0064 8100 002a'), ARP_REPLY.subarray(12), hex(zeros(10))));
  });
});
