import { describe, expect, it } from 'vitest';
import { scanDocument } from '../../src/cli/scan-document.ts';
import { scanText } from '../../src/cli/scan-text.ts';
import type { Ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { vendorOf } from '../../src/system/vendors.ts';
import type { ScanReport } from '../../src/watch/scan-types.ts';
import { NO_COLORS } from './catcher.ts';

const NET = 0xc0000200;
const address = (host: number): Ipv4 => (NET + host) as Ipv4;

const report: ScanReport = {
  interfaceName: 'eth7',
  range: { first: address(0), last: address(255) },
  startedMs: Date.UTC(2026, 4, 5, 10, 0, 0),
  durationMs: 1712.4,
  probesSent: 506,
  sendFailures: 0,
  repliesReceived: 3,
  kernelDrops: 0,
  valid: true,
  invalidReason: null,
  hosts: [
    { address: address(1), macs: ['00:00:0c:00:00:01' as Mac], sources: ['arp-reply'], verdict: 'occupied' },
    {
      address: address(17),
      macs: ['02:42:ac:11:00:02' as Mac, 'fc:fc:fc:00:00:01' as Mac],
      sources: ['arp-reply', 'arp-announcement'],
      verdict: 'occupied',
    },
  ],
  standIns: [],
};

const textOf = (changes: Partial<ScanReport>): string => scanText(scanDocument({ ...report, ...changes }, vendorOf), NO_COLORS);

describe('scanText', () => {
  it('is a table of hosts with all of their MACs, and a summary', () => {
    expect(textOf({})).toBe(
      `ADDRESS     MAC                VENDOR               VERDICT
192.0.2.1   00:00:0c:00:00:01  Cisco Systems, Inc   occupied
192.0.2.17  02:42:ac:11:00:02  (random or virtual)  occupied
            fc:fc:fc:00:00:01  (unknown)

192.0.2.0/24 on eth7: 2 hosts alive, 506 probes, 1.7 s, no frame dropped

valid: silence now is no proof that an address is free; that takes a history (freehold run).`,
    );
  });

  it('says aloud that an invalid sweep proves nothing, and why', () => {
    const text = textOf({ valid: false, invalidReason: 'kernel-drops', kernelDrops: 12, hosts: [] });
    expect(text).toBe(
      `192.0.2.0/24 on eth7: 0 hosts alive, 506 probes, 1.7 s, 12 frames dropped

INVALID: the kernel dropped frames before they were read: answers may be missing (try a lower --rate). This sweep proves nothing about any address.`,
    );
  });

  it('explains a stand-in, and does not count it as hosts', () => {
    const mac = '00:00:0c:00:00:01' as Mac;
    const text = textOf({
      hosts: [{ address: address(9), macs: [mac], sources: ['arp-reply'], verdict: 'stand-in' }],
      standIns: [{ mac, addresses: 200 }],
    });
    expect(text).toContain('192.0.2.9  00:00:0c:00:00:01  Cisco Systems, Inc  stand-in\n');
    expect(text).toContain('stand-in: 00:00:0c:00:00:01 (Cisco Systems, Inc) answers for 200 addresses all over the range');
    expect(text).toContain('0 hosts alive');
  });

  it('names a range that is no CIDR block by its ends', () => {
    expect(textOf({ range: { first: address(10), last: address(20) } })).toContain('192.0.2.10-192.0.2.20 on eth7:');
  });
});

describe('scanDocument', () => {
  it('is the contract, with nothing more and nothing less', () => {
    expect(JSON.parse(JSON.stringify(scanDocument(report, vendorOf)))).toEqual({
      segment: 'eth7',
      interface: 'eth7',
      cidr: '192.0.2.0/24',
      range: { start: '192.0.2.0', end: '192.0.2.255' },
      startedAt: '2026-05-05T10:00:00.000Z',
      durationMs: 1712,
      probesSent: 506,
      sendFailures: 0,
      repliesReceived: 3,
      kernelDrops: 0,
      valid: true,
      hosts: [
        {
          address: '192.0.2.1',
          macs: ['00:00:0c:00:00:01'],
          vendor: 'Cisco Systems, Inc',
          verdict: 'occupied',
          sources: ['arp-reply'],
        },
        {
          address: '192.0.2.17',
          macs: ['02:42:ac:11:00:02', 'fc:fc:fc:00:00:01'],
          verdict: 'occupied',
          sources: ['arp-reply', 'arp-announcement'],
        },
      ],
      standIns: [],
    });
  });

  it('says why a sweep is not valid, and has no CIDR where the range is no block', () => {
    const document = scanDocument(
      { ...report, valid: false, invalidReason: 'link-down', range: { first: address(1), last: address(2) } },
      () => null,
    );
    expect(document).toMatchObject({ valid: false, invalidReason: 'link-down', cidr: null });
  });
});
