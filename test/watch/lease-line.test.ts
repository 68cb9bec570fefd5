import { describe, expect, it } from 'vitest';
import { parseDnsmasqLease } from '../../src/watch/lease-line.ts';

describe('parseDnsmasqLease()', () => {
  it('reads a lease', () => {
    const lease = parseDnsmasqLease('1700000000 52:54:00:12:34:56 192.0.2.50 printer 01:52:54:00:12:34:56');
    expect(lease).toEqual({
      ok: true,
      value: {
        address: 0xc0000232,
        mac: '52:54:00:12:34:56',
        hostname: 'printer',
        endsMs: 1_700_000_000_000,
        source: 'lease-file',
      },
    });
  });

  it('reads a lease without end and without a name', () => {
    const lease = parseDnsmasqLease('0 52:54:00:12:34:56 192.0.2.50 * *');
    expect(lease.ok && [lease.value.endsMs, lease.value.hostname]).toEqual([Number.POSITIVE_INFINITY, null]);
  });

  it('keeps a lease whose hardware is not Ethernet', () => {
    const lease = parseDnsmasqLease('1700000000 06-aa:bb:cc 192.0.2.50 modem *');
    expect(lease.ok && lease.value.mac).toBeNull();
  });

  it('takes the control characters out of a name', () => {
    const lease = parseDnsmasqLease('1700000000 52:54:00:12:34:56 192.0.2.50 pri\u001b[31mnter *');
    expect(lease.ok && lease.value.hostname).toBe('pri[31mnter');
  });

  it.each([
    ['duid 00:01:00:01:2c:4c', 'lease-not-ipv4'],
    ['1700000000 1234567 2001:db8::50 host 00:01', 'lease-not-ipv4'],
    ['garbage', 'lease-malformed'],
    ['later 52:54:00:12:34:56 192.0.2.50 host *', 'lease-malformed'],
    ['1700000000 52:54:00:12:34:56 192.0.2.500 host *', 'lease-malformed'],
    ['-5 52:54:00:12:34:56 192.0.2.50 host *', 'lease-malformed'],
  ])('refuses "%s" as %s', (line, reason) => {
    expect(parseDnsmasqLease(line)).toEqual({ ok: false, error: reason });
  });
});
