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

/** Hardware type 6 (IEEE 802): Linux takes it on Ethernet. */
const REPLY_802 = patched(ARP_REPLY, 15, 6);
/** The captured reply as RFC 1042 carries it in an 802.3 frame. */
const REPLY_SNAP = hex(
  '525400123456', // to the client
  '525400000001', // from the server
  '0024', // 36 bytes follow: LLC, SNAP and the packet
  'aa aa 03', // LLC: SNAP at both ends, unnumbered information
  '000000', // SNAP: organisation 0, so an Ethernet type comes next
  '0806', // ARP
  '0006 0800 06 04', // hardware type 6, as such senders say
  '0002', // reply
  '525400000001 c0000201', // sender: 192.0.2.1
  '525400123456 c0000232', // target: 192.0.2.50
);
const REPLY_SNAP_VLAN = concat(REPLY_SNAP.subarray(0, 12), hex('8100 002a'), REPLY_SNAP.subarray(12));

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
    ['a reply with hardware type 6', REPLY_802, unwrap(decodeArpFrame(ARP_REPLY))],
    ['a reply in an 802.3 frame', REPLY_SNAP, unwrap(decodeArpFrame(ARP_REPLY))],
    ['the same, padded', concat(REPLY_SNAP, hex(zeros(10))), unwrap(decodeArpFrame(ARP_REPLY))],
    ['the same in a VLAN', REPLY_SNAP_VLAN, { ...unwrap(decodeArpFrame(ARP_REPLY)), vlanIds: [42] }],
    ['the same with Ethernet for its hardware', patched(REPLY_SNAP, 23, 1), unwrap(decodeArpFrame(ARP_REPLY))],
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
    ['hardware type 0', patched(ARP_REPLY, 15, 0), 'arp-not-ipv4-over-ethernet'],
    ['hardware type 7 (ARCNET)', patched(ARP_REPLY, 15, 7), 'arp-not-ipv4-over-ethernet'],
    ['hardware type 262', patched(ARP_REPLY, 14, 1, 6), 'arp-not-ipv4-over-ethernet'],
    ['an 802.3 frame cut within its packet', REPLY_SNAP.subarray(0, 49), 'arp-too-short'],
    ['an 802.3 frame cut within its SNAP header', REPLY_SNAP.subarray(0, 21), 'ethernet-not-arp'],
    ['an 802.3 frame of spanning tree', patched(REPLY_SNAP, 14, 0x42, 0x42), 'ethernet-not-arp'],
    ['SNAP of another organisation', patched(REPLY_SNAP, 19, 0x0c), 'ethernet-not-arp'],
    ['SNAP with IPv4', patched(REPLY_SNAP, 21, 0x00), 'ethernet-not-arp'],
    ['SNAP behind a type', patched(REPLY_SNAP, 12, 0x06, 0x00), 'ethernet-not-arp'],
    ['SNAP with reverse ARP', patched(REPLY_SNAP, 29, 3), 'arp-unknown-operation'],
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

  it('writes Ethernet II and hardware type 1, whatever was read', () => {
    expect(encodeArp(unwrap(decodeArp(REPLY_802.subarray(14))))).toEqual(ARP_REPLY.subarray(14));
    expect(encodeArpFrame(unwrap(decodeArpFrame(REPLY_SNAP)))).toEqual(concat(ARP_REPLY, hex(zeros(18))));
  });

  it('puts a service tag outside of a customer tag', () => {
    const bytes = encodeArpFrame({ ...unwrap(decodeArpFrame(ARP_REPLY)), vlanIds: [100, 42] });
    expect(bytes).toEqual(concat(ARP_REPLY.subarray(0, 12), hex('88a8 0064 8100 002a'), ARP_REPLY.subarray(12), hex(zeros(10))));
  });
});
