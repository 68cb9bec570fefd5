import { describe, expect, it } from 'vitest';
import type { Mac } from '../../../src/core/address/mac.ts';
import { decodeEthernet, ETHERTYPE_ARP, ETHERTYPE_IPV4, encodeEthernet } from '../../../src/core/codec/ethernet.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { hex, patched, unwrap } from './build.ts';
import { ARP_REPLY, DHCP_DISCOVER } from './wire-frames.ts';

const ADDRESSES = 'ffffffffffff 525400123456';

describe('decodeEthernet', () => {
  it('reads a plain frame as it was captured', () => {
    expect(decodeEthernet(ARP_REPLY)).toEqual({
      ok: true,
      value: {
        destination: '52:54:00:12:34:56',
        source: '52:54:00:00:00:01',
        vlans: [],
        etherType: ETHERTYPE_ARP,
        payload: ARP_REPLY.subarray(14),
      },
    });
    expect(unwrap(decodeEthernet(DHCP_DISCOVER)).etherType).toBe(ETHERTYPE_IPV4);
  });

  it('reads one tag: priority 5, drop eligible, VLAN 42', () => {
    const frame = unwrap(decodeEthernet(hex(ADDRESSES, '8100 b02a', '0806', 'aabb')));
    expect(frame.vlans).toEqual([{ type: 0x8100, priority: 5, dropEligible: true, id: 42 }]);
    expect(frame.etherType).toBe(ETHERTYPE_ARP);
    expect(frame.payload).toEqual(hex('aabb'));
  });

  it('reads stacked tags, outermost first', () => {
    const frame = unwrap(decodeEthernet(hex(ADDRESSES, '88a8 0064', '8100 0fff', '0800')));
    expect(frame.vlans).toEqual([
      { type: 0x88a8, priority: 0, dropEligible: false, id: 100 },
      { type: 0x8100, priority: 0, dropEligible: false, id: 4095 },
    ]);
    expect(frame.payload).toHaveLength(0);
  });

  it('puts the tag that the kernel took off in front of those in the frame', () => {
    const frame = unwrap(decodeEthernet(hex(ADDRESSES, '8100 002a', '0806'), 7));
    expect(frame.vlans.map((tag) => tag.id)).toEqual([7, 42]);
    expect(unwrap(decodeEthernet(ARP_REPLY, 0)).vlans).toEqual([{ type: 0x8100, priority: 0, dropEligible: false, id: 0 }]);
  });

  it('gives the payload as a view, not a copy', () => {
    const frame = ARP_REPLY.slice();
    const { payload } = unwrap(decodeEthernet(frame));
    frame[14] = 0x77;
    expect(payload[0]).toBe(0x77);
  });

  it.each<[string, Uint8Array, DecodeReason, (number | null)?]>([
    ['nothing', hex(), 'ethernet-too-short'],
    ['13 bytes', ARP_REPLY.subarray(0, 13), 'ethernet-too-short'],
    ['a tag without a type behind it', hex(ADDRESSES, '8100 002a'), 'ethernet-too-short'],
    ['a tag and half a type', hex(ADDRESSES, '8100 002a 08'), 'ethernet-too-short'],
    ['two tags, the second cut', hex(ADDRESSES, '88a8 0001 8100 00'), 'ethernet-too-short'],
    ['three tags', hex(ADDRESSES, '88a8 0001 88a8 0002 8100 0003 0800'), 'ethernet-too-many-tags'],
    ['two tags and one from the kernel', hex(ADDRESSES, '88a8 0001 8100 0002 0800'), 'ethernet-too-many-tags', 3],
    ['an 802.3 length', hex(ADDRESSES, '0026 4242 03'), 'ethernet-length-not-type'],
    ['the largest length', hex(ADDRESSES, '05ff'), 'ethernet-length-not-type'],
    ['a length with SNAP', hex(ADDRESSES, '0024 aaaa03 000000 0806 0001'), 'ethernet-length-not-type'],
    ['a length behind a tag', hex(ADDRESSES, '8100 0001 0026'), 'ethernet-length-not-type'],
  ])('refuses %s', (_, bytes, reason, kernelVlanId = null) => {
    expect(decodeEthernet(bytes, kernelVlanId)).toEqual({ ok: false, error: reason });
  });

  it('takes the smallest type for a type', () => {
    expect(unwrap(decodeEthernet(patched(ARP_REPLY, 12, 0x06, 0x00))).etherType).toBe(0x0600);
  });
});

describe('encodeEthernet', () => {
  it('writes tags between the addresses and the type', () => {
    const bytes = encodeEthernet({
      destination: 'ff:ff:ff:ff:ff:ff' as Mac,
      source: '52:54:00:12:34:56' as Mac,
      vlans: [
        { type: 0x88a8, priority: 7, dropEligible: true, id: 4095 },
        { type: 0x8100, priority: 0, dropEligible: false, id: 1 },
      ],
      etherType: ETHERTYPE_IPV4,
      payload: hex('01 02 03'),
    });
    expect(bytes).toEqual(hex(ADDRESSES, '88a8 ffff', '8100 0001', '0800', '010203'));
  });
});
