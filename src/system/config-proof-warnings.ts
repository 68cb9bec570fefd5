/**
 * Where the arithmetic of a configuration does not work out: proofs that the schedule can never give. For `freehold config check`
 * and the log at the start.
 */
import { rangeOfCidr } from '../core/address/cidr.ts';
import { sizeOf } from '../core/address/range.ts';
import { formatDuration } from '../core/evidence/duration-text.ts';
import type { Config, SegmentConfig } from './config-types.ts';
import { sweepTimes } from './sweep-times.ts';

/** Whole sentences for people, by segment. */
export const proofWarnings = ({ segments, proof }: Config): readonly string[] =>
  segments.flatMap((segment) => [...sweepWarnings(segment, proof)]);

function sweepWarnings(segment: SegmentConfig, { quietForMs, minSweeps, maxGapMs }: Config['proof']): string[] {
  const { name, schedule } = segment;
  const times = sweepTimes(schedule);
  if (times === null) return [`segment ${name}: its schedule ${JSON.stringify(schedule)} never starts a sweep.`];
  const shortest = shortestSweepMs(segment);
  // A start that falls into a running sweep is left out.
  const slowedDown = (ms: number): number => Math.max(1, Math.ceil(shortest / ms)) * ms;
  const warnings: string[] = [];
  const most = Math.floor(quietForMs / slowedDown(times.meanMs)) + 1;
  if (most < minSweeps) {
    warnings.push(
      `segment ${name}: its schedule gives some ${most} sweeps in proof.quietFor (${formatDuration(quietForMs)}), and proof.minSweeps asks for ${minSweeps}: no address can be proven free.`,
    );
  }
  const gapMs = slowedDown(times.longestMs);
  if (gapMs > maxGapMs) {
    warnings.push(
      `segment ${name}: there are up to ${formatDuration(gapMs)} between two sweeps, and a look vouches for proof.maxGap (${formatDuration(maxGapMs)}): proofs have gaps, and an address may never be free.`,
    );
  }
  return warnings;
}

/** With one probe for each address: that is the least. 0 where the size, or the rate, is not known. */
function shortestSweepMs({ cidr, rate }: SegmentConfig): number {
  return cidr === null || rate === 'max' ? 0 : (sizeOf(rangeOfCidr(cidr)) / rate) * 1000;
}
