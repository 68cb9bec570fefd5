import { describe, expect, it } from 'vitest';
import { keaParser } from '../../../src/watch/lease-formats/kea.ts';
import { addresses, KEA_0_9, KEA_2_4, leaseLines, parsed } from './fixtures.ts';

const kea = (text: string) => parsed(keaParser(), text);

describe('a Kea memfile', () => {
  it('of an early version has no states: each row is a lease', () => {
    expect(leaseLines(kea(KEA_0_9))).toEqual([
      '192.0.2.80 52:54:00:00:00:80 until 1767600000 as laptop',
      '192.0.2.81 52:54:00:00:00:81 until 1767600000 as null',
    ]);
  });

  it('of a late version: the last row of an address counts, and only the state 0 is a lease', () => {
    const content = kea(KEA_2_4);
    expect(leaseLines(content)).toEqual([
      '192.0.2.90 52:54:00:00:00:9a until 1767603600 as second',
      '192.0.2.91 52:54:00:00:00:91 until Infinity as forever,and,on',
    ]);
    expect(addresses(content.declined)).toEqual(['192.0.2.92']);
    expect(addresses(content.former)).toEqual(['192.0.2.93', '192.0.2.94']);
    expect(content).toMatchObject({ malformed: 0, whole: true });
  });

  it('is read by its header, whatever the order of the columns', () => {
    const content = kea(
      'address,state,expire,hostname,valid_lifetime,hwaddr\n192.0.2.5,0,1767600000,pc,3600,52:54:00:00:00:05\n',
    );
    expect(leaseLines(content)).toEqual(['192.0.2.5 52:54:00:00:00:05 until 1767600000 as pc']);
  });

  it('adds a file to the ones before it, each with a header of its own', () => {
    const parser = keaParser();
    parser.push(KEA_0_9);
    parser.endFile();
    const content = parsed(parser, `${KEA_2_4}192.0.2.80,52:54:00:00:00:80,,3600,1767600000,1,0,0,laptop,2,,0\n`);
    expect(leaseLines(content).map((line) => line.split(' ')[0])).toEqual(['192.0.2.81', '192.0.2.90', '192.0.2.91']);
  });

  it('leaves out the row that it ends in: it is being written', () => {
    const content = kea(`${KEA_0_9}192.0.2.80,52:54:00:00:00:80,,3600,17`);
    expect(leaseLines(content)[0]).toBe('192.0.2.80 52:54:00:00:00:80 until 1767600000 as laptop');
    expect(content.malformed).toBe(0);
  });

  it.each([
    ['an address that is none', '192.0.2.500,52:54:00:00:00:05,,3600,1767600000,1,0,0,,0,,0'],
    ['an expiry that is no number', '192.0.2.5,52:54:00:00:00:05,,3600,soon,1,0,0,,0,,0'],
    ['a state that is no number', '192.0.2.5,52:54:00:00:00:05,,3600,1767600000,1,0,0,,x,,0'],
    ['half a row', '192.0.2.5,52:54'],
    ['bytes that mean nothing', '\u0000\u0001\ufffd'],
  ])('counts %s as malformed, and reads on behind it', (_, row) => {
    const [header = '', ...rows] = KEA_2_4.split('\n');
    const content = kea([header, row, ...rows].join('\n'));
    expect(content.malformed).toBe(1);
    expect(content.leases.size).toBe(2);
  });

  it('counts every row as malformed where no header tells the columns', () => {
    expect(kea(KEA_0_9.split('\n').slice(1).join('\n'))).toMatchObject({ malformed: 2, leases: new Map() });
  });

  it('passes over IPv6 leases', () => {
    const header = 'address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len';
    expect(kea(`${header}\n2001:db8::1,00:01,3600,1767600000,1,1800,0,1,128\n`)).toMatchObject({
      malformed: 0,
      leases: new Map(),
    });
  });

  it('resolves only whole escapes, and shows what they hide safely', () => {
    const row = (name: string) => `address,hostname,valid_lifetime,expire\n192.0.2.5,${name},1,1767600000\n`;
    const nameOf = (name: string) => [...kea(row(name)).leases.values()][0]?.hostname;
    expect(nameOf('a&#x1b[31m&#x00b')).toBe('a[31mb');
    expect(nameOf('a&#xzz&#x2')).toBe('a&#xzz&#x2');
    expect(nameOf('&#x00')).toBeNull();
  });
});
