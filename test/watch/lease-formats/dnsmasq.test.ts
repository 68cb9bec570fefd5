import { describe, expect, it } from 'vitest';
import { dnsmasqParser, readDnsmasqLine } from '../../../src/watch/lease-formats/dnsmasq.ts';
import { DNSMASQ, leaseLines, parsed } from './fixtures.ts';

describe('readDnsmasqLine()', () => {
  it('reads a lease', () => {
    expect(readDnsmasqLine('1700000000 52:54:00:12:34:56 192.0.2.50 printer 01:52:54:00:12:34:56')).toEqual({
      kind: 'lease',
      address: 0xc0000232,
      mac: '52:54:00:12:34:56',
      hostname: 'printer',
      endsMs: 1_700_000_000_000,
    });
  });

  it('reads a lease without end and without a name', () => {
    expect(readDnsmasqLine('0 52:54:00:12:34:56 192.0.2.50 * *')).toMatchObject({
      endsMs: Number.POSITIVE_INFINITY,
      hostname: null,
    });
  });

  it('takes a length, which dnsmasq writes where there is no clock, for a lease that runs as long as its line is there', () => {
    expect(readDnsmasqLine('43200 52:54:00:12:34:56 192.0.2.50 * *')).toMatchObject({ endsMs: Number.POSITIVE_INFINITY });
  });

  it('keeps a lease whose hardware is not Ethernet', () => {
    expect(readDnsmasqLine('1700000000 06-aa:bb:cc 192.0.2.50 modem *')).toMatchObject({ kind: 'lease', mac: null });
  });

  it('takes the control characters out of a name', () => {
    expect(readDnsmasqLine('1700000000 52:54:00:12:34:56 192.0.2.50 pri\u001b[31mnter *')).toMatchObject({
      hostname: 'pri[31mnter',
    });
  });

  it.each([
    ['duid 00:01:00:01:2c:4c', 'other'],
    ['1700000000 1234567 2001:db8::50 host 00:01', 'other'],
    ['garbage', 'malformed'],
    ['later 52:54:00:12:34:56 192.0.2.50 host *', 'malformed'],
    ['1700000000 52:54:00:12:34:56 192.0.2.500 host *', 'malformed'],
    ['-5 52:54:00:12:34:56 192.0.2.50 host *', 'malformed'],
  ])('takes "%s" for %s', (line, kind) => {
    expect(readDnsmasqLine(line)).toEqual({ kind });
  });
});

describe('a dnsmasq file', () => {
  it('holds the IPv4 leases of its lines', () => {
    const content = parsed(dnsmasqParser(), DNSMASQ);
    expect(leaseLines(content)).toEqual([
      '192.0.2.40 52:54:00:00:00:40 until 1767600000 as tablet',
      '192.0.2.41 52:54:00:00:00:41 until Infinity as null',
    ]);
    expect(content).toMatchObject({ malformed: 0, whole: true, former: [], declined: [] });
  });

  it('counts a line of a hundred thousand characters as one that is malformed, and reads on', () => {
    const content = parsed(dnsmasqParser(), `${'x'.repeat(100_000)}\r\n${DNSMASQ.replaceAll('\n', '\r\n')}`);
    expect(content.malformed).toBe(1);
    expect(content.leases.size).toBe(2);
  });
});
