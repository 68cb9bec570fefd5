/**
 * The probing of RFC 5227 section 2.1.1 for a whole range at once: every address has its own timers, so the range takes as
 * long as one address, 4 to 7 s. While ANNOUNCE_WAIT runs, each silent address also gets one ordinary request, since some
 * systems answer only neighbours. Never announces and never defends: it only asks. An address that somebody uses is left alone
 * at once. One that somebody else probes for is probed on: only at the end is it known who wants it and who just scans.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { EMPTY_SET, type RangeSet, rangeSetOfAddresses, subtract } from '../address/range-set.ts';
import { type Acd, type AcdConflict, type AcdConflictKind, type AcdResult, PHASE } from './acd-state.ts';
import { framesDue, nextDueMs, takeFrames } from './pacing.ts';
import { noteProbe, scannersAmong, wantedBy } from './probers.ts';
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
/** Kept for each address; further ones change nothing about it. */
const MAX_USERS_PER_ADDRESS = 16;

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
  /** A reply sent to our own MAC. */
  readonly answersUs: boolean;
}

/**
 * Any ARP frame heard during the run, of whatever kind and for whatever address. A sender address of ours to check is a
 * conflict whoever it was meant for; so is a stranger's probe for one (both RFC 5227 section 2.1.1), unless it scans.
 */
export function noteAcdFrame(acd: Acd, frame: AcdFrame, _nowMs: number): void {
  if (frame.senderMac === acd.ourMac) return;
  const probe = frame.kind === 'probe';
  const address = probe ? frame.targetAddress : frame.senderAddress;
  const position = positionOf(acd.index, address);
  if (position >= 0) acd.framesHeard++;
  if (position >= 0 && frame.answersUs) acd.answeredUs.add(position);
  if (probe) noteProbe(acd.probers, frame.senderMac, address, position);
  else if (position >= 0) noteUser(acd, position, frame.senderMac);
}

/** The result as of `nowMs`; before `done` it is never valid. Whether a control answered is the caller's to judge. */
export function finishAcd(acd: Acd, health: WireHealth, nowMs: number): AcdResult {
  dropOver(acd, nowMs);
  const complete = acd.outstanding === null && nextTime(acd.timers) === undefined;
  const unsent = inPhase(acd, PHASE.unsent);
  const invalidReason = reasonOf(health, complete, unsent, acd.index.size);
  const conflicts = conflictsOf(acd);
  return {
    probesSent: acd.probesSent,
    sendFailures: acd.sendFailures,
    framesHeard: acd.framesHeard,
    kernelDrops: health.kernelDrops,
    conflicts,
    answeredUs: [...acd.answeredUs].sort((a, b) => a - b).map((position) => addressAt(acd.index, position)),
    scanners: scannersAmong(acd.probers),
    unsent,
    looked: invalidReason === null ? lookedOf(acd, conflicts) : EMPTY_SET,
    valid: invalidReason === null,
    invalidReason,
  };
}

function reasonOf(health: WireHealth, complete: boolean, unsent: RangeSet, size: number): InvalidReason | null {
  if (health.fault !== null) return health.fault;
  if (health.kernelDrops > 0) return 'kernel-drops';
  if (!complete) return 'aborted';
  if (size === 0) return 'no-targets';
  return unsent.length > 0 ? 'send-failed' : null;
}

function noteFrameSent(acd: Acd, position: number, nowMs: number): void {
  acd.refusals[position] = 0;
  const phase = acd.phases[position];
  if (phase === PHASE.asking) {
    acd.phases[position] = PHASE.listening;
    pushTimer(acd.timers, Math.max((acd.lastProbeMs[position] ?? 0) + ANNOUNCE_WAIT_MS, nowMs + ASK_PATIENCE_MS), position);
  }
  // Any other phase: its user was heard between the step and its report.
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
 * Takes timers off that are over and that nothing follows from. The timer of an address in use runs out like any other:
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

function noteUser(acd: Acd, position: number, mac: Mac): void {
  acd.phases[position] = PHASE.used;
  const known = acd.users.get(position) ?? [];
  if (known.length < MAX_USERS_PER_ADDRESS && !known.includes(mac)) acd.users.set(position, [...known, mac]);
}

function conflictsOf({ index, users, probers }: Acd): readonly AcdConflict[] {
  const at = (position: number, mac: Mac, kind: AcdConflictKind): AcdConflict => ({
    address: addressAt(index, position),
    mac,
    kind,
  });
  const positions = [...new Set([...users.keys(), ...probers.byPosition.keys()])].sort((a, b) => a - b);
  return positions.flatMap((position) => [
    ...(users.get(position) ?? []).map((mac) => at(position, mac, 'used')),
    ...wantedBy(probers, position).map((mac) => at(position, mac, 'probed')),
  ]);
}

/** Quiet, and nobody else wants it. */
function lookedOf(acd: Acd, conflicts: readonly AcdConflict[]): RangeSet {
  return subtract(inPhase(acd, PHASE.quiet), rangeSetOfAddresses(conflicts.map(({ address }) => address)));
}

function inPhase(acd: Acd, phase: number): RangeSet {
  const addresses: Ipv4[] = [];
  for (let position = 0; position < acd.index.size; position++) {
    if (acd.phases[position] === phase) addresses.push(addressAt(acd.index, position));
  }
  return rangeSetOfAddresses(addresses);
}
