import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import { createVendorLookup, vendorOf } from '../../src/system/vendors.ts';

const data = readFileSync(createRequire(import.meta.url).resolve('oui-data'));
const entries = Object.entries(JSON.parse(data.toString('utf8')) as Record<string, string>);

/** A MAC that starts with these digits; 0 for the rest. */
const macOf = (prefix: string): Mac => (prefix.toLowerCase().padEnd(12, '0').match(/../g) ?? []).join(':') as Mac;

describe('the packaged registry', () => {
  it('is in the order that the search relies on: every entry is found, the longest prefix first', () => {
    const lookup = createVendorLookup(() => data);
    const known = new Map(entries);
    const nameOf = (digits: string): string | undefined =>
      [9, 7, 6].map((length) => known.get(digits.slice(0, length))?.split('\n')[0]?.trim()).find((name) => name !== undefined);
    const wrong: string[] = [];
    let asked = 0;
    for (const [prefix] of entries) {
      if ((Number.parseInt(prefix.slice(0, 2), 16) & 3) !== 0) continue;
      asked++;
      if (lookup(macOf(prefix)) !== nameOf(prefix.padEnd(9, '0'))?.slice(0, 80)) wrong.push(prefix);
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(50_000);
  });
});

describe('vendorOf', () => {
  it.each([
    ['00:00:0c:12:34:56', 'Cisco Systems, Inc'],
    ['00:00:00:00:00:01', 'XEROX CORPORATION'],
    ['8c:1f:64:ff:b0:01', 'Taicang T&W Electronics'],
  ])('%s is %s', (mac, vendor) => {
    expect(vendorOf(mac as Mac)).toBe(vendor);
  });

  it.each([
    ['a random address of a phone', 'da:a1:19:00:00:01'],
    ['a container', '02:42:ac:11:00:02'],
    ['a multicast group', '01:00:5e:00:00:fb'],
    ['broadcast', 'ff:ff:ff:ff:ff:ff'],
    ['a prefix that nobody has', 'fc:fc:fc:00:00:01'],
  ])('%s has no vendor', (_, mac) => {
    expect(vendorOf(mac as Mac)).toBeNull();
  });
});

describe('createVendorLookup', () => {
  const small = Buffer.from('{\n "00000C": "Short\\nStreet",\n "0055DA0": "Medium",\n "001BC5001": "Long \\"quoted\\""\n}\n');

  it('prefers the longest prefix and falls back to none', () => {
    const lookup = createVendorLookup(() => small);
    expect(lookup('00:00:0c:00:00:01' as Mac)).toBe('Short');
    expect(lookup('00:55:da:0f:00:01' as Mac)).toBe('Medium');
    expect(lookup('00:55:da:1f:00:01' as Mac)).toBeNull();
    expect(lookup('00:1b:c5:00:1f:ff' as Mac)).toBe('Long "quoted"');
    expect(lookup('00:1b:c5:00:2f:ff' as Mac)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['no line', '{}'],
    ['garbage', '\n\n\n"""\n0000'],
    ['an entry that is cut off', '{\n "00000C": "Sho'],
  ])('answers "unknown" from %s', (_, text) => {
    const lookup = createVendorLookup(() => Buffer.from(text));
    expect(lookup('00:00:0c:00:00:01' as Mac)).toBeNull();
  });

  it('gives the same answer when a stranger fills its cache', () => {
    const lookup = createVendorLookup(() => small);
    for (let i = 0; i < 5000; i++) lookup(macOf(`00${i.toString(16).padStart(7, '0')}`));
    expect(lookup('00:00:0c:00:00:01' as Mac)).toBe('Short');
    expect(lookup('00:00:0c:00:00:01' as Mac)).toBe('Short');
  });
});
