import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { formatOf, parserOf } from '../../../src/watch/lease-formats/format.ts';
import { type LeaseFormat, leaseTable } from '../../../src/watch/lease-formats/types.ts';
import { mutated, randomBytes, seeded } from '../../core/codec/mutate.ts';
import { DNSMASQ, ISC_2, ISC_4_4, ISC_FAILOVER, KEA_0_9, KEA_2_4, leaseLines, parsed } from './fixtures.ts';

const FILES: readonly (readonly [string, LeaseFormat, string])[] = [
  ['dnsmasq', 'dnsmasq', DNSMASQ],
  ['dhcpd 4.4', 'isc', ISC_4_4],
  ['dhcpd with failover', 'isc', ISC_FAILOVER],
  ['dhcpd 2', 'isc', ISC_2],
  ['Kea 0.9', 'kea', KEA_0_9],
  ['Kea 2.4', 'kea', KEA_2_4],
];

describe('formatOf()', () => {
  it.each(FILES)('knows a file of %s', (_, format, text) => {
    expect(formatOf(text)).toBe(format);
    expect(formatOf(`\ufeff\r\n  \r\n${text.replaceAll('\n', '\r\n')}`)).toBe(format);
  });

  it.each([
    ['', null],
    [' \n\n', null],
    ['garbage\n1767600000 52:54:00:00:00:40 192.0.2.40 * *', 'dnsmasq'],
    ['garbage', 'dnsmasq'],
    ['lease 192.0.2.1 {', 'isc'],
    ['lease is not a declaration', 'dnsmasq'],
    ['server-duid "x";', 'isc'],
    ['duid 00:01', 'dnsmasq'],
    ['address is not a header', 'dnsmasq'],
  ])('of "%s" is %s', (head, format) => {
    expect(formatOf(head)).toBe(format);
  });
});

describe('every format', () => {
  it.each(FILES)('reads a file of %s the same however it is cut', (_, format, text) => {
    const whole = parsed(parserOf(format), text);
    expect(
      parsed(
        parserOf(format),
        text,
        Array.from(text, (_char, index) => index),
      ),
    ).toEqual(whole);
    const cuts = fc.array(fc.nat(text.length), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (at) => {
        expect(parsed(parserOf(format), text, at)).toEqual(whole);
      }),
    );
  });

  it('throws on nothing, and keeps only what can be shown', () => {
    const random = seeded(5227);
    const decoder = new TextDecoder();
    for (let round = 0; round < 20_000; round++) {
      const [, format, text] = FILES[round % FILES.length] ?? (['', 'dnsmasq', ''] as const);
      const bytes = round % 5 === 0 ? randomBytes(random, 400) : mutated(random, Buffer.from(text));
      const content = parsed(parserOf(format), decoder.decode(bytes), [random(bytes.length + 1)]);
      for (const { address, endsMs, mac, hostname } of content.leases.values()) {
        if (!Number.isInteger(address) || address < 0 || address > 0xffffffff) throw new Error(`address ${address}`);
        if (!(endsMs >= 0)) throw new Error(`end ${endsMs}`);
        if (mac !== null && !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw new Error(`MAC ${mac}`);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not come through
        if (hostname !== null && (hostname.length > 255 || /[\u0000-\u001f\u007f]/.test(hostname))) throw new Error(hostname);
      }
    }
  });

  const change = fc.record({ last: fc.integer({ min: 1, max: 5 }), mac: fc.nat(9), endsS: fc.integer({ min: 4e8, max: 4e9 }) });
  const WRITERS: readonly (readonly [LeaseFormat, string, (one: { last: number; mac: number; endsS: number }) => string])[] = [
    ['dnsmasq', '', ({ last, mac, endsS }) => `${endsS} 52:54:00:00:00:0${mac} 192.0.2.${last} * *\n`],
    [
      'isc',
      '# a comment\n',
      ({ last, mac, endsS }) =>
        `lease 192.0.2.${last} { ends epoch ${endsS}; binding state active; hardware ethernet 52:54:00:00:00:0${mac}; }\n`,
    ],
    [
      'kea',
      'address,hwaddr,valid_lifetime,expire,state\n',
      ({ last, mac, endsS }) => `192.0.2.${last},52:54:00:00:00:0${mac},60,${endsS},0\n`,
    ],
  ];
  it.each(WRITERS)('of %s: the last entry of an address wins', (format, header, write) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const newest = new Map(changes.map((one) => [one.last, one]));
        const expected = [...newest.values()]
          .sort((a, b) => a.last - b.last)
          .map(({ last, mac, endsS }) => `192.0.2.${last} 52:54:00:00:00:0${mac} until ${endsS} as null`);
        expect(leaseLines(parsed(parserOf(format), header + changes.map(write).join('')))).toEqual(expected);
      }),
    );
  });
});

describe('a lease table', () => {
  it('takes no more addresses than it has room for, says so, and still replaces those it has', () => {
    const table = leaseTable(2);
    for (const address of [1, 2, 3]) table.take({ kind: 'former', address: address as Ipv4 });
    table.take({ kind: 'lease', address: 2 as Ipv4, mac: null, hostname: null, endsMs: 5 });
    expect(table.content()).toMatchObject({ former: [1], whole: false });
    expect([...table.content().leases.keys()]).toEqual([2]);
  });
});
