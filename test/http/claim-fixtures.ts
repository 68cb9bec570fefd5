/** A claim as `freehold apply` sends it and as the daemon tells it, and a ClaimsService, for the tests of HTTP and command line. */
import type { ClaimJson, ClaimProofJson, ClaimsService, NewClaimJson } from '../../src/http/claim-service.ts';

export const claimProof: ClaimProofJson = {
  since: '2026-05-01T08:00:00.000Z',
  quietForSeconds: 352_800,
  looks: 11_760,
  coverage: 0.998,
  longestGapSeconds: 31,
  newestLookAt: '2026-05-05T09:59:48.000Z',
  lastSeenAt: null,
  methods: ['arp'],
  criteria: { quietForSeconds: 259_200, minSweeps: 100, maxGapSeconds: 900, minCoverage: 0.95 },
  weakerThanConfigured: false,
  verifiedAt: '2026-05-05T09:59:58.000Z',
  probesSent: 64,
  kept: 0,
};

export const newClaim: NewClaimJson = {
  by: 'ada@jump',
  server: 'https://192.0.2.9:6443',
  namespace: 'metallb-system',
  pool: 'production-pool',
  advertisement: 'production-advertisement',
  ranges: ['192.0.2.200-192.0.2.215'],
  proof: claimProof,
  overridden: null,
};

export const claimAnswer = (more: Partial<ClaimJson> = {}): ClaimJson => ({
  ...newClaim,
  id: 3,
  state: 'complete',
  startedAt: '2026-05-05T10:00:00.000Z',
  endedAt: '2026-05-05T10:00:04.000Z',
  ranges: [{ start: '192.0.2.200', end: '192.0.2.215', size: 16 }],
  outcome: 'MetalLB has taken the pool: 16 addresses are available.',
  ...more,
});

export const fakeClaims = (note: (...call: readonly [string, ...unknown[]]) => void): ClaimsService => ({
  claims(query) {
    note('claims', query);
    return { generatedAt: '2026-05-05T10:00:00.000Z', claims: [claimAnswer()], next: null };
  },
  claim(id) {
    note('claim', id);
    return claimAnswer({ id });
  },
  begin(draft) {
    note('beginClaim', draft);
    return claimAnswer({ state: 'pushing', endedAt: null, outcome: '' });
  },
  end(id, { state, outcome }) {
    note('endClaim', id, { state, outcome });
    return claimAnswer({ id, state, outcome });
  },
});
