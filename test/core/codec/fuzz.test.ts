import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../../src/core/address/ipv4.ts';
import { decodeArp, decodeArpFrame, encodeArp, encodeArpFrame } from '../../../src/core/codec/arp.ts';
import { finishChecksum, internetChecksum, sumWords } from '../../../src/core/codec/checksum.ts';
import { decodeDhcp, encodeDhcp } from '../../../src/core/codec/dhcp.ts';
import { decodeEthernet, encodeEthernet } from '../../../src/core/codec/ethernet.ts';
import { decodeIcmp, encodeIcmp } from '../../../src/core/codec/icmp.ts';
import { decodeIpv4, encodeIpv4 } from '../../../src/core/codec/ipv4.ts';
import { DECODE_REASONS, type DecodeReason } from '../../../src/core/codec/reason.ts';
import { decodeUdp, encodeUdp } from '../../../src/core/codec/udp.ts';
import type { Result } from '../../../src/core/result.ts';
import { arp, arpFrame, dhcpMessage, ethernetFrame, icmp, ipv4Packet, udpDatagram } from './arbitraries.ts';
import { concat, hex, patched } from './build.ts';
import { mutated, type Random, randomBytes, seeded } from './mutate.ts';
import * as frames from './wire-frames.ts';

const CASES = 100_000;
const SEED = 5227;

interface Subject<T> {
  readonly decode: (bytes: Uint8Array) => Result<T, DecodeReason>;
  readonly encode: (value: T) => Uint8Array;
  /** Valid inputs, to be mutated. */
  readonly valid: readonly Uint8Array[];
  /** Puts right what hides every other fault: a checksum over mutated bytes. */
  readonly repair?: (bytes: Uint8Array) => Uint8Array;
  /** Longest random input. */
  readonly maxRandom: number;
  /** Reasons that the cases must have met, or they are too tame. */
  readonly reasons: readonly DecodeReason[];
}

/** One case in eight is random bytes; the others are mutations, half of them with their checksum put right. */
function inputOf<T>(subject: Subject<T>, random: Random): Uint8Array {
  if (random(8) === 0) return randomBytes(random, subject.maxRandom);
  const bytes = mutated(random, subject.valid[random(subject.valid.length)] ?? new Uint8Array());
  return subject.repair !== undefined && random(2) === 0 ? subject.repair(bytes) : bytes;
}

/** A case is only ever described when it is wrong. */
function faultOf<T>(subject: Subject<T>, bytes: Uint8Array, result: Result<T, DecodeReason>): string | null {
  if (!result.ok) return KNOWN.has(result.error) ? null : `unknown reason ${result.error}`;
  const again = subject.decode(subject.encode(result.value));
  return isDeepStrictEqual(again, result) ? null : `read again as something else: ${Buffer.from(bytes).toString('hex')}`;
}

const KNOWN: ReadonlySet<string> = new Set(DECODE_REASONS);

