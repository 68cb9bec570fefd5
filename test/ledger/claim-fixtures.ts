/** A claim, whole, as `freehold apply` would begin it. */
import type { ClaimProof, NewClaim } from '../../src/core/claim/types.ts';
import { DAY, HOUR, MINUTE, SECOND, set, T0 } from './fixtures.ts';

export const PROOF: ClaimProof = {
  sinceMs: T0 - 4 * DAY,
  quietForMs: 4 * DAY,
  looks: 8640,
  coverage: 0.998,
  longestGapMs: 2 * MINUTE,
  newestLookMs: T0 - 20 * SECOND,
  lastSeenMs: null,
  methods: ['arp'],
  criteria: { quietForMs: 72 * HOUR, minSweeps: 100, maxGapMs: 15 * MINUTE, minCoverage: 0.95 },
  weakerThanConfigured: false,
  verifiedMs: T0 - SECOND,
  probesSent: 64,
  kept: 0,
};

export const claim = (more: Partial<NewClaim> = {}): NewClaim => ({
  startedMs: T0,
  by: 'ada@jump',
  server: 'https://192.0.2.9:6443',
  namespace: 'metallb-system',
  pool: 'production-pool',
  advertisement: 'production-advertisement',
  ranges: set('192.0.2.200-192.0.2.215'),
  proof: PROOF,
  overridden: null,
  ...more,
});
