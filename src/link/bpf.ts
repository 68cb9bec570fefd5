/**
 * The kernel's filter for a packet socket, in classic BPF: lets through ARP, also in 802.3 frames (RFC 1042), and DHCPv4,
 * untagged or with one 802.1Q tag in the frame (a tag that the kernel took off does not show here). Pure; attaching it is packet-wire.ts.
 */

/** One `struct sock_filter`: operation, jump where true, jump where false, operand. */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Octets of an ARP frame that matter, with room for one tag: padding is not worth ring memory. */
export const ARP_SNAP_LENGTH = 46;
/** The same behind an 802.2 LLC and SNAP header of 8 octets. */
export const ARP_IN_802_3_SNAP_LENGTH = ARP_SNAP_LENGTH + 8;
/** Octets kept of a DHCP frame: more than any on an Ethernet of 1500. */
export const DHCP_SNAP_LENGTH = 2048;

const INSTRUCTION_SIZE = 8;

const LOAD_WORD = 0x20; // ld [k]
const LOAD_HALF = 0x28; // ldh [k]
const LOAD_BYTE = 0x30; // ldb [k]
const LOAD_HALF_INDIRECT = 0x48; // ldh [x + k]
const LOAD_IP_HEADER_LENGTH = 0xb1; // ldxb 4 * ([k] & 0xf)
const JUMP_EQUAL = 0x15; // jeq #k
const JUMP_AT_LEAST = 0x35; // jge #k
const JUMP_BITS = 0x45; // jset #k
const RETURN = 0x06; // ret #k: how many octets to keep

const ETHERTYPE_OFFSET = 12;
const ETHERNET_LENGTH = 14;
const TAG_LENGTH = 4;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_VLAN = 0x8100;
/** Smaller values are lengths (IEEE 802.3 clause 3.2.6). */
const FIRST_ETHERTYPE = 0x0600;
/** LLC DSAP and SSAP; then control, organisation 0: the first four octets of what follows them. */
const LLC_SNAP = 0xaaaa;
const UNNUMBERED_ORGANISATION_0 = 0x03000000;
const PROTOCOL_UDP = 17;
/** More fragments, or an offset (RFC 791 section 3.1): such a packet has no whole UDP datagram in it. */
const FRAGMENT_BITS = 0x3fff;
const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;

type Target = 'next' | 'drop' | 'arp' | 'arp-802.3' | 'dhcp' | 'ipv4' | 'vlan' | 'ipv4-tagged' | '802.3' | '802.3-tagged';

interface Line {
  readonly label?: Target;
  readonly code: number;
  readonly k: number;
  readonly yes?: Target;
  readonly no?: Target;
}

/** UDP from or to a DHCP port, with the IPv4 header at `ip`. */
const dhcpAt = (ip: number, label: Target): readonly Line[] => [
  { label, code: LOAD_BYTE, k: ip + 9 },
  { code: JUMP_EQUAL, k: PROTOCOL_UDP, no: 'drop' },
  { code: LOAD_HALF, k: ip + 6 },
  { code: JUMP_BITS, k: FRAGMENT_BITS, yes: 'drop' },
  { code: LOAD_IP_HEADER_LENGTH, k: ip },
  { code: LOAD_HALF_INDIRECT, k: ip },
  { code: JUMP_EQUAL, k: DHCP_SERVER_PORT, yes: 'dhcp' },
  { code: JUMP_EQUAL, k: DHCP_CLIENT_PORT, yes: 'dhcp' },
  { code: LOAD_HALF_INDIRECT, k: ip + 2 },
  { code: JUMP_EQUAL, k: DHCP_SERVER_PORT, yes: 'dhcp' },
  { code: JUMP_EQUAL, k: DHCP_CLIENT_PORT, yes: 'dhcp', no: 'drop' },
];

/** ARP behind LLC and SNAP, with the LLC header at `llc`. */
const snapArpAt = (llc: number, label: Target): readonly Line[] => [
  { label, code: LOAD_HALF, k: llc },
  { code: JUMP_EQUAL, k: LLC_SNAP, no: 'drop' },
  { code: LOAD_WORD, k: llc + 2 },
  { code: JUMP_EQUAL, k: UNNUMBERED_ORGANISATION_0, no: 'drop' },
  { code: LOAD_HALF, k: llc + 6 },
  { code: JUMP_EQUAL, k: ETHERTYPE_ARP, yes: 'arp-802.3', no: 'drop' },
];

const LINES: readonly Line[] = [
  { code: LOAD_HALF, k: ETHERTYPE_OFFSET },
  { code: JUMP_EQUAL, k: ETHERTYPE_ARP, yes: 'arp' },
  { code: JUMP_EQUAL, k: ETHERTYPE_IPV4, yes: 'ipv4' },
  { code: JUMP_EQUAL, k: ETHERTYPE_VLAN, yes: 'vlan' },
  { code: JUMP_AT_LEAST, k: FIRST_ETHERTYPE, yes: 'drop', no: '802.3' },
  { label: 'vlan', code: LOAD_HALF, k: ETHERTYPE_OFFSET + TAG_LENGTH },
  { code: JUMP_EQUAL, k: ETHERTYPE_ARP, yes: 'arp' },
  { code: JUMP_EQUAL, k: ETHERTYPE_IPV4, yes: 'ipv4-tagged' },
  { code: JUMP_AT_LEAST, k: FIRST_ETHERTYPE, yes: 'drop', no: '802.3-tagged' },
  ...dhcpAt(ETHERNET_LENGTH, 'ipv4'),
  ...dhcpAt(ETHERNET_LENGTH + TAG_LENGTH, 'ipv4-tagged'),
  ...snapArpAt(ETHERNET_LENGTH, '802.3'),
  ...snapArpAt(ETHERNET_LENGTH + TAG_LENGTH, '802.3-tagged'),
  { label: 'dhcp', code: RETURN, k: DHCP_SNAP_LENGTH },
  { label: 'arp', code: RETURN, k: ARP_SNAP_LENGTH },
  { label: 'arp-802.3', code: RETURN, k: ARP_IN_802_3_SNAP_LENGTH },
  { label: 'drop', code: RETURN, k: 0 },
];

/** A load beyond the end of the frame makes the kernel drop it: a short frame never gets through. */
export const FILTER: readonly BpfInstruction[] = assemble(LINES);

function assemble(lines: readonly Line[]): readonly BpfInstruction[] {
  const distance = (from: number, target: Target): number =>
    target === 'next' ? 0 : lines.findIndex((line) => line.label === target) - from - 1;
  return lines.map(({ code, k, yes = 'next', no = 'next' }, index) => ({
    code,
    k,
    jt: distance(index, yes),
    jf: distance(index, no),
  }));
}

/** The program as the kernel reads it: an array of `struct sock_filter`. */
export function encodeFilter(program: readonly BpfInstruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(program.length * INSTRUCTION_SIZE);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    const at = index * INSTRUCTION_SIZE;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  });
  return bytes;
}
