/** What is written down of a claim before it is pushed. Pure. */
import { proofNotes } from '../../cluster/claim/current.ts';
import { formatRange } from '../../core/address/range.ts';
import { setSize } from '../../core/address/range-set.ts';
import type { NewClaimJson } from '../../http/claim-service.ts';
import type { ProofJson } from '../../http/service.ts';
import type { ApplyRun } from './run.ts';
import type { Checked } from './stage-cluster.ts';
import type { Proven } from './stage-history.ts';
import type { LiveProof } from './stage-live.ts';

export function newClaim(run: ApplyRun, { target, history, answer }: Proven, { plan }: Checked, live: LiveProof): NewClaimJson {
  const { quietForSeconds, minSweeps, maxGapSeconds, minCoverage, weakerThanConfigured } = answer.criteria;
  return {
    by: run.by,
    server: run.api.server,
    namespace: run.wanted.namespace,
    pool: run.wanted.pool,
    advertisement: run.wanted.advertisement,
    ranges: [formatRange(target.range)],
    overridden: run.options.overrideProof ?? (plan.kept.length > 0 ? proofNotes(run.current).overridden : null),
    proof: {
      ...(history.proof ?? UNPROVEN),
      criteria: { quietForSeconds, minSweeps, maxGapSeconds, minCoverage },
      weakerThanConfigured,
      verifiedAt: new Date(live.endedMs).toISOString(),
      probesSent: live.answer.live.probesSent,
      kept: setSize(plan.kept),
    },
  };
}

/** No figure claims anything: all addresses were in the pool before, or the proof was overridden. */
const UNPROVEN: ProofJson = {
  since: null,
  quietForSeconds: 0,
  looks: 0,
  coverage: 0,
  longestGapSeconds: 0,
  newestLookAt: null,
  lastSeenAt: null,
  methods: [],
};
