/**
 * Tells the heartbeat how the sweeps of each segment go: a segment whose next sweep is long overdue is stuck; one that waits for its
 * interface, or whose schedule pauses for a night, is not. Sweeps nothing itself.
 */
import { sizeOf } from '../core/address/range.ts';
import type { Clock } from '../system/clock.ts';
import type { Beat, Heartbeat } from './heartbeat.ts';
import type { SegmentWatch } from './segment-watch.ts';
import type { Watch } from './watch.ts';

/** Retries, settling and a busy machine. */
const SPARE_MS = 60_000;
/** Sweeps that may be left out, or take this much longer. */
const MISSED = 3;
/** A routed segment is swept more gently than its rate says. */
const ICMP_PER_SECOND = 50;

type Segment = Pick<ReturnType<Watch['all']>[number], 'watch' | 'intervalMs' | 'nextRunMs'>;

interface Judged {
  readonly beat: Beat;
  waits: boolean;
  /** What its time rests on, beside the schedule's next run: another watch, or a longer sweep, gets a new time. */
  watch: SegmentWatch;
  intervalMs: number;
  sweepMs: number;
}

export class SegmentBeats {
  readonly #segments: () => readonly Segment[];
  readonly #heartbeat: Pick<Heartbeat, 'register'>;
  readonly #clock: Clock;
  readonly #judged = new Map<string, Judged>();

  constructor(segments: () => readonly Segment[], heartbeat: Pick<Heartbeat, 'register'>, clock: Clock) {
    this.#segments = segments;
    this.#heartbeat = heartbeat;
    this.#clock = clock;
  }

  /** A sweep of the segment ended, however. */
  swept(name: string): void {
    const segment = this.#segments().find(({ watch }) => watch.config.name === name);
    const known = this.#judged.get(name);
    if (segment !== undefined && known !== undefined && !known.waits) known.beat.allow(this.#allowance(segment));
  }

  /** Takes up segments that came, went, or began or ceased to wait. Call it every few seconds. */
  refresh(): void {
    const present = this.#segments();
    for (const [name, { beat }] of this.#judged) {
      if (present.some(({ watch }) => watch.config.name === name)) continue;
      beat.end();
      this.#judged.delete(name);
    }
    for (const segment of present) {
      const { name } = segment.watch.config;
      const { watch, intervalMs } = segment;
      const waits = isWaiting(watch);
      const basis = { waits, watch, intervalMs, sweepMs: sweepMs(watch) };
      const allowanceMs = waits ? Number.POSITIVE_INFINITY : this.#allowance(segment);
      const known = this.#judged.get(name);
      if (known === undefined) {
        this.#judged.set(name, { beat: this.#heartbeat.register(`segment:${name}`, allowanceMs), ...basis });
      } else if (Object.entries(basis).some(([key, value]) => known[key as keyof typeof basis] !== value)) {
        Object.assign(known, basis);
        known.beat.allow(allowanceMs);
      }
    }
  }

  stop(): void {
    for (const { beat } of this.#judged.values()) beat.end();
    this.#judged.clear();
  }

  /** From now until the sweep after the next few must be over, ms. */
  #allowance({ watch, intervalMs, nextRunMs }: Segment): number {
    const next = nextRunMs();
    if (next === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, next - this.#clock.nowMs()) + MISSED * (intervalMs + sweepMs(watch)) + SPARE_MS;
  }
}

const isWaiting = (watch: SegmentWatch): boolean => watch.place === null || watch.status().state === 'waiting';

function sweepMs({ place, config }: SegmentWatch): number {
  if (place === null) return 0;
  const rate = config.rate === 'max' ? Number.POSITIVE_INFINITY : config.rate;
  return (sizeOf(place.range) / (place.method === 'icmp' ? Math.min(rate, ICMP_PER_SECOND) : rate)) * 1000;
}
