/**
 * Tells the heartbeat how the sweeps of each segment go: a segment that has not swept for far longer than it should is stuck; one
 * that waits for its interface is not. Sweeps nothing itself.
 */
import { sizeOf } from '../core/address/range.ts';
import type { Beat, Heartbeat } from './heartbeat.ts';
import type { SegmentWatch } from './segment-watch.ts';
import type { Watch } from './watch.ts';

/** Retries, settling and a busy machine. */
const SPARE_MS = 60_000;
/** Sweeps that may be left out. */
const MISSED = 3;

export class SegmentBeats {
  readonly #watch: Pick<Watch, 'all'>;
  readonly #heartbeat: Heartbeat;
  readonly #beats = new Map<string, { readonly beat: Beat; allowanceMs: number }>();

  constructor(watch: Pick<Watch, 'all'>, heartbeat: Heartbeat) {
    this.#watch = watch;
    this.#heartbeat = heartbeat;
  }

  /** A sweep of the segment ended, however. */
  swept(segment: string): void {
    this.#beats.get(segment)?.beat.beat();
  }

  /** Takes up segments that came, went, or began or ceased to wait. Call it every few seconds. */
  refresh(): void {
    const present = this.#watch.all();
    for (const [name, { beat }] of this.#beats) {
      if (present.some(({ watch }) => watch.config.name === name)) continue;
      beat.end();
      this.#beats.delete(name);
    }
    for (const { watch, intervalMs } of present) {
      const { name } = watch.config;
      const allowanceMs = allowance(watch, intervalMs);
      const known = this.#beats.get(name);
      if (known === undefined)
        this.#beats.set(name, { beat: this.#heartbeat.register(`segment:${name}`, allowanceMs), allowanceMs });
      else if (known.allowanceMs !== allowanceMs) {
        known.allowanceMs = allowanceMs;
        known.beat.allow(allowanceMs);
      }
    }
  }

  stop(): void {
    for (const { beat } of this.#beats.values()) beat.end();
    this.#beats.clear();
  }
}

/** ms; Infinity while it waits. */
function allowance(watch: SegmentWatch, intervalMs: number): number {
  const { place, config } = watch;
  if (place === null || watch.status().state === 'waiting') return Number.POSITIVE_INFINITY;
  const sweepMs = config.rate === 'max' ? 0 : (sizeOf(place.range) / config.rate) * 1000;
  // A routed segment is swept more gently than its rate says.
  const gentle = place.method === 'icmp' ? (sizeOf(place.range) / 50) * 1000 : 0;
  return MISSED * (intervalMs + Math.max(sweepMs, gentle)) + SPARE_MS;
}
