/**
 * The live half of a verification: RFC 5227 probes for every address of a range at once, with hosts known to be alive asked
 * in the same run. If none of those answers, the run proves nothing: it may just as well have heard nothing.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import { contains, type Ipv4Range } from '../core/address/range.ts';
import {
  intersectSets,
  type RangeSet,
  rangeSet,
  rangeSetOfAddresses,
  setSize,
  subtract,
  union,
} from '../core/address/range-set.ts';
import { FreeholdError } from '../core/error.ts';
import type { AcdResult } from '../core/probe/acd.ts';
import { enoughAnswered } from '../core/probe/control.ts';
import { MAX_CONTROLS } from '../core/probe/plan.ts';
import type { InvalidReason } from '../core/probe/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { planSweep } from './sweep-plan.ts';
import type { WatchedSegment } from './watch.ts';

export interface LiveRun {
  readonly valid: boolean;
  readonly invalidReason: InvalidReason | null;
  readonly probesSent: number;
  /** All that answered or probed, the controls included. */
  readonly conflicts: AcdResult['conflicts'];
  readonly scanners: AcdResult['scanners'];
  /** Addresses of the range that were asked nothing: our own, those that are excluded, network and broadcast. */
  readonly notAsked: RangeSet;
}

/** @throws FreeholdError `verify-not-on-link` for a routed segment */
export async function verifyLive(
  { watch, row, place }: WatchedSegment,
  ledger: Ledger,
  range: Ipv4Range,
  now: () => number,
): Promise<LiveRun> {
  if (place.method === 'icmp') {
    throw new FreeholdError('verify-not-on-link', `segment ${row.name} is routed: RFC 5227 probes do not reach it`, {
      hint: 'ask /free-ranges instead; its proof for this segment rests on ICMP sweeps',
      exitCode: 2,
    });
  }
  const plan = planSweep(watch.config, place, ledger.sightingColumns(row.id), now(), watch.answeredMs);
  const asked = intersectSets(plan.targets, rangeSet([range]));
  const controls: ReadonlySet<Ipv4> = plan.controls;
  const startedMs = now();
  const result = await watch.verify(union(asked, rangeSetOfAddresses(controls)));
  const heard = new Set(result.conflicts.map(({ address }) => address));
  // Only a reply to us shows that our frames arrive: what somebody sends to others says nothing of them.
  const answeredUs = new Set(result.answeredUs);
  const answered = [...controls].filter((address) => answeredUs.has(address)).length;
  // With nobody known to be alive, whoever answered is the control. And the wire must still carry when all is over.
  const alive = controls.size === 0 ? new Set(result.answeredUs.slice(0, MAX_CONTROLS)) : controls;
  const enough = controls.size === 0 ? alive.size > 0 : enoughAnswered(controls.size, answered);
  const controlled = result.valid && enough && (await watch.controlsAnswer(alive));
  const valid = result.valid && controlled;
  const invalidReason = result.valid ? (controlled ? null : 'control-silent') : result.invalidReason;
  watch.recordVerify({
    probesPlanned: setSize(asked),
    probesSent: result.probesSent,
    sendFailures: result.sendFailures,
    repliesReceived: result.framesHeard,
    kernelDrops: result.kernelDrops,
    looked: valid ? intersectSets(result.looked, rangeSet([range])) : [],
    valid,
    invalidReason,
    controlsAsked: controls.size,
    controlsAnswered: answered,
    answered: [...heard].filter((address) => contains(range, address)).length,
    startedMs,
  });
  return {
    valid,
    invalidReason,
    probesSent: result.probesSent,
    conflicts: result.conflicts,
    scanners: result.scanners,
    notAsked: subtract(rangeSet([range]), asked),
  };
}
