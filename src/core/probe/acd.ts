/**
 * The probing of RFC 5227 section 2.1.1 for a whole range at once: every address has its own timers, so the range takes as
 * long as one address, 4 to 7 s. While ANNOUNCE_WAIT runs, each silent address also gets one ordinary request, since some
 * systems answer only neighbours. Never announces and never defends: it only asks. An address in conflict is left alone at
 * once: further probes would make the other side give way to us.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { EMPTY_SET, type RangeSet, rangeSetOfAddresses } from '../address/range-set.ts';
import { type Acd, type AcdConflict, type AcdConflictKind, type AcdResult, PHASE } from './acd-state.ts';
import { framesDue, nextDueMs, takeFrames } from './pacing.ts';
import { ANNOUNCE_WAIT_MS, PROBE_MAX_MS, PROBE_MIN_MS, PROBE_NUM } from './rfc5227.ts';
import { addressAt, positionOf } from './target-index.ts';
import { nextItem, nextTime, popTimer, pushTimer } from './timer-queue.ts';
import type { InvalidReason, ProbeOut, SweepStep, WireHealth } from './types.ts';

export {
  type Acd,
  type AcdConflict,
  type AcdConflictKind,
  type AcdOptions,
  type AcdResult,
  createAcd,
  MAX_ACD_TARGETS,
} from './acd-state.ts';

/** The ordinary request follows the last probe after 300 to 900 ms, so that its answer still falls into ANNOUNCE_WAIT. */
const ASK_AFTER_MS = 300;
const ASK_SPREAD_MS = 600;
/** Where the request left late, its answer is waited for beyond ANNOUNCE_WAIT. */
const ASK_PATIENCE_MS = 1_000;
/** Attempts for one frame that the link refuses; the pause between them grows by this. */
const MAX_SEND_ATTEMPTS = 5;
const REFUSED_PAUSE_MS = 20;
/** Kept for each address; further strangers change nothing about it. */
const MAX_CONFLICTS_PER_ADDRESS = 16;

/** What to do now; the frames of a `send` are of kind `probe` or `request`. Report them with `noteAcdSent`. */
export function nextAcdStep(acd: Acd, nowMs: number): SweepStep {
  if (acd.outstanding !== null) noteAcdSent(acd, acd.outstanding, 0, nowMs);
  const budget = framesDue(acd.pacer, nowMs);
  const probes: ProbeOut[] = [];
  for (;;) {
    dropOver(acd, nowMs);
    if (probes.length >= budget || (nextTime(acd.timers) ?? Number.POSITIVE_INFINITY) > nowMs) break;
    const position = popTimer(acd.timers);
    if (position === undefined) break;
    probes.push({ address: addressAt(acd.index, position), kind: acd.phases[position] === PHASE.asking ? 'request' : 'probe' });
  }
  if (probes.length > 0) {
    takeFrames(acd.pacer, probes.length, nowMs);
    acd.outstanding = probes;
    return { kind: 'send', probes };
  }
  const atMs = nextTime(acd.timers);
  if (atMs === undefined) return { kind: 'done' };
  return { kind: 'wait', untilMs: atMs > nowMs ? atMs : nextDueMs(acd.pacer, nowMs) };
}

/** The first `sentCount` left; the others are tried again a few times. Ignored unless `probes` is the newest step's list. */
export function noteAcdSent(acd: Acd, probes: readonly ProbeOut[], sentCount: number, nowMs: number): void {
  if (probes !== acd.outstanding) return;
  acd.outstanding = null;
  const left = probes.slice(0, Math.max(0, sentCount));
  const refused = probes.slice(left.length);
  acd.probesSent += left.length;
  acd.sendFailures += refused.length;
  for (const { address } of left) noteFrameSent(acd, positionOf(acd.index, address), nowMs);
  for (const { address } of refused) noteFrameRefused(acd, positionOf(acd.index, address), nowMs);
}

export interface AcdFrame {
  readonly kind: 'reply' | 'request' | 'announcement' | 'probe';
  readonly senderMac: Mac;
  readonly senderAddress: Ipv4;
  readonly targetAddress: Ipv4;
}

/**
 * Any ARP frame heard during the run, of whatever kind. A sender address of ours to check is a conflict whoever it was meant
 * for; so is a stranger's probe for one (both RFC 5227 section 2.1.1).
 */
export function noteAcdFrame(acd: Acd, frame: AcdFrame, _nowMs: number): void {
  if (frame.senderMac === acd.ourMac) return;
  if (frame.kind === 'probe') noteConflict(acd, frame.targetAddress, frame.senderMac, 'probed');
  else noteConflict(acd, frame.senderAddress, frame.senderMac, 'used');
}

