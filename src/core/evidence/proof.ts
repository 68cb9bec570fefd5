/**
 * A proof: for an address or a range and a window, what was looked at, for how long, and when anything was last seen.
 * And the verdict that follows from it, with its reasons. Types only; verdict.ts makes them.
 */
import type { Ipv4Range } from '../address/range.ts';
import type { LookMethod } from './look.ts';

export interface Proof {
  /** Start of the quiet time: the last sighting or the first look, whichever is later; null if never looked at. */
  readonly sinceMs: number | null;
  /** now - since; 0 where since is null. */
  readonly quietForMs: number;
  /** Looks in the window W; a lower bound where a folded run reaches over the window's start. */
  readonly looks: number;
  /** 0 .. 1: the share of W that lies within maxGap after a look; a lower bound likewise. */
  readonly coverage: number;
  /** The longest time in W without a look, its ends included; W itself if there was none. */
  readonly longestGapMs: number;
  readonly newestLookMs: number | null;
  /** The last sighting ever, of any kind. */
  readonly lastSeenMs: number | null;
  /** Every method that the looks in the window rest on. `['icmp']` alone is a weaker kind of proof. */
  readonly methods: readonly LookMethod[];
}

/** Exactly three-valued at heart: every verdict is one of these three, and only `unused` can become free. */
export type Use = 'used' | 'unused' | 'unknown';

export type VerdictKind = 'occupied' | 'recently-used' | 'leased' | 'reserved' | 'unproven' | 'free';

export type ReasonCode =
  | 'seen-now'
  | 'seen-within-window'
  | 'intent-within-window'
  | 'lease-running'
  | 'reserved'
  | 'network-address'
  | 'broadcast-address'
  | 'gateway'
  | 'own-address'
  | 'node-address'
  | 'excluded'
  | 'stand-in-answers'
  | 'never-looked'
  | 'not-quiet-long-enough'
  | 'too-few-looks'
  | 'coverage-too-low'
  | 'newest-look-too-old'
  | 'icmp-only'
  | 'proven-free';

export interface Reason {
  readonly code: ReasonCode;
  /** One sentence for people, figures included. */
  readonly text: string;
}

export interface Verdict {
  readonly kind: VerdictKind;
  readonly use: Use;
  /** All that speaks for this verdict, the weightiest first; never empty. */
  readonly reasons: readonly Reason[];
}

/** Neighbouring addresses that share verdict and proof. */
export interface VerdictSpan extends Ipv4Range {
  readonly verdict: Verdict;
  readonly proof: Proof;
}
