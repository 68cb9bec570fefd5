/**
 * What a number of runs of looks at one address prove about one window, as bounds that hold wherever within its run each look
 * really was: never more looks or coverage, never a shorter gap than the truth. Pure arithmetic; knows no addresses.
 *
 * A run says: k looks, the first at s, the last at u, no two neighbours further apart than L. Let the window be [w, now], a look
 * vouch for g after it, W = now - w.
 *
 * Looks. A run within the window: k. One that began before it: with m looks in [w, u] the look before them lies before w, so
 * u - w < m * L, and m >= floor((u - w) / L) + 1.
 *
 * Longest gap. s and u are known moments of looks. A time without a look contains none of them, so it lies between two
 * neighbouring known moments (or window ends), and is no longer than that distance; nor than L of any run that spans them.
 *
 * Coverage, a run with L <= g: each look's [t, t + g] reaches the next look, so exactly [s, u + g] is covered.
 *
 * Coverage, a run with L > g ("loose"): [s, s + g] and [u, u + g] are certain. For the rest: in any stretch of length x inside
 * [s, u] at least
 *     F(x) = q * g + max(0, r - (L - g))   with q = floor(x / L), r = x - q * L
 * is covered: the least that a pattern of period L with g covered per period holds in a stretch of length x. Proof: a stretch
 * without a look lies x <= L long within one gap d <= L, of which all but d - g is covered. Otherwise cut the stretch at its looks.
 * Its first part, of length y, holds at least F(y) by the same count; every further part of length d <= L begins at a look and
 * holds min(d, g). And F(y + d) <= F(y) + min(d, g), because no stretch of length d <= L of the pattern holds more than min(d, g):
 * so the sum never falls below F. (The concavity argument: min(d, g) is concave in d, so few long gaps are the worst case, and the
 * share g / L of a whole run always remains.)
 *
 * Several runs. The certain intervals are united first. What they leave is cut into disjoint pieces, each given to one loose run
 * that spans it (the one with the smallest L), and each piece adds its F. Disjoint pieces, each a lower bound: so is the sum.
 */
import type { LookMethod, LookRun } from './look.ts';

/** What simply adds up over runs. */
export interface LookCount {
  /** Looks in the window, at least. */
  readonly looks: number;
  /** The newest look, in the window or before it; null for none. */
  readonly newestLookMs: number | null;
  /** Methods of the looks in the window, in the order of LookMethod. */
  readonly methods: readonly LookMethod[];
}

/** What depends on how the runs lie to each other. */
export interface LookedTime {
  /** 0 .. 1, at least. */
  readonly coverage: number;
  /** Longest time in the window without a look, at most; its ends count. */
  readonly longestGapMs: number;
}

export interface Window {
  readonly startMs: number;
  /** Later than `startMs`. */
  readonly nowMs: number;
  /** How long a look vouches: more than 0. */
  readonly maxGapMs: number;
}

/** F of the header: covered time in any stretch of length `x` within a loose run. */
const leastCovered = (x: number, gap: number, longestGap: number): number => {
  const periods = Math.floor(x / longestGap);
  return periods * gap + Math.max(0, x - periods * longestGap - (longestGap - gap));
};

/** Looks of a believed run that are certainly in [startMs, now]. */
function looksSince(run: LookRun, startMs: number): number {
  if (run.sinceMs >= startMs) return run.looks;
  if (run.untilMs < startMs) return 0;
  return Math.floor((run.untilMs - startMs) / run.longestGapMs) + 1;
}

type Edge =
  | { readonly atMs: number; readonly kind: 'certain'; readonly step: 1 | -1; readonly gapMs: 0 }
  /** A known moment of a look where a run starts or ends; it spans up to there with gaps of at most `gapMs`. */
  | { readonly atMs: number; readonly kind: 'run'; readonly step: 1 | -1; readonly gapMs: number };

