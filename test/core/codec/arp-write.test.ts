import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../../src/core/address/ipv4.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../../src/core/address/mac.ts';
import { ARP_FRAME_LENGTH, decodeArpFrame, encodeArpFrame, writeArpProbe, writeArpRequest } from '../../../src/core/codec/arp.ts';
import { anyAddress, anyMac } from './arbitraries.ts';
import { hex, zeros } from './build.ts';

const OUR_MAC = '52:54:00:12:34:56' as Mac;

describe('writeArpProbe', () => {
  it('writes the probe of RFC 5227, byte by byte', () => {
    const bytes = new Uint8Array(ARP_FRAME_LENGTH);
    writeArpProbe(bytes, 0, OUR_MAC, ipv4(0xc0000263));
    expect(bytes).toEqual(
      hex(
        'ffffffffffff',
        '525400123456',
        '0806',
        '0001 0800 0604 0001',
        '525400123456',
        '00000000',
        zeros(6),
        'c0000263',
        zeros(18),
      ),
    );
  });
});

describe('writeArpRequest', () => {
  it('names us truly', () => {
    const bytes = new Uint8Array(ARP_FRAME_LENGTH);
    writeArpRequest(bytes, 0, OUR_MAC, ipv4(0xc0000232), ipv4(0xc0000201));
    expect(bytes).toEqual(
      hex(
        'ffffffffffff',
        '525400123456',
        '0806',
        '0001 0800 0604 0001',
        '525400123456',
        'c0000232',
        zeros(6),
        'c0000201',
        zeros(18),
      ),
    );
  });
});

describe('both', () => {
  it('write all of their 60 bytes and no other, whatever lay there', () => {
    fc.assert(
      fc.property(anyMac, anyAddress, anyAddress, fc.nat(200), fc.nat(255), (mac, ours, target, offset, before) => {
        const bytes = new Uint8Array(300).fill(before);
        const frame = {
          etherSource: mac,
          etherDestination: BROADCAST_MAC,
          vlanIds: [],
          operation: 'request',
          senderMac: mac,
        } as const;
        const rest = { targetMac: ZERO_MAC, targetAddress: target };
        for (const senderAddress of [ours, ipv4(0)]) {
          if (senderAddress === 0) writeArpProbe(bytes, offset, mac, target);
          else writeArpRequest(bytes, offset, mac, senderAddress, target);
          const written = bytes.subarray(offset, offset + ARP_FRAME_LENGTH);
          expect(written).toEqual(encodeArpFrame({ ...frame, ...rest, senderAddress }));
        }
        const others = bytes.filter((_, i) => i < offset || i >= offset + ARP_FRAME_LENGTH);
        expect(others.every((byte) => byte === before)).toBe(true);
      }),
    );
  });

  it('fill a buffer with a whole /16', () => {
    const count = 65_534;
    const bytes = new Uint8Array(count * ARP_FRAME_LENGTH);
    for (let i = 0; i < count; i++) writeArpProbe(bytes, i * ARP_FRAME_LENGTH, OUR_MAC, ipv4(0xc6330001 + i));
    for (const i of [0, 1, 255, 32_767, count - 1]) {
      expect(decodeArpFrame(bytes.subarray(i * ARP_FRAME_LENGTH, (i + 1) * ARP_FRAME_LENGTH))).toMatchObject({
        ok: true,
        value: { senderAddress: 0, targetAddress: 0xc6330001 + i },
      });
    }
  });

  it.each([-1, 1, 60, 1e9, Number.NaN])('refuse an offset where the frame does not fit: %d', (offset) => {
    const bytes = new Uint8Array(ARP_FRAME_LENGTH);
    expect(() => writeArpProbe(bytes, offset, OUR_MAC, ipv4(1))).toThrow(RangeError);
    expect(() => writeArpRequest(bytes, offset, OUR_MAC, ipv4(2), ipv4(1))).toThrow(RangeError);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});
