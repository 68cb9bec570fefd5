/**
 * The questions of guard-service.ts, answered from the running guard, the watch and the ledger. Reads the clock once for each.
 */
import type { GuardStore } from '../../ledger/guard-types.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../system/clock.ts';
import type { ClusterReport } from '../../watch/cluster-view-source.ts';
import type { GuardControl, LiveEventStream } from '../../watch/guard-types.ts';
import type { Watch } from '../../watch/watch.ts';
import type { GuardService } from '../guard-service.ts';
import { acknowledgeConflict, answerConflict, answerConflicts } from './conflicts.ts';
import { answerDhcp, type LeaseFileStatus } from './dhcp.ts';
import { answerPools } from './pools.ts';

export interface GuardAnswersOptions {
  readonly guard: GuardControl;
  readonly store: Pick<GuardStore, 'conflict' | 'conflicts'>;
  readonly watch: Pick<Watch, 'all'>;
  readonly ledger: Pick<Ledger, 'leases' | 'lastValidSweepMs'>;
  readonly clock: Clock;
  readonly live: LiveEventStream;
  /** How a cluster is read. Default: none is. */
  readonly cluster?: () => ClusterReport | null;
  /** The lease files that are followed. */
  readonly leaseFiles: () => readonly LeaseFileStatus[];
}

export function createGuardAnswers(options: GuardAnswersOptions): GuardService {
  const { clock, live } = options;
  return {
    conflicts: (query) => answerConflicts(options, query, clock.nowMs()),
    conflict: (id) => answerConflict(options, id),
    acknowledge: (id, by, note) => acknowledgeConflict(options, id, by, note),
    pools: () => answerPools(options, clock.nowMs()),
    dhcp: (segment) => answerDhcp(options, segment, clock.nowMs()),
    events: live,
  };
}
