/** Metrics of the guard: conflicts that are open, what became of conflicts, and sightings that raised none. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { CONFLICT_KINDS, type ConflictChange, severityOf } from '../../core/conflict/types.ts';
import { RunningTotal } from './running-total.ts';
import type { MetricsSources } from './types.ts';

const COUNTED_EVENTS = ['opened', 'escalated', 'closed'] as const;

export class GuardMetrics {
  readonly #open;
  readonly #unacknowledged;
  readonly #changes;
  readonly #dismissed;

  constructor(registry: Registry) {
    const registers = [registry];
    const byKind = { labelNames: ['kind', 'severity'] as const, registers };
    this.#open = new Gauge({ name: 'freehold_conflicts_open', help: 'Conflicts that are open.', ...byKind });
    this.#unacknowledged = new Gauge({
      name: 'freehold_conflicts_unacknowledged',
      help: 'Conflicts that are open, and that nobody has acknowledged.',
      ...byKind,
    });
    this.#changes = new Counter({
      name: 'freehold_conflicts_total',
      help: 'What became of conflicts, by the kind that they were after it.',
      labelNames: ['kind', 'event'] as const,
      registers,
    });
    this.#dismissed = new RunningTotal(
      new Counter({
        name: 'freehold_sightings_dismissed_total',
        help: 'Sightings of pool addresses that raised nothing, by the rule that says why.',
        labelNames: ['rule'] as const,
        registers,
      }),
    );
    // The first conflict ever must be an increase.
    for (const kind of CONFLICT_KINDS) for (const event of COUNTED_EVENTS) this.#changes.inc({ kind, event }, 0);
  }

  change({ event, conflict }: ConflictChange): void {
    if (event !== 'updated' && event !== 'acknowledged') this.#changes.inc({ kind: conflict.kind, event });
  }

  collectOpen(source: MetricsSources['openConflicts']): void {
    this.#open.reset();
    this.#unacknowledged.reset();
    const conflicts = source();
    for (const kind of CONFLICT_KINDS) {
      const labels = { kind, severity: severityOf(kind) };
      const open = conflicts.filter((conflict) => conflict.kind === kind);
      this.#open.set(labels, open.length);
      this.#unacknowledged.set(labels, open.filter(({ acknowledged }) => acknowledged === null).length);
    }
  }

  collectDismissed(source: MetricsSources['dismissed']): void {
    for (const [rule, sightings] of Object.entries(source())) this.#dismissed.set({ rule }, sightings);
  }
}
