/**
 * The contract between a sweep's plan, the machine that runs it (sweep.ts), and whoever owns the wire and the clock.
 * The machine sends nothing and reads no clock: it says what to send next, and is told what happened.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { RangeSet } from '../address/range-set.ts';
import type { LookMethod } from '../evidence/look.ts';

/** Probes a second, evenly spaced; or as fast as the link takes them. */
export type Rate = number | 'max';

/** `probe`: RFC 5227, sender 0.0.0.0. `request`: an ordinary one with our own true address. `echo`: ICMP. */
export type ProbeKind = 'probe' | 'request' | 'echo';

export interface SweepPlan {
  readonly method: LookMethod;
  /** What to probe: network, broadcast, own and excluded addresses are already out. At most 65,536. */
  readonly targets: RangeSet;
  /** Addresses of `targets` seen lately: they earn retries when they do not answer. */
  readonly recent: ReadonlySet<Ipv4>;
  /** Addresses of `targets` known to be alive: the positive control. */
  readonly controls: ReadonlySet<Ipv4>;
  readonly rate: Rate;
  /**
   * How long each try at a recent address is waited for, in ms: after [300, 700, 900] from the first probe on, silence is
   * followed by a retry, a retry, and giving up. Empty for no retries.
   */
  readonly retryPatienceMs: readonly number[];
  /** Whether silent candidates get one ordinary request with our own address at the end. */
  readonly askSilent: boolean;
  /** Wait after the last frame left, in ms. */
  readonly settleMs: number;
}

export interface ProbeOut {
  readonly address: Ipv4;
  readonly kind: ProbeKind;
}

export type SweepStep =
  /** Send these now, in order, then report with `noteSent`. */
  | { readonly kind: 'send'; readonly probes: readonly ProbeOut[] }
  /** Nothing to send before this time (same clock as `now`, ms); frames may arrive meanwhile. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'done' };

/** Why a sweep proves nothing. Stable names; the ledger stores them. */
export type InvalidReason =
  | 'interface-gone'
  | 'link-down'
  | 'address-lost'
  | 'send-failed'
  | 'receive-failed'
  | 'kernel-drops'
  | 'control-silent'
  /** There was no address to ask. */
  | 'no-targets'
  | 'icmp-unavailable'
  | 'aborted';

/** What the owner of the wire saw happen to it during the sweep. */
export interface WireHealth {
  /** Frames that the kernel dropped before we read them. */
  readonly kernelDrops: number;
  /** The first thing that went wrong with the wire, if any. */
  readonly fault: Exclude<InvalidReason, 'kernel-drops' | 'control-silent' | 'no-targets'> | null;
}

export interface StandInSeen {
  readonly mac: Mac;
  readonly addresses: number;
}

export interface SweepResult {
  readonly method: LookMethod;
  readonly probesPlanned: number;
  /** Frames that really left. A send that failed is not a probe. */
  readonly probesSent: number;
  readonly sendFailures: number;
  /** Answers heard, repeats included. */
  readonly repliesReceived: number;
  /** Distinct addresses that answered. */
  readonly answered: number;
  readonly kernelDrops: number;
  readonly controls: { readonly asked: number; readonly answered: number };
  readonly valid: boolean;
  readonly invalidReason: InvalidReason | null;
  /** Addresses with at least one probe really sent and its patience waited out. Empty where the sweep is not valid. */
  readonly looked: RangeSet;
  readonly standIns: readonly StandInSeen[];
}
