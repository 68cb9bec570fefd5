/**
 * Metrics of segments: sweeps as they are over, frames and the state of the wire at each scrape. The series of a segment appear
 * with it, at zero, so that the first sweep that fails is an increase; and go away with it.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { InvalidReason } from '../../core/probe/types.ts';
import type { SweepRecord } from '../../ledger/types.ts';
import { RunningTotal } from './running-total.ts';
import type { MetricsSources, SegmentSample } from './types.ts';

/** All there are; the type makes sure of that. */
const INVALID_REASONS: Readonly<Record<InvalidReason, true>> = {
  'interface-gone': true,
  'link-down': true,
  'address-lost': true,
  'send-failed': true,
  'receive-failed': true,
  'kernel-drops': true,
  'control-silent': true,
  'no-targets': true,
  'icmp-unavailable': true,
  aborted: true,
};
const RESULTS: readonly string[] = ['valid', ...Object.keys(INVALID_REASONS)];

/** Seconds. A /24 at 500 probes a second takes 2 s, a /16 five minutes, a routed one of many addresses longer. */
const DURATION_BUCKETS = [0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 120, 300, 600, 1800];

export class SegmentMetrics {
  readonly #known = new Set<string>();
  readonly #sweeps;
  readonly #duration;
  readonly #lastDuration;
  readonly #probes;
  readonly #replies;
  readonly #up;
  readonly #interval;
  readonly #lastValid;
  readonly #frames;
  readonly #heard;
  readonly #ignored;
  readonly #drops;

  constructor(registry: Registry) {
    const registers = [registry];
    const perSegment = { labelNames: ['segment'] as const, registers };
    this.#sweeps = new Counter({
      name: 'freehold_sweeps_total',
      help: 'Sweeps that are over, by result: valid, or the reason why one proves nothing.',
      labelNames: ['segment', 'result'] as const,
      registers,
    });
    this.#duration = new Histogram({
      name: 'freehold_sweep_duration_seconds',
      help: 'How long valid sweeps took.',
      buckets: DURATION_BUCKETS,
      ...perSegment,
    });
    this.#lastDuration = new Gauge({
      name: 'freehold_last_sweep_duration_seconds',
      help: 'How long the newest sweep took, valid or not; 0 before the first.',
      ...perSegment,
    });
    this.#probes = new Counter({ name: 'freehold_probes_sent_total', help: 'Probes of sweeps that really left.', ...perSegment });
    this.#replies = new Counter({ name: 'freehold_replies_received_total', help: 'Answers to probes of sweeps.', ...perSegment });
    this.#up = new Gauge({
      name: 'freehold_segment_up',
      help: '1 while the segment can be looked at, 0 while it waits for its interface.',
      ...perSegment,
    });
    this.#interval = new Gauge({
      name: 'freehold_sweep_interval_seconds',
      help: 'Time between two scheduled sweeps.',
      ...perSegment,
    });
    this.#lastValid = new Gauge({
      name: 'freehold_last_valid_sweep_timestamp_seconds',
      help: 'When the newest valid sweep ended, as seconds since 1970; 0: there was none yet.',
      ...perSegment,
    });
    this.#frames = new RunningTotal(
      new Counter({
        name: 'freehold_frames_received_total',
        help: 'Frames that the kernel handed over, whatever became of them.',
        ...perSegment,
      }),
    );
    this.#heard = new RunningTotal(
      new Counter({
        name: 'freehold_frames_total',
        help: 'Frames of others that were understood, by kind.',
        labelNames: ['segment', 'kind'] as const,
        registers,
      }),
    );
    this.#ignored = new RunningTotal(
      new Counter({
        name: 'freehold_frames_ignored_total',
        help: 'Frames that became no sighting, by reason.',
        labelNames: ['segment', 'reason'] as const,
        registers,
      }),
    );
    this.#drops = new RunningTotal(
      new Counter({
        name: 'freehold_ring_drops_total',
        help: 'Frames that the kernel dropped because the receive ring was full.',
        ...perSegment,
      }),
    );
  }

  get known(): readonly string[] {
    return [...this.#known];
  }

  /** The series of segments that are not among them any more go away. */
  collect(source: MetricsSources['segments']): void {
    // What is not known is left out; counters stay where they are.
    this.#up.reset();
    this.#interval.reset();
    const samples = source();
    const names = new Set(samples.map(({ name }) => name));
    for (const segment of this.#known) if (!names.has(segment)) this.#forget(segment);
    for (const totals of [this.#frames, this.#heard, this.#ignored, this.#drops]) {
      totals.retain(({ segment }: { readonly segment: string }) => names.has(segment));
    }
    for (const sample of samples) this.#collectOne(sample);
  }

  /** Of the segments of the last `collect`. */
  collectLastValid(source: MetricsSources['lastValidSweepMs']): void {
    this.#lastValid.reset();
    for (const segment of this.#known) this.#lastValid.set({ segment }, (source(segment) ?? 0) / 1000);
  }

  sweep(segment: string, record: SweepRecord): void {
    this.#welcome(segment);
    const { valid, invalidReason, startedMs, endedMs, probesSent, repliesReceived } = record;
    const seconds = Math.max(0, endedMs - startedMs) / 1000;
    this.#sweeps.inc({ segment, result: valid ? 'valid' : (invalidReason ?? 'aborted') });
    if (valid) this.#duration.observe({ segment }, seconds);
    this.#lastDuration.set({ segment }, seconds);
    this.#probes.inc({ segment }, probesSent);
    this.#replies.inc({ segment }, repliesReceived);
  }

  #collectOne({ name: segment, status, intervalMs }: SegmentSample): void {
    this.#welcome(segment);
    this.#up.set({ segment }, status.state === 'waiting' ? 0 : 1);
    this.#interval.set({ segment }, intervalMs / 1000);
    this.#frames.set({ segment }, status.framesReceived);
    this.#drops.set({ segment }, status.kernelDrops);
    for (const [kind, frames] of Object.entries(status.heard)) this.#heard.set({ segment, kind }, frames);
    for (const [reason, frames] of Object.entries(status.ignored)) this.#ignored.set({ segment, reason }, frames);
  }

  #welcome(segment: string): void {
    if (this.#known.has(segment)) return;
    this.#known.add(segment);
    for (const result of RESULTS) this.#sweeps.inc({ segment, result }, 0);
    this.#duration.zero({ segment });
    this.#lastDuration.set({ segment }, 0);
    this.#probes.inc({ segment }, 0);
    this.#replies.inc({ segment }, 0);
  }

  #forget(segment: string): void {
    this.#known.delete(segment);
    for (const result of RESULTS) this.#sweeps.remove({ segment, result });
    for (const metric of [this.#duration, this.#lastDuration, this.#probes, this.#replies]) metric.remove({ segment });
  }
}
