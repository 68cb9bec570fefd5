import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARP_IN_802_3_SNAP_LENGTH, ARP_SNAP_LENGTH, DHCP_SNAP_LENGTH, encodeFilter, FILTER } from '../../src/link/bpf.ts';
import { arpProbe, arpProbeIn8023, ipv4Frame, STRANGER, vlanTag } from './frames.ts';

/** What the kernel would keep of the frame: a small machine for the encoded program, written from the BPF reference. */
function keeps(program: Uint8Array, frame: Uint8Array): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let a = 0;
  let x = 0;
  for (let pc = 0, steps = 0; ; pc++) {
    if (pc * 8 >= program.length || ++steps > program.length) throw new Error(`the program ran out at ${pc}`);
    const [code, jt, jf, k] = [
      view.getUint16(pc * 8, true),
      program[pc * 8 + 2] ?? 0,
      program[pc * 8 + 3] ?? 0,
      view.getUint32(pc * 8 + 4, true),
    ];
    const load = (at: number, size: number): number | null => {
      if (at + size > frame.length) return null;
      let value = 0;
      for (let i = 0; i < size; i++) value = value * 256 + (frame[at + i] ?? 0);
      return value;
    };
    let loaded: number | null = 0;
    switch (code) {
      case 0x20:
        loaded = load(k, 4);
        a = loaded ?? 0;
        break;
      case 0x28:
        loaded = load(k, 2);
        a = loaded ?? 0;
        break;
      case 0x30:
        loaded = load(k, 1);
        a = loaded ?? 0;
        break;
      case 0x48:
        loaded = load(x + k, 2);
        a = loaded ?? 0;
        break;
      case 0xb1:
        loaded = load(k, 1);
        x = ((loaded ?? 0) & 0xf) * 4;
        break;
      case 0x15:
        pc += a === k ? jt : jf;
        break;
      case 0x35:
        pc += a >= k ? jt : jf;
        break;
      case 0x45:
        pc += (a & k) !== 0 ? jt : jf;
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`unknown operation ${code}`);
    }
    if (loaded === null) return 0;
  }
}

function patched(frame: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  frame.set(octets, at);
  return frame;
}

const program = encodeFilter(FILTER);
const qinq = [...vlanTag(7), ...vlanTag(8)];

describe('the filter', () => {
  it.each<[string, Uint8Array, number]>([
    ['an ARP probe', arpProbe(1), ARP_SNAP_LENGTH],
    ['an ARP probe with a tag', arpProbe(1, STRANGER, vlanTag(42)), ARP_SNAP_LENGTH],
    ['an ARP probe with two tags', arpProbe(1, STRANGER, qinq), 0],
    ['an ARP probe in an 802.3 frame', arpProbeIn8023(1), ARP_IN_802_3_SNAP_LENGTH],
    ['the same with a tag', arpProbeIn8023(1, vlanTag(42)), ARP_IN_802_3_SNAP_LENGTH],
    ['the same with two tags', arpProbeIn8023(1, qinq), 0],
    ['the same behind the smallest type', patched(arpProbeIn8023(1), 12, 0x06, 0x00), 0],
    ['the same behind the largest length', patched(arpProbeIn8023(1), 12, 0x05, 0xff), ARP_IN_802_3_SNAP_LENGTH],
    ['802.3 to another access point', patched(arpProbeIn8023(1), 14, 0x42, 0x42), 0],
    ['802.3 with another control', patched(arpProbeIn8023(1), 16, 0x13), 0],
    ['SNAP of another organisation', patched(arpProbeIn8023(1), 19, 0x0c), 0],
    ['SNAP with IPv4', patched(arpProbeIn8023(1), 21, 0x00), 0],
    ['SNAP cut before its type', arpProbeIn8023(1).subarray(0, 21), 0],
    ['DHCP from a client', ipv4Frame({ sourcePort: 68, destinationPort: 67 }), DHCP_SNAP_LENGTH],
    ['DHCP from a server', ipv4Frame({ sourcePort: 67, destinationPort: 68 }), DHCP_SNAP_LENGTH],
    ['DHCP between servers and relays', ipv4Frame({ sourcePort: 67, destinationPort: 67 }), DHCP_SNAP_LENGTH],
    ['DHCP from a port of its own', ipv4Frame({ sourcePort: 40000, destinationPort: 67 }), DHCP_SNAP_LENGTH],
    ['DHCP to a port of its own', ipv4Frame({ sourcePort: 67, destinationPort: 40000 }), DHCP_SNAP_LENGTH],
    ['DHCP behind IP options', ipv4Frame({ headerWords: 9 }), DHCP_SNAP_LENGTH],
    ['DHCP with a tag', ipv4Frame({ tag: vlanTag(42), headerWords: 6 }), DHCP_SNAP_LENGTH],
    ['DNS', ipv4Frame({ sourcePort: 53, destinationPort: 40000 }), 0],
    ['DNS with a tag', ipv4Frame({ sourcePort: 53, destinationPort: 40000, tag: vlanTag(1) }), 0],
    ['TCP on port 67', ipv4Frame({ protocol: 6 }), 0],
    ['a first fragment', ipv4Frame({ fragment: 0x2000 }), 0],
    ['a later fragment', ipv4Frame({ fragment: 0x0010 }), 0],
    ['DHCP that must not be fragmented', ipv4Frame({ fragment: 0x4000 }), DHCP_SNAP_LENGTH],
    ['IPv6', Uint8Array.from([...arpProbe(1).subarray(0, 12), 0x86, 0xdd, ...new Array<number>(60).fill(0)]), 0],
    ['spanning tree', Uint8Array.from([...arpProbe(1).subarray(0, 12), 0x00, 0x26, 0x42, 0x42, 0x03]), 0],
    ['no type', arpProbe(1).subarray(0, 13), 0],
    ['DHCP cut before its ports', ipv4Frame().subarray(0, 35), 0],
    ['nothing', new Uint8Array(0), 0],
  ])('%s', (_, frame, kept) => {
    expect(keeps(program, frame)).toBe(kept);
  });

  it('ends for any frame, and keeps all that ARP needs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (frame) => {
        expect([0, ARP_SNAP_LENGTH, ARP_IN_802_3_SNAP_LENGTH, DHCP_SNAP_LENGTH]).toContain(keeps(program, frame));
      }),
      { numRuns: 2000 },
    );
    expect([ARP_SNAP_LENGTH, ARP_IN_802_3_SNAP_LENGTH]).toEqual([14 + 4 + 28, 14 + 4 + 8 + 28]);
  });

  it('jumps only forward, and within the program', () => {
    FILTER.forEach(({ jt, jf }, index) => {
      for (const jump of [jt, jf]) expect(jump >= 0 && jump <= 255 && index + jump + 1 <= FILTER.length).toBe(true);
    });
  });
});
