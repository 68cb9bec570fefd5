/** Answers of a daemon, for the tests of `apply`. */

import { formatIpv4 } from '../../../src/core/address/ipv4.ts';
import { type Ipv4Range, parseRange } from '../../../src/core/address/range.ts';
import { type RangeSet, rangeSet } from '../../../src/core/address/range-set.ts';
import type { FreeRangesAnswer, ProofJson, VerifyAnswer } from '../../../src/http/service.ts';

export function range(text: string): Ipv4Range {
  const read = parseRange(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

export const set = (...texts: readonly string[]): RangeSet => rangeSet(texts.map(range));

export const proof = (more: Partial<ProofJson> = {}): ProofJson => ({
  since: '2026-11-20T00:00:00.000Z',
  quietForSeconds: 300_000,
  looks: 8_000,
  coverage: 0.998,
  longestGapSeconds: 31,
  newestLookAt: '2026-11-23T11:59:50.000Z',
  lastSeenAt: null,
  methods: ['arp'],
  ...more,
});

const json = (text: string) => {
  const { first, last } = range(text);
  return { start: formatIpv4(first), end: formatIpv4(last), size: last - first + 1 };
};

const criteria = { quietForSeconds: 259_200, minSweeps: 100, maxGapSeconds: 900, minCoverage: 0.95 };

export const freeRanges = (
  free: Readonly<Record<string, Partial<ProofJson>>>,
  withheld: Readonly<Record<string, readonly [FreeRangesAnswer['withheld'][number]['verdict'], string]>> = {},
): FreeRangesAnswer => ({
  segment: 'lan',
  generatedAt: '2026-11-23T12:00:00.000Z',
  criteria: { ...criteria, size: 1, alignment: 'none', dhcpSpans: 'avoid', weakerThanConfigured: false },
  ranges: Object.entries(free).map(([text, more]) => ({ ...json(text), proof: proof(more) })),
  withheld: Object.entries(withheld).map(([text, [verdict, reason]]) => ({
    ...json(text),
    verdict,
    reason,
    reasonCode: 'in-use' as never,
  })),
  freeAddresses: 0,
  truncated: false,
  outages: [],
  notices: ['First looked at 1 h ago.'],
});

export const verified = (
  text: string,
  live: Partial<VerifyAnswer['live']> = {},
  withheld: VerifyAnswer['withheld'] = [],
): VerifyAnswer => ({
  segment: 'lan',
  range: json(text),
  startedAt: '2026-11-23T12:00:00.000Z',
  durationMs: 5_000,
  free: true,
  live: {
    valid: true,
    invalidReason: null,
    probesSent: 48,
    conflicts: [],
    scanners: [],
    heardSince: '2026-11-23T12:00:00.000Z',
    heard: [],
    heardTruncated: false,
    notAsked: [],
    ...live,
  },
  proof: proof(),
  withheld,
  criteria: { ...criteria, dhcpSpans: 'avoid', weakerThanConfigured: false },
});
