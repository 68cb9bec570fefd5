/**
 * The verdict on every address of a segment, with the proof and all reasons. Free is what is left when everything holds and
 * nothing speaks against it: each test here is written so that what is missing, contradictory or not a number is not free.
 * Reads no clock and no ledger; the criteria have passed checkCriteria.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { RangeSet } from '../address/range-set.ts';
import { type CoverageSpan, coverageOf, type LookFigures } from './coverage.ts';
import type { Criteria } from './criteria.ts';
import type { InfrastructureAddress, Lease, SegmentFacts } from './facts.ts';
import { partition } from './partition.ts';
import type { Proof, Reason, Use, Verdict, VerdictKind, VerdictSpan } from './proof.ts';
import { EXCLUDED, ICMP_ONLY, INFRASTRUCTURE, NO_RECORDS, nodeAddress, type ReasonWriter, reasonWriter } from './reasons.ts';
import { proofSharing, verdictSharing } from './sharing.ts';
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

interface Bench {
  readonly criteria: Criteria;
  readonly nowMs: number;
  readonly writer: ReasonWriter;
  readonly shared: ReturnType<typeof verdictSharing>;
}

/** The looks at a piece of the range, and what they leave unmet. */
interface Looked {
  readonly figures: LookFigures;
  readonly unmet: readonly Reason[];
}

/** A stamp from the future is now: somebody's clock is wrong, and quiet is not to be had from that. Likewise what is no number. */
const notAfter = (atMs: number, nowMs: number): number => (atMs <= 0 ? 0 : atMs <= nowMs ? atMs : nowMs);

/**
 * Quiet begins at the last sighting, and never before the first look: what was last heard before anybody looked has not been
 * found quiet since then.
 */
function proofOf(figures: LookFigures, seenMs: number, nowMs: number): Proof {
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

/** @param useMs, intentMs, standInMs when it was last sighted, never after now; 0 for never */
function verdictOn(
  { criteria, nowMs, writer, shared }: Bench,
  { figures, unmet }: Looked,
  standing: Standing,
  lease: Lease | undefined,
  quietForMs: number,
  useMs: number,
  intentMs: number,
  standInMs: number,
): Verdict {
  const within = (atMs: number): boolean => atMs > 0 && !(nowMs - atMs >= criteria.quietForMs);
  const used = within(useMs);
  const intended = within(intentMs);
  const standIn = within(standInMs);
  const lately = useMs > 0 && nowMs - useMs < Math.min(criteria.quietForMs, NOW_MS);
  const occupied = lately || (useMs > 0 && figures.newestLookMs !== null && useMs >= figures.newestLookMs - LOOK_SLACK_MS);

  const reasons: Reason[] = [];
  for (const reason of standing.infrastructure) reasons.push(reason);
  if (occupied) reasons.push(writer.seenNow(nowMs - useMs, lately));
  if (lease !== undefined) reasons.push(writer.leaseRunning(lease));
  for (const reason of standing.reserved) reasons.push(reason);
  if (used && !occupied) reasons.push(writer.seenWithinWindow(nowMs - useMs));
  if (intended) reasons.push(writer.intentWithinWindow(nowMs - intentMs));
  if (standIn) reasons.push(writer.standInAnswers(nowMs - standInMs));
  if (standing.excluded) reasons.push(EXCLUDED);
  for (const reason of unmet) reasons.push(reason);

  const proven = unmet.length === 0 && quietForMs >= criteria.quietForMs;
  const silent = proven && !used && !occupied && !intended && !standIn && !standing.excluded;
  let kind: VerdictKind;
  if (standing.infrastructure.length > 0) kind = 'reserved';
  else if (occupied) kind = 'occupied';
  else if (lease !== undefined) kind = 'leased';
  else if (standing.reserved.length > 0) kind = 'reserved';
  else if (used || intended) kind = 'recently-used';
  else kind = silent ? 'free' : 'unproven';

  let use: Use = silent && lease === undefined ? 'unused' : 'unknown';
  if (used || occupied || standing.own) use = 'used';

  if (kind === 'free') reasons.push(writer.provenFree(figures, quietForMs));
  const icmpOnly = figures.methods.length === 1 && figures.methods[0] === 'icmp';
  if (icmpOnly && (kind === 'free' || kind === 'unproven')) reasons.push(ICMP_ONLY);
  return shared(kind, use, reasons);
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
    ...infrastructure
      .filter(({ role }) => role === 'node')
      .map(({ address, name }) => ({
        ranges: [{ first: address, last: address }],
        kind: 'role' as const,
        reason: name === undefined ? INFRASTRUCTURE.node : nodeAddress(name),
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
  const bench: Bench = { criteria, nowMs, writer: reasonWriter(criteria, nowMs), shared: verdictSharing() };
  const proofFor = proofSharing((figures, seenMs) => proofOf(figures, seenMs, nowMs));
  const leases = runningLeases(facts.leases, nowMs);
  const { first: firstRow, lastUseMs, lastIntentMs, lastStandInMs } = facts.sightings;
  const rows = Math.min(facts.sightings.length, lastUseMs.length, lastIntentMs.length, lastStandInMs.length);
  const covered = coverageOf(facts.range, facts.runs, facts.firstLooks, window);
  const unmetOf = new Map(covered.map(({ figures }) => figures).map((figures) => [figures, bench.writer.unmet(figures)]));
  const spans: VerdictSpan[] = [];
  for (const { first, last, figures, standing } of overlay(covered, standings(facts))) {
    const looked: Looked = { figures, unmet: unmetOf.get(figures) ?? [] };
    const unrecorded: Looked = { figures, unmet: [NO_RECORDS, ...looked.unmet] };
    const silentProof = proofFor(figures, 0);
    const silentVerdict = verdictOn(bench, looked, standing, undefined, silentProof.quietForMs, 0, 0, 0);
    let silentFrom: number = first;
    const flush = (before: number): void => {
      if (silentFrom >= before) return;
      appendSpan(spans, silentFrom as Ipv4, (before - 1) as Ipv4, silentVerdict, silentProof);
    };
    for (let address: number = first; address <= last; address++) {
      const row = address - firstRow;
      const lease = leases.size === 0 ? undefined : leases.get(address);
      const use = lastUseMs[row] ?? 0;
      const intent = lastIntentMs[row] ?? 0;
      const standIn = lastStandInMs[row] ?? 0;
      const recorded = row >= 0 && row < rows;
      if (recorded && use === 0 && intent === 0 && standIn === 0 && lease === undefined) continue;
      flush(address);
      const useMs = notAfter(use, nowMs);
      const intentMs = notAfter(intent, nowMs);
      const standInMs = notAfter(standIn, nowMs);
      const proof = proofFor(figures, Math.max(useMs, intentMs, standInMs));
      const looks = recorded ? looked : unrecorded;
      const verdict = verdictOn(bench, looks, standing, lease, proof.quietForMs, useMs, intentMs, standInMs);
      appendSpan(spans, address as Ipv4, address as Ipv4, verdict, proof);
      silentFrom = address + 1;
    }
    flush(last + 1);
  }
  return spans;
}
