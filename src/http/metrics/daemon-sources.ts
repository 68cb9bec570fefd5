/** Where the metrics of the running daemon are read from: the watch, the guard, the dispatcher and the ledger. Decides nothing. */
import { statSync } from 'node:fs';
import type { Dispatcher } from '../../alert/dispatcher.ts';
import type { Criteria } from '../../core/evidence/criteria.ts';
import { verdictCounts } from '../../core/range/verdict-counts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { SegmentRow } from '../../ledger/types.ts';
import type { Clock } from '../../system/clock.ts';
import type { ClusterReport } from '../../watch/cluster-view-source.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { Recorder } from '../../watch/recorder.ts';
import type { Watch } from '../../watch/watch.ts';
import { Judge } from '../answers/evidence.ts';
import type { WithheldBySources } from '../answers/withheld-by.ts';
import type { MetricsSources } from './types.ts';

export interface DaemonParts extends WithheldBySources {
  readonly watch: Pick<Watch, 'all' | 'named'>;
  readonly ledger: Ledger;
  readonly recorder: Pick<Recorder, 'healthy'>;
  readonly guard: Pick<GuardControl, 'open' | 'dismissed' | 'healthy'>;
  readonly dispatcher: Pick<Dispatcher, 'states'>;
  readonly clock: Clock;
  /** How a cluster is read. Default: none is. */
  readonly cluster?: () => ClusterReport;
  /** As configured now: a reload may change it. */
  readonly criteria: () => Criteria;
}

/** SQLite's own, and the log that WAL writes beside it. */
const FILES = ['', '-wal', '-shm'] as const;

export function daemonSources(parts: DaemonParts): MetricsSources {
  const { watch, ledger, recorder, guard, dispatcher, clock, criteria } = parts;
  /** null: its network is not known yet. */
  const rowOf = (name: string): SegmentRow | null => {
    const segment = watch.all().find(({ watch: { config } }) => config.name === name)?.watch;
    return segment === undefined || segment.place === null ? null : segment.row;
  };
  return {
    segments: () =>
      watch.all().map(({ watch: segment, intervalMs }) => ({
        name: segment.config.name,
        status: segment.status(),
        intervalMs,
      })),
    lastValidSweepMs(name) {
      const row = rowOf(name);
      return row === null ? null : ledger.lastValidSweepMs(row.id, clock.nowMs());
    },
    verdicts(name) {
      // Where the recorder cannot write, what was heard lately is not in the ledger, so nothing can be called free.
      if (rowOf(name) === null || !recorder.healthy) return null;
      // A judge for this once: judgements are large, and whoever asks for addresses has one that keeps them.
      return verdictCounts(new Judge(ledger, parts).segment(watch.named(name), criteria(), {}, clock.nowMs()).spans);
    },
    openConflicts: () => guard.open(),
    dismissed: () => guard.dismissed(),
    channels: () =>
      [...dispatcher.states()].map(([name, { failing, volatile }]) => ({ name, failing: failing !== null, unstored: volatile })),
    cluster() {
      const report = parts.cluster?.();
      if (report === undefined || report.status === null) return null;
      const ageMs = report.asOfMs === null ? null : Math.max(0, clock.nowMs() - report.asOfMs);
      return { ageMs, kinds: report.status.kinds.map(({ kind, state }) => ({ kind, up: state === 'up' })) };
    },
    outboxDepth: () => ledger.guard.depth(),
    outboxDropped: () => ledger.guard.dropped(),
    ledgerHealthy: () => recorder.healthy && guard.healthy,
    ledgerBytes() {
      const sizes = FILES.map((suffix) => statSync(ledger.path + suffix, { throwIfNoEntry: false })?.size);
      return sizes[0] === undefined ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    },
  };
}
