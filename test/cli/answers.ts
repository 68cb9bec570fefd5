/** Answers of a daemon, as the contract has them, for rendering and for a server that stands in for it. */
import type { AddressAnswer, FreeRangesAnswer, ProofJson, VerifyAnswer } from '../../src/http/service.ts';

export const proof: ProofJson = {
  since: '2026-05-01T08:00:00.000Z',
  quietForSeconds: 352_800,
  looks: 11_760,
  coverage: 0.9987,
  longestGapSeconds: 31,
  newestLookAt: '2026-05-05T09:59:48.000Z',
  lastSeenAt: null,
  methods: ['arp'],
};

export const criteria = { quietForSeconds: 259_200, minSweeps: 100, maxGapSeconds: 900, minCoverage: 0.95 };

export const freeAnswer: FreeRangesAnswer = {
  segment: 'lan',
  generatedAt: '2026-05-05T10:00:00.000Z',
  criteria: { ...criteria, size: 4, alignment: 'none', dhcpSpans: 'avoid', weakerThanConfigured: false },
  ranges: [
    { start: '192.0.2.200', end: '192.0.2.231', size: 32, proof },
    { start: '192.0.2.64', end: '192.0.2.67', size: 4, proof: { ...proof, lastSeenAt: '2026-05-01T08:00:00.000Z' } },
  ],
  withheld: [
    {
      start: '192.0.2.0',
      end: '192.0.2.0',
      size: 1,
      verdict: 'reserved',
      reason: 'the network address',
      reasonCode: 'network-address',
    },
    {
      start: '192.0.2.10',
      end: '192.0.2.19',
      size: 10,
      verdict: 'leased',
      reason: 'a lease runs until tomorrow',
      reasonCode: 'lease-running',
    },
  ],
  freeAddresses: 36,
  truncated: true,
  outages: [{ from: '2026-05-03T01:00:00.000Z', until: '2026-05-03T01:12:00.000Z', reason: 'link-down', sweeps: 24 }],
  notices: ['One MAC answers for addresses all over the range.'],
};

export const verifyAnswer: VerifyAnswer = {
  segment: 'lan',
  range: { start: '192.0.2.200', end: '192.0.2.203', size: 4 },
  startedAt: '2026-05-05T09:59:54.000Z',
  durationMs: 6000,
  free: true,
  live: {
    valid: true,
    invalidReason: null,
    probesSent: 12,
    conflicts: [],
    scanners: [],
    heardSince: '2026-05-05T09:59:54.000Z',
    heard: [],
    heardTruncated: false,
    notAsked: [],
  },
  proof,
  withheld: [],
  criteria: { ...criteria, dhcpSpans: 'avoid', weakerThanConfigured: false },
};

export const addressAnswer: AddressAnswer = {
  address: '192.0.2.17',
  segment: 'lan',
  generatedAt: '2026-05-05T10:00:00.000Z',
  verdict: 'recently-used',
  use: 'used',
  reasons: [{ code: 'seen-within-window', text: 'seen 26 h ago; free means quiet for 72 h' }],
  proof: { ...proof, quietForSeconds: 93_600, since: '2026-05-04T08:00:00.000Z', lastSeenAt: '2026-05-04T08:00:00.000Z' },
  criteria,
  lease: { mac: '00:00:0c:01:02:03', hostname: 'printer', endsAt: '2026-05-05T20:00:00.000Z' },
  history: [
    {
      mac: '00:00:0c:01:02:03',
      vendor: 'Cisco Systems, Inc',
      hostname: 'printer',
      firstSeenAt: '2026-05-02T08:00:00.000Z',
      lastSeenAt: '2026-05-04T08:00:00.000Z',
      sources: ['arp-reply', 'dhcp-ack'],
      intent: false,
    },
    {
      mac: '02:42:ac:11:00:02',
      vendor: null,
      hostname: null,
      firstSeenAt: '2026-05-01T08:00:00.000Z',
      lastSeenAt: '2026-05-01T08:00:00.000Z',
      sources: ['arp-probe'],
      intent: true,
    },
  ],
  outages: [],
};
