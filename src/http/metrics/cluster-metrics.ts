/** Metrics of the cluster that is read: how old what is known of it is, and which kinds of objects can be read. None without a cluster. */
import { Gauge, type Registry } from 'prom-client';
import type { MetricsSources } from './types.ts';

export class ClusterMetrics {
  readonly #age;
  readonly #up;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#age = new Gauge({
      name: 'freehold_cluster_view_age_seconds',
      help: 'Since when what the guard goes by of the cluster was last known to be true.',
      registers,
    });
    this.#up = new Gauge({
      name: 'freehold_cluster_up',
      help: '1 where this kind of object of the cluster can be read now.',
      labelNames: ['kind'] as const,
      registers,
    });
    // A gauge without labels is 0 from the start, which would be a claim.
    this.#age.remove();
  }

  collect(source: MetricsSources['cluster']): void {
    this.#up.reset();
    this.#age.remove();
    const sample = source();
    if (sample === null) return;
    for (const { kind, up } of sample.kinds) this.#up.set({ kind }, up ? 1 : 0);
    if (sample.ageMs !== null) this.#age.set(sample.ageMs / 1000);
  }
}
