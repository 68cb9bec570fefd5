/**
 * The verdict on every address of a segment, with the proof and all reasons. Free is what is left when everything holds and
 * nothing speaks against it: each test here is written so that what is missing, contradictory or not a number is not free.
 * Reads no clock and no ledger; the criteria have passed checkCriteria.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { RangeSet } from '../address/range-set.ts';
import { type CoverageSpan, coverageOf, type LookFigures } from './coverage.ts';
import type { Criteria } from './criteria.ts';
import type { InfrastructureAddress, Lease, SegmentFacts, SightingColumns } from './facts.ts';
import { partition } from './partition.ts';
import type { Proof, Reason, Use, VerdictKind, VerdictSpan } from './proof.ts';
import { EXCLUDED, ICMP_ONLY, INFRASTRUCTURE, NO_RECORDS, type ReasonWriter, reasonWriter } from './reasons.ts';
import { appendSpan } from './spans.ts';

export { checkCriteria } from './check-criteria.ts';

/** A use younger than this is now, whatever the looks since say: one unanswered probe does not end an occupancy. */
export const NOW_MS = 10 * 60_000;

/** How far before the newest look's stamp a use may lie and still be its answer: the two stamps come from different clocks' reads. */
export const LOOK_SLACK_MS = 1_000;

/** What the configuration and the network say of an address, besides sightings and leases. */
interface Standing {
  readonly infrastructure: readonly Reason[];
  readonly own: boolean;
  readonly reserved: readonly Reason[];
  readonly excluded: boolean;
}

/** When an address was last sighted, never after now; 0 for never. */
interface LastSighted {
  readonly useMs: number;
  readonly intentMs: number;
  readonly standInMs: number;
}

const NEVER_SIGHTED: LastSighted = { useMs: 0, intentMs: 0, standInMs: 0 };

interface Bench {
  readonly criteria: Criteria;
  readonly nowMs: number;
  readonly writer: ReasonWriter;
}

/** The looks at a piece of the range, and what they leave unmet. */
interface Looked {
  readonly figures: LookFigures;
  readonly unmet: readonly Reason[];
}

type Judgement = Pick<VerdictSpan, 'verdict' | 'proof'>;

/** A stamp from the future is now: somebody's clock is wrong, and quiet is not to be had from that. Likewise what is no number. */
const notAfter = (atMs: number, nowMs: number): number => (atMs <= 0 ? 0 : atMs <= nowMs ? atMs : nowMs);

/**
 * Quiet begins at the last sighting, and never before the first look: what was last heard before anybody looked has not been
 * found quiet since then.
 */
function proofOf({ figures }: Looked, { useMs, intentMs, standInMs }: LastSighted, nowMs: number): Proof {
  const seenMs = Math.max(useMs, intentMs, standInMs);
  const sinceMs = figures.firstLookMs === null ? null : Math.max(figures.firstLookMs, seenMs);
  return {
    sinceMs,
    quietForMs: sinceMs === null ? 0 : nowMs - sinceMs,
    looks: figures.looks,
    coverage: figures.coverage,
    longestGapMs: figures.longestGapMs,
    newestLookMs: figures.newestLookMs,
    lastSeenMs: seenMs === 0 ? null : seenMs,
    methods: figures.methods,
  };
}