/** The result as of `nowMs`; before `done` it is never valid. Whether a control answered is the caller's to judge. */
export function finishAcd(acd: Acd, health: WireHealth, nowMs: number): AcdResult {
  dropOver(acd, nowMs);
  const complete = acd.outstanding === null && nextTime(acd.timers) === undefined;
  const unsent = inPhase(acd, PHASE.unsent);
  const invalidReason = reasonOf(health, complete, unsent, acd.index.size);
  const conflicts = [...acd.conflicts].sort(([a], [b]) => a - b).flatMap(([, ofOne]) => ofOne);
  return {
    probesSent: acd.probesSent,
    sendFailures: acd.sendFailures,
    framesHeard: acd.framesHeard,
    kernelDrops: health.kernelDrops,
    conflicts,
    unsent,
    looked: invalidReason === null ? inPhase(acd, PHASE.quiet) : EMPTY_SET,
    valid: invalidReason === null,
    invalidReason,
  };
}

function reasonOf(health: WireHealth, complete: boolean, unsent: RangeSet, size: number): InvalidReason | null {
  if (health.fault !== null) return health.fault;
  if (health.kernelDrops > 0) return 'kernel-drops';
  if (!complete) return 'aborted';
  return unsent.length > 0 || size === 0 ? 'send-failed' : null;
}

function noteFrameSent(acd: Acd, position: number, nowMs: number): void {
  acd.refusals[position] = 0;
  const phase = acd.phases[position];
  if (phase === PHASE.asking) {
    acd.phases[position] = PHASE.listening;
    pushTimer(acd.timers, Math.max((acd.lastProbeMs[position] ?? 0) + ANNOUNCE_WAIT_MS, nowMs + ASK_PATIENCE_MS), position);
  }
  // Any other phase: a conflict was heard between the step and its report.
  if (phase !== PHASE.probing) return;
  const probes = (acd.probes[position] ?? 0) + 1;
  acd.probes[position] = probes;
  acd.lastProbeMs[position] = nowMs;
  if (probes === PROBE_NUM) acd.phases[position] = PHASE.asking;
  const [atLeastMs, spreadMs] =
    probes === PROBE_NUM ? [ASK_AFTER_MS, ASK_SPREAD_MS] : [PROBE_MIN_MS, PROBE_MAX_MS - PROBE_MIN_MS];
  pushTimer(acd.timers, nowMs + atLeastMs + acd.random() * spreadMs, position);
}

function noteFrameRefused(acd: Acd, position: number, nowMs: number): void {
  const phase = acd.phases[position];
  if (phase !== PHASE.probing && phase !== PHASE.asking) return;
  const refusals = (acd.refusals[position] ?? 0) + 1;
  acd.refusals[position] = refusals;
  if (refusals >= MAX_SEND_ATTEMPTS) acd.phases[position] = PHASE.unsent;
  else pushTimer(acd.timers, nowMs + refusals * REFUSED_PAUSE_MS, position);
}

/**
 * Takes timers off that are over and that nothing follows from. The timer of an address in conflict runs out like any other:
 * until then a second MAC can still be heard.
 */
function dropOver(acd: Acd, nowMs: number): void {
  for (;;) {
    const position = nextItem(acd.timers);
    if (position === undefined || (nextTime(acd.timers) ?? 0) > nowMs) return;
    const phase = acd.phases[position];
    if (phase === PHASE.probing || phase === PHASE.asking) return;
    if (phase === PHASE.listening) acd.phases[position] = PHASE.quiet;
    popTimer(acd.timers);
  }
}

function noteConflict(acd: Acd, address: Ipv4, mac: Mac, kind: AcdConflictKind): void {
  const position = positionOf(acd.index, address);
  if (position < 0) return;
  acd.framesHeard++;
  acd.phases[position] = PHASE.conflict;
  const known = acd.conflicts.get(position) ?? [];
  if (known.length >= MAX_CONFLICTS_PER_ADDRESS || known.some((conflict) => conflict.mac === mac && conflict.kind === kind))
    return;
  const conflict: AcdConflict = { address, mac, kind };
  acd.conflicts.set(position, [...known, conflict]);
}

function inPhase(acd: Acd, phase: number): RangeSet {
  const addresses: Ipv4[] = [];
  for (let position = 0; position < acd.index.size; position++) {
    if (acd.phases[position] === phase) addresses.push(addressAt(acd.index, position));
  }
  return rangeSetOfAddresses(addresses);
}
