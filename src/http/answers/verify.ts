/**
 * Answers "is this range free, now and by its history": a live RFC 5227 run over every address of it at once, then the
 * proof. Bounds how many run at once; the run itself is the watch's.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { contains, formatRange, intersect, sizeOf } from '../../core/address/range.ts';
import { FreeholdError } from '../../core/error.ts';
import { freeRanges } from '../../core/range/free-ranges.ts';
import { weakestProof } from '../../core/range/weakest.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { Recorder } from '../../watch/recorder.ts';
import { verifyLive } from '../../watch/verify-live.ts';
import type { VerifyAnswer, VerifyQuery } from '../service.ts';
import type { AnswerContext } from './context.ts';
import { criteriaFor } from './evidence.ts';
import { heardOf } from './heard.ts';
import { criteriaJson, proofJson, rangeJson, time, withheldJson } from './json.ts';
import { ownPoolOf } from './own-pool.ts';

/** What one live run asks at the most; a /20. */
export const MAX_VERIFY_ADDRESSES = 4096;
const MAX_RUNNING = 2;
let running = 0;

export interface VerifyContext extends Omit<AnswerContext, 'nowMs'> {
  readonly recorder: Pick<Recorder, 'undecided'>;
  readonly now: () => number;
  /** Has the ledger know what was heard until now. */
  readonly upToDate: () => void;
}

export async function answerVerify(context: VerifyContext, query: VerifyQuery): Promise<VerifyAnswer> {
  const { watch, ledger, judge, criteria: configured, now } = context;
  criteriaFor(configured, query.criteria);
  const size = sizeOf(query.range);
  if (size > MAX_VERIFY_ADDRESSES) {
    throw new FreeholdError('verify-range-too-large', `${formatRange(query.range)} has ${size} addresses`, {
      hint: `verify at most ${MAX_VERIFY_ADDRESSES} at once`,
      exitCode: 2,
    });
  }
  const segment = watch.holding(query.range);
  if (running >= MAX_RUNNING)
    throw new FreeholdError('verify-busy', `${running} verifications are running already`, { hint: 'try again in 10 s' });
  running++;
  try {
    const startedMs = now();
    const live = await verifyLive(segment, ledger, query.range, now);
    context.upToDate();
    const nowMs = now();
    const judged = judge.segment(segment, configured, query.criteria, nowMs, query.dhcpSpans, ownPoolOf(query));
    const spans = judged.spans.flatMap((span) => {
      const part = intersect(span, query.range);
      return part === null ? [] : [{ ...span, ...part }];
    });
    const { withheld } = freeRanges(spans, { size: 1, alignment: 'none', limit: size });
    // Never later than the run: that would ask for less than it shows.
    const heardSinceMs = Math.min(query.heardSinceMs ?? startedMs, startedMs);
    const { heard, heardTruncated } = heardOf(context, segment.row, {
      range: query.range,
      sinceMs: heardSinceMs,
      scanners: live.scanners,
    });
    const conflicts = live.conflicts.filter(({ address }) => contains(query.range, address));
    const weakest = weakestProof(spans.map(({ proof }) => proof));
    // A segment's spans cover all of it, and the range lies within the segment.
    if (weakest === null)
      throw new FreeholdError('address-not-watched', `${formatRange(query.range)} is not in a watched segment`);
    const allFree = spans.every(({ verdict }) => verdict.kind === 'free');
    return {
      segment: segment.row.name,
      range: rangeJson(query.range),
      startedAt: time(startedMs),
      durationMs: Math.round(nowMs - startedMs),
      free: live.valid && conflicts.length === 0 && heard.length === 0 && allFree,
      live: {
        valid: live.valid,
        invalidReason: live.invalidReason,
        probesSent: live.probesSent,
        conflicts: conflicts.map(({ address, mac, kind }) => ({
          address: formatIpv4(address),
          mac,
          vendor: vendorOf(mac),
          kind,
        })),
        scanners: live.scanners,
        heardSince: time(heardSinceMs),
        heard,
        heardTruncated,
        notAsked: live.notAsked.map(rangeJson),
      },
      proof: proofJson(weakest),
      withheld: withheld.map(withheldJson),
      criteria: {
        ...criteriaJson(judged.criteria),
        dhcpSpans: judged.withheldBy.dhcpSpans,
        weakerThanConfigured: judged.weakerThanConfigured,
      },
    };
  } finally {
    running--;
  }
}