/** The edges of everything known, clipped to the window's start; none lies after now but ends of certain intervals. */
function edgesOf(runs: readonly LookRun[], { startMs, maxGapMs }: Window): Edge[] {
  const edges: Edge[] = [];
  const certain = (fromMs: number, untilMs: number): void => {
    if (untilMs <= startMs) return;
    edges.push({ atMs: Math.max(fromMs, startMs), kind: 'certain', step: 1, gapMs: 0 });
    edges.push({ atMs: untilMs, kind: 'certain', step: -1, gapMs: 0 });
  };
  for (const { sinceMs, untilMs, longestGapMs } of runs) {
    if (longestGapMs <= maxGapMs) {
      certain(sinceMs, untilMs + maxGapMs);
    } else {
      certain(sinceMs, sinceMs + maxGapMs);
      certain(untilMs, untilMs + maxGapMs);
    }
    if (untilMs >= startMs) {
      edges.push({ atMs: Math.max(sinceMs, startMs), kind: 'run', step: 1, gapMs: longestGapMs });
      edges.push({ atMs: untilMs, kind: 'run', step: -1, gapMs: longestGapMs });
    }
  }
  return edges.sort((a, b) => a.atMs - b.atMs);
}

/** One pass over the window: time goes from edge to edge, and between two edges nothing known changes. */
function sweepWindow(edges: readonly Edge[], { startMs, nowMs, maxGapMs }: Window): { coveredMs: number; longestGapMs: number } {
  /** L of each run that spans the present moment; few, as runs of one address hardly overlap. */
  const spanning: number[] = [];
  let smallest = Number.POSITIVE_INFINITY;
  let certain = 0;
  let coveredMs = 0;
  let longestGapMs = 0;
  let atMs = startMs;
  let lastMomentMs = startMs;
  /** The open piece of uncertain time, and the L of the run that it is given to. */
  let pieceMs = 0;
  let pieceGap = 0;
  const closePiece = (): void => {
    if (pieceMs > 0) coveredMs += leastCovered(pieceMs, maxGapMs, pieceGap);
    pieceMs = 0;
  };
  const advance = (toMs: number): void => {
    const passed = Math.min(toMs, nowMs) - atMs;
    if (passed <= 0) return;
    const loose = smallest > maxGapMs && smallest !== Number.POSITIVE_INFINITY;
    if (certain > 0 || !loose) closePiece();
    if (certain > 0) {
      coveredMs += passed;
    } else if (loose) {
      if (pieceGap !== smallest) closePiece();
      pieceGap = smallest;
      pieceMs += passed;
    }
    atMs += passed;
  };
  const noteMoment = (): void => {
    longestGapMs = Math.max(longestGapMs, Math.min(atMs - lastMomentMs, smallest));
    lastMomentMs = atMs;
  };
  for (const edge of edges) {
    advance(edge.atMs);
    if (edge.kind === 'certain') {
      certain += edge.step;
      continue;
    }
    noteMoment();
    if (edge.step === 1) spanning.push(edge.gapMs);
    else spanning.splice(spanning.indexOf(edge.gapMs), 1);
    smallest = Number.POSITIVE_INFINITY;
    for (const gap of spanning) if (gap < smallest) smallest = gap;
  }
  advance(nowMs);
  closePiece();
  noteMoment();
  return { coveredMs, longestGapMs };
}

const inOrder = (methods: ReadonlySet<LookMethod>): readonly LookMethod[] =>
  (['arp', 'icmp'] as const).filter((method) => methods.has(method));

/** @param runs believed runs (believable-run.ts) of one address, in any order. */
export function countLooks(runs: readonly LookRun[], { startMs }: Window): LookCount {
  let looks = 0;
  let newestLookMs: number | null = null;
  const methods = new Set<LookMethod>();
  for (const run of runs) {
    const inWindow = looksSince(run, startMs);
    if (inWindow > 0) methods.add(run.method);
    looks += inWindow;
    if (newestLookMs === null || run.untilMs > newestLookMs) newestLookMs = run.untilMs;
  }
  return { looks, newestLookMs, methods: inOrder(methods) };
}

/** The count of all the runs that were counted apart. */
export function addCounts(counts: readonly LookCount[]): LookCount {
  let looks = 0;
  let newestLookMs: number | null = null;
  for (const one of counts) {
    looks += one.looks;
    if (newestLookMs === null || (one.newestLookMs ?? newestLookMs) > newestLookMs) newestLookMs = one.newestLookMs;
  }
  return { looks, newestLookMs, methods: inOrder(new Set(counts.flatMap(({ methods }) => methods))) };
}

/** @param runs believed runs (believable-run.ts) of one address, in any order. */
export function lookedTime(runs: readonly LookRun[], window: Window): LookedTime {
  const { coveredMs, longestGapMs } = sweepWindow(edgesOf(runs, window), window);
  return { coverage: Math.min(1, coveredMs / (window.nowMs - window.startMs)), longestGapMs };
}
