/**
 * A counter whose total somebody else keeps. What it exports never goes backwards, also where the other's total begins anew (a
 * segment that a reload restarted): then what was counted since is added. Lost is only what came between the last scrape and the
 * restart. A series that was removed begins anew when it comes back, which is what Prometheus takes for a restart.
 */
import type { Counter } from 'prom-client';

export interface Total<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly total: number;
}

export class RunningTotal<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #seen = new Map<string, Total<Label>>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  /** @param labels always in the same order */
  set(labels: Total<Label>['labels'], total: number): void {
    const key = JSON.stringify(labels);
    const before = this.#seen.get(key)?.total ?? 0;
    this.#counter.inc(labels, total >= before ? total - before : total);
    this.#seen.set(key, { labels, total });
  }

  /** Removes the series whose labels are not wanted any more. */
  retain(isWanted: (labels: Total<Label>['labels']) => boolean): void {
    for (const [key, { labels }] of this.#seen) {
      if (isWanted(labels)) continue;
      this.#seen.delete(key);
      this.#counter.remove(labels);
    }
  }
}