function fuzz<T>(subject: Subject<T>): void {
  const random = seeded(SEED);
  const seen = new Map<DecodeReason | 'value', number>();
  for (let i = 0; i < CASES; i++) {
    const bytes = inputOf(subject, random);
    const before = i % 16 === 0 ? bytes.slice() : null;
    let result: Result<T, DecodeReason>;
    try {
      result = subject.decode(bytes);
    } catch (cause) {
      throw new Error(`case ${i} threw: ${Buffer.from(bytes).toString('hex')}`, { cause });
    }
    const fault = faultOf(subject, bytes, result);
    if (fault !== null) throw new Error(`case ${i}: ${fault}`);
    if (before !== null && !isDeepStrictEqual(before, bytes)) throw new Error(`case ${i}: the input was changed`);
    const outcome = result.ok ? 'value' : result.error;
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  // Tame input proves nothing: both outcomes must be common, and each reason must have been met.
  expect(seen.get('value')).toBeGreaterThan(CASES / 20);
  expect(CASES - (seen.get('value') ?? 0)).toBeGreaterThan(CASES / 20);
  expect([...seen.keys()]).toEqual(expect.arrayContaining([...subject.reasons]));
}

const sample = <T>(arbitrary: fc.Arbitrary<T>, encode: (value: T) => Uint8Array): Uint8Array[] =>
  fc.sample(arbitrary, { numRuns: 50, seed: SEED }).map(encode);

const ofProtocol = <T extends string>(prefix: T, ...without: DecodeReason[]): DecodeReason[] =>
  DECODE_REASONS.filter((reason) => reason.startsWith(`${prefix}-`) && !without.includes(reason));

const sealed = (bytes: Uint8Array, at: number, sum: number): Uint8Array => patched(bytes, at, sum >>> 8, sum & 0xff);

describe(`${CASES} random and mutated inputs each give a value that reads back, or a known reason`, () => {
  it('Ethernet', () => {
    fuzz({
      decode: (bytes) => decodeEthernet(bytes),
      encode: encodeEthernet,
      valid: [...Object.values(frames), ...sample(ethernetFrame, encodeEthernet)],
      maxRandom: 80,
      reasons: ofProtocol('ethernet', 'ethernet-not-arp', 'ethernet-unknown-type'),
    });
  });

  it('ARP', () => {
    fuzz({
      decode: decodeArp,
      encode: encodeArp,
      valid: [frames.ARP_REPLY.subarray(14), frames.ARP_REQUEST.subarray(14), ...sample(arp, encodeArp)],
      maxRandom: 60,
      reasons: ofProtocol('arp'),
    });
  });

  it('ARP in its frame', () => {
    fuzz({
      decode: (bytes) => decodeArpFrame(bytes),
      encode: encodeArpFrame,
      valid: [
        frames.ARP_REPLY,
        frames.ARP_REQUEST,
        concat(frames.ARP_REPLY.subarray(0, 12), hex('0024 aaaa03 000000 0806'), frames.ARP_REPLY.subarray(14)),
        ...sample(arpFrame, encodeArpFrame),
      ],
      maxRandom: 80,
      reasons: [...ofProtocol('arp'), 'ethernet-too-short', 'ethernet-too-many-tags', 'ethernet-not-arp'],
    });
  });

  it('IPv4', () => {
    fuzz({
      decode: decodeIpv4,
      encode: encodeIpv4,
      valid: [
        frames.DHCP_OFFER.subarray(14),
        frames.ICMP_ECHO_REPLY.subarray(14),
        hex('46 00 001c 0000 0000 01 11 5cb5 c0000201 ffffffff 94040000 cafebabe'),
        ...sample(ipv4Packet, encodeIpv4),
      ],
      repair: (bytes) => {
        if (bytes.length < 20) return bytes;
        const blank = patched(bytes, 10, 0, 0);
        return sealed(blank, 10, finishChecksum(sumWords(blank, 0, Math.min(((blank[0] ?? 0) & 0x0f) * 4, blank.length))));
      },
      maxRandom: 80,
      reasons: ofProtocol('ipv4', 'ipv4-not-udp'),
    });
  });

  it('UDP', () => {
    fuzz({
      decode: (bytes) => decodeUdp(bytes),
      encode: (value) => encodeUdp(value),
      valid: [frames.UDP_HELLO.subarray(34), frames.DHCP_ACK.subarray(34), ...sample(udpDatagram, (value) => encodeUdp(value))],
      maxRandom: 60,
      reasons: ofProtocol('udp', 'udp-bad-checksum'),
    });
  });

  it('UDP with its checksum', () => {
    const between = { source: ipv4(0xc0000232), destination: ipv4(0xc0000201) };
    const encode = (value: Parameters<typeof encodeUdp>[0]) => encodeUdp(value, between);
    fuzz({
      decode: (bytes) => decodeUdp(bytes, between),
      encode,
      valid: sample(udpDatagram, encode),
      // Without a checksum, or with a wrong one that mutation left.
      repair: (bytes) => (bytes.length < 8 ? bytes : patched(bytes, 6, 0, 0)),
      maxRandom: 60,
      reasons: ofProtocol('udp'),
    });
  });

  it('ICMP', () => {
    fuzz({
      decode: decodeIcmp,
      encode: encodeIcmp,
      valid: [frames.ICMP_ECHO_REQUEST.subarray(34), frames.ICMP_PORT_UNREACHABLE.subarray(34), ...sample(icmp, encodeIcmp)],
      repair: (bytes) => {
        if (bytes.length < 4) return bytes;
        const blank = patched(bytes, 2, 0, 0);
        return sealed(blank, 2, internetChecksum(blank));
      },
      maxRandom: 60,
      reasons: ofProtocol('icmp'),
    });
  });

  it('DHCP', () => {
    const captured = [frames.DHCP_DISCOVER, frames.DHCP_OFFER, frames.DHCP_REQUEST, frames.DHCP_ACK].map((frame) =>
      frame.slice(42),
    );
    const [request = new Uint8Array(240)] = captured.slice(2);
    const overloaded = concat(request.subarray(0, 240), hex('350103 340103 0c0178 ff'));
    overloaded.set(hex('3204c0000263 0c026c61 ff'), 108);
    overloaded.set(hex('0c026d70 3604c0000201 ff'), 44);
    const encoded = sample(dhcpMessage, encodeDhcp);
    fuzz({
      decode: decodeDhcp,
      encode: encodeDhcp,
      valid: [...captured, overloaded, overloaded, overloaded, ...encoded],
      // The empty fields are most of a message: without this, most mutations would meet only zeros.
      repair: (bytes) => {
        if (bytes.length < 245) return bytes;
        const copy = bytes.slice();
        copy.set([0x01, 0x01, 0x06]);
        copy.set([0x63, 0x82, 0x53, 0x63], 236);
        return copy;
      },
      maxRandom: 400,
      reasons: ofProtocol('dhcp'),
    });
  });

  it('DHCP, options of random codes and lengths behind a good fixed part', () => {
    const random = seeded(SEED);
    const codes = [0, 1, 3, 12, 50, 51, 52, 53, 54, 58, 59, 61, 255, 77];
    const fixed = frames.DHCP_REQUEST.slice(42, 42 + 240);
    const subject = { decode: decodeDhcp, encode: encodeDhcp, valid: [], maxRandom: 0, reasons: [] };
    let values = 0;
    for (let i = 0; i < CASES; i++) {
      const options = [0x35, 1, 1 + random(9)];
      for (let n = random(8); n > 0; n--) {
        const length = random(3) === 0 ? random(9) : 4;
        options.push(codes[random(codes.length)] ?? 0, length);
        for (let k = 0; k < length; k++) options.push(random(256));
      }
      if (random(4) > 0) options.push(255);
      const bytes = concat(fixed, Uint8Array.from(options));
      bytes[0] = 1 + random(2);
      const result = decodeDhcp(bytes);
      expect(faultOf(subject, bytes, result)).toBeNull();
      if (result.ok) values++;
    }
    expect(values).toBeGreaterThan(CASES / 50);
  });
});
