/**
 * Frames written by hand, octet by octet, for the tests of the wire: what they say must not depend on Freehold's own codecs.
 */

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
export const STRANGER = [0x02, 0, 0, 0, 0, 0x09];

/** An ARP probe (RFC 5227) for 0xc6120000 + `host`, the number in its last octets. */
export const arpProbe = (host: number, source: readonly number[] = STRANGER, tag: readonly number[] = []): Uint8Array =>
  Uint8Array.from([
    ...[...BROADCAST, ...source, ...tag, 0x08, 0x06],
    ...[0, 1, 8, 0, 6, 4, 0, 1],
    ...[...source, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 198, 18, (host >> 8) & 0xff, host & 0xff],
  ]);

/** The same probe in an 802.3 frame (RFC 1042): the length of what follows, LLC, SNAP, and the type behind them. */
export const arpProbeIn8023 = (host: number, tag: readonly number[] = []): Uint8Array => {
  const probe = arpProbe(host);
  return Uint8Array.from([
    ...[...probe.subarray(0, 12), ...tag, 0x00, 0x24],
    ...[0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00, 0x08, 0x06],
    ...probe.subarray(14),
  ]);
};

/** Which host an ARP probe asks for: its last two octets. */
export const probedHost = (bytes: Uint8Array, tagLength = 0): number =>
  ((bytes[40 + tagLength] ?? 0) << 8) | (bytes[41 + tagLength] ?? 0);

export interface Ipv4Parts {
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Flags and offset, as in the header. */
  readonly fragment?: number;
  /** Header length in words: 5 .. 15. */
  readonly headerWords?: number;
  readonly tag?: readonly number[];
  readonly payloadLength?: number;
}

export function ipv4Frame(parts: Ipv4Parts = {}): Uint8Array {
  const {
    protocol = 17,
    sourcePort = 68,
    destinationPort = 67,
    fragment = 0,
    headerWords = 5,
    tag = [],
    payloadLength = 300,
  } = parts;
  const total = headerWords * 4 + 8 + payloadLength;
  const port = (value: number): number[] => [value >> 8, value & 0xff];
  return Uint8Array.from([
    ...[...BROADCAST, ...STRANGER, ...tag, 0x08, 0x00],
    ...[0x40 | headerWords, 0, ...port(total), 0, 0, ...port(fragment), 64, protocol, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255],
    ...new Array<number>(headerWords * 4 - 20).fill(1),
    ...[...port(sourcePort), ...port(destinationPort), ...port(8 + payloadLength), 0, 0],
    ...new Array<number>(payloadLength).fill(0xaa),
  ]);
}

/** An 802.1Q tag. @param id 0 .. 4095 */
export const vlanTag = (id: number): readonly number[] => [0x81, 0x00, id >> 8, id & 0xff];

/** Frames of equal length, back to back. */
export function joined(frames: readonly Uint8Array[]): Uint8Array {
  const length = frames[0]?.length ?? 0;
  const bytes = new Uint8Array(frames.length * length);
  frames.forEach((frame, index) => {
    bytes.set(frame, index * length);
  });
  return bytes;
}