function judgeOne(bench: Bench, looked: Looked, standing: Standing, lease: Lease | undefined, last: LastSighted): Judgement {
  const { criteria, nowMs, writer } = bench;
  const { figures, unmet } = looked;
  const within = (atMs: number): boolean => atMs > 0 && !(nowMs - atMs >= criteria.quietForMs);
  const used = within(last.useMs);
  const intended = within(last.intentMs);
  const standIn = within(last.standInMs);
  const lately = last.useMs > 0 && nowMs - last.useMs < Math.min(criteria.quietForMs, NOW_MS);
  const occupied =
    lately || (last.useMs > 0 && figures.newestLookMs !== null && last.useMs >= figures.newestLookMs - LOOK_SLACK_MS);

  const reasons: Reason[] = [...standing.infrastructure];
  if (occupied) reasons.push(writer.seenNow(nowMs - last.useMs, lately));
  if (lease !== undefined) reasons.push(writer.leaseRunning(lease));
  reasons.push(...standing.reserved);
  if (used && !occupied) reasons.push(writer.seenWithinWindow(nowMs - last.useMs));
  if (intended) reasons.push(writer.intentWithinWindow(nowMs - last.intentMs));
  if (standIn) reasons.push(writer.standInAnswers(nowMs - last.standInMs));
  if (standing.excluded) reasons.push(EXCLUDED);
  reasons.push(...unmet);

  const proof = proofOf(looked, last, nowMs);
  const proven = unmet.length === 0 && proof.quietForMs >= criteria.quietForMs;
  const silent = !used && !occupied && !intended && !standIn;
  const kind = ((): VerdictKind => {
    if (standing.infrastructure.length > 0) return 'reserved';
    if (occupied) return 'occupied';
    if (lease !== undefined) return 'leased';
    if (standing.reserved.length > 0) return 'reserved';
    if (used || intended) return 'recently-used';
    return proven && silent && !standing.excluded ? 'free' : 'unproven';
  })();
  const use = ((): Use => {
    if (used || occupied || standing.own) return 'used';
    return proven && silent && !standing.excluded && lease === undefined ? 'unused' : 'unknown';
  })();
  if (kind === 'free') reasons.push(writer.provenFree(figures, proof.quietForMs));
  const icmpOnly = figures.methods.length === 1 && figures.methods[0] === 'icmp';
  if (icmpOnly && (kind === 'free' || kind === 'unproven')) reasons.push(ICMP_ONLY);
  return { verdict: { kind, use, reasons }, proof };
}

interface StandingSpan {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly standing: Standing;
}

/** What the configuration and the network say, piece by piece of the range. */
function standings({ range, infrastructure, reserved, excluded }: SegmentFacts): readonly StandingSpan[] {
  const roles: readonly InfrastructureAddress['role'][] = ['network', 'broadcast', 'gateway', 'own'];
  const marks: { readonly ranges: RangeSet; readonly kind: 'role' | 'reserved' | 'excluded'; readonly reason: Reason }[] = [
    ...roles.map((role) => ({
      ranges: infrastructure.filter((one) => one.role === role).map(({ address }) => ({ first: address, last: address })),
      kind: 'role' as const,
      reason: INFRASTRUCTURE[role],
    })),
    ...reserved.map((one) => ({
      ranges: [one],
      kind: 'reserved' as const,
      reason: { code: 'reserved' as const, text: one.reason },
    })),
    { ranges: excluded, kind: 'excluded', reason: EXCLUDED },
  ];
  const pieces = partition(
    range,
    marks.map(({ ranges }) => ranges),
  );
  return pieces.map(({ first, last, members }) => {
    const present = members.flatMap((index) => marks[index] ?? []);
    const reasonsOf = (kind: 'role' | 'reserved'): readonly Reason[] =>
      present.filter((mark) => mark.kind === kind).map((mark) => mark.reason);
    const infrastructureReasons = reasonsOf('role');
    const standing: Standing = {
      infrastructure: infrastructureReasons,
      own: infrastructureReasons.includes(INFRASTRUCTURE.own),
      reserved: reasonsOf('reserved'),
      excluded: present.some((mark) => mark.kind === 'excluded'),
    };
    return { first, last, standing };
  });
}

/** The lease of each address that runs longest; an end that is not a number has not come. */
function runningLeases(leases: readonly Lease[], nowMs: number): ReadonlyMap<number, Lease> {
  const running = new Map<number, Lease>();
  for (const lease of leases) {
    if (lease.endsMs <= nowMs) continue;
    const known = running.get(lease.address);
    if (known === undefined || lease.endsMs > known.endsMs) running.set(lease.address, lease);
  }
  return running;
}

