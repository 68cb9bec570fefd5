import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeArp, decodeArpFrame, encodeArp, encodeArpFrame } from '../../../src/core/codec/arp.ts';
import { decodeDhcp, encodeDhcp } from '../../../src/core/codec/dhcp.ts';
import { decodeEthernet, encodeEthernet } from '../../../src/core/codec/ethernet.ts';
import { decodeIcmp, encodeIcmp } from '../../../src/core/codec/icmp.ts';
import { decodeIpv4, encodeIpv4 } from '../../../src/core/codec/ipv4.ts';
import { decodeUdp, encodeUdp } from '../../../src/core/codec/udp.ts';
import { anyAddress, arp, arpFrame, dhcpMessage, ethernetFrame, icmp, ipv4Packet, udpDatagram } from './arbitraries.ts';
import { concat, embedded, hex } from './build.ts';

const runs = { numRuns: 1000 };

describe('what is encoded decodes to the same value', () => {
  it('Ethernet', () => {
    fc.assert(
      fc.property(ethernetFrame, (value) => {
        expect(decodeEthernet(embedded(encodeEthernet(value)))).toEqual({ ok: true, value });
      }),
      runs,
    );
  });

  it('ARP', () => {
    fc.assert(
      fc.property(arp, (value) => {
        expect(decodeArp(embedded(encodeArp(value)))).toEqual({ ok: true, value });
      }),
      runs,
    );
  });

  it('ARP in its frame, never shorter than a cable carries', () => {
    fc.assert(
      fc.property(arpFrame, (value) => {
        const bytes = encodeArpFrame(value);
        expect(bytes.length).toBe(60);
        expect(decodeArpFrame(embedded(bytes))).toEqual({ ok: true, value });
      }),
      runs,
    );
  });

  it('ARP says the same by any of its headers: hardware type 6, and an 802.3 frame with SNAP', () => {
    fc.assert(
      fc.property(arpFrame, fc.boolean(), (value, snap) => {
        const bytes = encodeArpFrame(value);
        const packetAt = 14 + 4 * value.vlanIds.length;
        bytes[packetAt + 1] = 6;
        const header = snap
          ? concat(bytes.subarray(0, packetAt - 2), hex('0024 aaaa03 000000 0806'))
          : bytes.subarray(0, packetAt);
        expect(decodeArpFrame(embedded(concat(header, bytes.subarray(packetAt))))).toEqual({ ok: true, value });
        expect(decodeArp(bytes.subarray(packetAt)).ok).toBe(true);
      }),
      runs,
    );
  });

  it('the fast way reads what Ethernet and ARP read one after the other', () => {
    fc.assert(
      fc.property(arpFrame, (value) => {
        const bytes = encodeArpFrame(value);
        const ethernet = decodeEthernet(bytes);
        expect(ethernet).toMatchObject({ ok: true, value: { source: value.etherSource, destination: value.etherDestination } });
        if (!ethernet.ok) return;
        expect(ethernet.value.vlans.map((tag) => tag.id)).toEqual(value.vlanIds);
        const packet = decodeArp(ethernet.value.payload);
        expect(packet.ok).toBe(true);
        if (packet.ok) expect(value).toMatchObject(packet.value);
      }),
      runs,
    );
  });

  it('IPv4', () => {
    fc.assert(
      fc.property(ipv4Packet, (value) => {
        expect(decodeIpv4(embedded(encodeIpv4(value)))).toEqual({ ok: true, value });
      }),
      runs,
    );
  });

  it('UDP, with and without a checksum', () => {
    fc.assert(
      fc.property(udpDatagram, anyAddress, anyAddress, (value, source, destination) => {
        const between = { source, destination };
        expect(decodeUdp(embedded(encodeUdp(value)))).toEqual({ ok: true, value });
        expect(decodeUdp(encodeUdp(value), between)).toEqual({ ok: true, value });
        expect(decodeUdp(embedded(encodeUdp(value, between)), between)).toEqual({ ok: true, value });
      }),
      runs,
    );
  });

  it('ICMP', () => {
    fc.assert(
      fc.property(icmp, (value) => {
        expect(decodeIcmp(embedded(encodeIcmp(value)))).toEqual({ ok: true, value });
      }),
      runs,
    );
  });

  it('DHCP, never shorter than a relay carries', () => {
    fc.assert(
      fc.property(dhcpMessage, (value) => {
        const bytes = encodeDhcp(value);
        expect(bytes.length).toBeGreaterThanOrEqual(300);
        expect(decodeDhcp(embedded(bytes))).toEqual({ ok: true, value });
      }),
      runs,
    );
  });
});

describe('padding behind a value changes nothing', () => {
  const padded = (bytes: Uint8Array): Uint8Array => {
    const longer = new Uint8Array(bytes.length + 46).fill(0xa5);
    longer.set(bytes);
    return longer;
  };

  it('ARP, IPv4, UDP and DHCP', () => {
    fc.assert(
      fc.property(arp, ipv4Packet, udpDatagram, dhcpMessage, (packet, ip, udp, dhcp) => {
        expect(decodeArp(padded(encodeArp(packet)))).toEqual({ ok: true, value: packet });
        expect(decodeIpv4(padded(encodeIpv4(ip)))).toEqual({ ok: true, value: ip });
        expect(decodeUdp(padded(encodeUdp(udp)))).toEqual({ ok: true, value: udp });
        expect(decodeDhcp(padded(encodeDhcp(dhcp)))).toEqual({ ok: true, value: dhcp });
      }),
    );
  });
});

describe('a value that was cut anywhere is refused', () => {
  const everyCut = (bytes: Uint8Array, decode: (cut: Uint8Array) => { readonly ok: boolean }): void => {
    expect(decode(bytes).ok).toBe(true);
    for (let length = 0; length < bytes.length; length++) expect(decode(bytes.subarray(0, length)).ok, `${length}`).toBe(false);
  };

  it('ARP, IPv4 and UDP', () => {
    fc.assert(
      fc.property(arp, ipv4Packet, udpDatagram, (packet, ip, udp) => {
        everyCut(encodeArp(packet), decodeArp);
        everyCut(encodeIpv4(ip), decodeIpv4);
        everyCut(encodeUdp(udp), (cut) => decodeUdp(cut));
      }),
      { numRuns: 20 },
    );
  });

  it('DHCP, up to its end option', () => {
    fc.assert(
      fc.property(dhcpMessage, (value) => {
        const bytes = encodeDhcp(value);
        // Cut off the padding: the end option is the last byte that is not zero.
        everyCut(bytes.subarray(0, bytes.lastIndexOf(0xff) + 1), decodeDhcp);
      }),
      { numRuns: 20 },
    );
  });
});
