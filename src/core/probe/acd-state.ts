/**
 * What a running RFC 5227 run knows of each address, and who was heard. Makes it; decides nothing about when to send.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { RangeSet } from '../address/range-set.ts';
import { createPacer, type Pacer } from './pacing.ts';
import { MAX_CONTROLS } from './plan.ts';
import { createProbers, type Probers } from './probers.ts';
import { PROBE_WAIT_MS } from './rfc5227.ts';
import { indexTargets, type TargetIndex } from './target-index.ts';
import { createTimerQueue, pushTimer, type TimerQueue } from './timer-queue.ts';
import type { InvalidReason, ProbeOut, Rate } from './types.ts';

/** A /20, and the controls that are asked with it. */
export const MAX_ACD_TARGETS = 4_096 + MAX_CONTROLS;
/** Frames a second at most. The random delays alone spread a /20 over about 4,000 a second. */
const DEFAULT_RATE = 5_000;

export interface AcdOptions {
  readonly targets: RangeSet;
  /** An access point may echo our own broadcast back (RFC 5227 section 2.1.1): frames of this sender are ours. */
  readonly ourMac: Mac;
  /** In [0, 1). */
  readonly random: () => number;
  readonly nowMs: number;
  /** The first probes are spread over this time; default PROBE_WAIT. A longer one is gentler and takes longer. */
  readonly spreadMs?: number;
  /** Never more frames a second than this; a rate too low for the range makes the run longer. */
  readonly maxRate?: Rate;
}

/** `used`: somebody sent ARP with it as sender. `probed`: somebody else is probing for it, to use it. */
export type AcdConflictKind = 'used' | 'probed';

export interface AcdConflict {
  readonly address: Ipv4;
  readonly mac: Mac;
  readonly kind: AcdConflictKind;
}

export interface AcdResult {
  readonly probesSent: number;
  readonly sendFailures: number;
  /** ARP frames of others that use or want one of the addresses, repeats included. */
  readonly framesHeard: number;
  readonly kernelDrops: number;
  /** Ascending by address, each (address, MAC, kind) once; kept whether or not the run is valid. Without probes of scanners. */
  readonly conflicts: readonly AcdConflict[];
  /** Who answered a question of ours: the only sign that our frames arrive. Ascending. */
  readonly answeredUs: readonly Ipv4[];
  /** Who probed for so many addresses that it wants none of them: another Freehold, say. */
  readonly scanners: readonly Mac[];
  /** Addresses for which a frame of the sequence did not leave. */
  readonly unsent: RangeSet;
  /** Addresses that ran through the whole sequence, and nobody was heard. Empty where the run is not valid. */
  readonly looked: RangeSet;
  readonly valid: boolean;
  readonly invalidReason: InvalidReason | null;
}

/** One byte for each address: how far it is. The order is that of the sequence. */
export const PHASE = {
  probing: 0,
  /** All probes left; the ordinary request did not yet. */
  asking: 1,
  /** Everything left; waiting for the last answers. */
  listening: 2,
  quiet: 3,
  /** Somebody uses it: it is left alone. */
  used: 4,
  unsent: 5,
} as const;

/** Transient and mutable: owned by one driver, thrown away after `finishAcd`. Its fields are nobody else's business. */
export interface Acd {
  readonly index: TargetIndex;
  readonly ourMac: Mac;
  readonly random: () => number;
  readonly pacer: Pacer;
  /** One value of PHASE for each position. */
  readonly phases: Uint8Array;
  readonly probes: Uint8Array;
  readonly lastProbeMs: Float64Array;
  readonly refusals: Uint8Array;
  /** At most one timer for each position. */
  readonly timers: TimerQueue;
  /** Who uses an address, by position; bounded for each. */
  readonly users: Map<number, readonly Mac[]>;
  /** Who probes for it. */
  readonly probers: Probers;
  /** Positions that a reply to us was heard from. */
  readonly answeredUs: Set<number>;
  outstanding: readonly ProbeOut[] | null;
  probesSent: number;
  sendFailures: number;
  framesHeard: number;
}

/** Throws RangeError above MAX_ACD_TARGETS addresses. */
export function createAcd({ targets, ourMac, random, nowMs, spreadMs = PROBE_WAIT_MS, maxRate = DEFAULT_RATE }: AcdOptions): Acd {
  const index = indexTargets(targets, MAX_ACD_TARGETS);
  const timers = createTimerQueue();
  for (let position = 0; position < index.size; position++) pushTimer(timers, nowMs + random() * spreadMs, position);
  return {
    index,
    ourMac,
    random,
    pacer: createPacer(maxRate, nowMs, random),
    phases: new Uint8Array(index.size).fill(PHASE.probing),
    probes: new Uint8Array(index.size),
    lastProbeMs: new Float64Array(index.size),
    refusals: new Uint8Array(index.size),
    timers,
    users: new Map(),
    probers: createProbers(),
    answeredUs: new Set(),
    outstanding: null,
    probesSent: 0,
    sendFailures: 0,
    framesHeard: 0,
  };
}