/** Reads the columns; null for an address that they have no row for. */
function lastSighted(columns: SightingColumns, nowMs: number): (address: number) => LastSighted | null {
  const { first, lastUseMs, lastIntentMs, lastStandInMs } = columns;
  const length = Math.min(columns.length, lastUseMs.length, lastIntentMs.length, lastStandInMs.length);
  return (address) => {
    const row = address - first;
    if (row < 0 || row >= length) return null;
    const useMs = lastUseMs[row] ?? 0;
    const intentMs = lastIntentMs[row] ?? 0;
    const standInMs = lastStandInMs[row] ?? 0;
    if (useMs === 0 && intentMs === 0 && standInMs === 0) return NEVER_SIGHTED;
    return { useMs: notAfter(useMs, nowMs), intentMs: notAfter(intentMs, nowMs), standInMs: notAfter(standInMs, nowMs) };
  };
}

interface Stretch {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly figures: LookFigures;
  readonly standing: Standing;
}

/** Both lists cover the same range: cut at the borders of either. */
function* overlay(covered: readonly CoverageSpan[], marked: readonly StandingSpan[]): Generator<Stretch> {
  for (let i = 0, j = 0; ; ) {
    const looks = covered[i];
    const marks = marked[j];
    if (looks === undefined || marks === undefined) return;
    const first = Math.max(looks.first, marks.first) as Ipv4;
    const last = Math.min(looks.last, marks.last) as Ipv4;
    yield { first, last, figures: looks.figures, standing: marks.standing };
    if (looks.last === last) i++;
    if (marks.last === last) j++;
  }
}

/**
 * Judges every address of `facts.range` once, ascending; neighbours with the same verdict and proof are one span. Nothing that is
 * unknown becomes free. Costs a few ms for a /16.
 */
export function judge(facts: SegmentFacts, criteria: Criteria, nowMs: number): readonly VerdictSpan[] {
  const window = { startMs: nowMs - criteria.quietForMs, nowMs, maxGapMs: criteria.maxGapMs };
  const bench: Bench = { criteria, nowMs, writer: reasonWriter(criteria, nowMs) };
  const leases = runningLeases(facts.leases, nowMs);
  const sightedAt = lastSighted(facts.sightings, nowMs);
  const covered = coverageOf(facts.range, facts.runs, facts.firstLooks, window);
  const unmetOf = new Map(covered.map(({ figures }) => figures).map((figures) => [figures, bench.writer.unmet(figures)]));
  const spans: VerdictSpan[] = [];
  for (const { first, last, figures, standing } of overlay(covered, standings(facts))) {
    const unmet = unmetOf.get(figures) ?? bench.writer.unmet(figures);
    const looked: Looked = { figures, unmet };
    const unrecorded: Looked = { figures, unmet: [NO_RECORDS, ...unmet] };
    const silence = judgeOne(bench, looked, standing, undefined, NEVER_SIGHTED);
    let silentFrom: number = first;
    const flush = (before: number): void => {
      if (silentFrom < before) appendSpan(spans, { first: silentFrom as Ipv4, last: (before - 1) as Ipv4, ...silence });
    };
    for (let address: number = first; address <= last; address++) {
      const sighted = sightedAt(address);
      const lease = leases.size === 0 ? undefined : leases.get(address);
      if (sighted === NEVER_SIGHTED && lease === undefined) continue;
      flush(address);
      const judged = judgeOne(bench, sighted === null ? unrecorded : looked, standing, lease, sighted ?? NEVER_SIGHTED);
      appendSpan(spans, { first: address as Ipv4, last: address as Ipv4, ...judged });
      silentFrom = address + 1;
    }
    flush(last + 1);
  }
  return spans;
}
