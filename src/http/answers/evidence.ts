/**
 * Gathers what is known of a segment and has it judged: the step between the ledger and every answer. Writes nothing.
 */
import { rangeSet } from '../../core/address/range-set.ts';
import type { OwnPool } from '../../core/claim/standing.ts';
import { FreeholdError } from '../../core/error.ts';
import { type Criteria, isWeaker } from '../../core/evidence/criteria.ts';
import { formatDuration } from '../../core/evidence/duration-text.ts';
import type { Outage, SegmentFacts } from '../../core/evidence/facts.ts';
import { outagesIn } from '../../core/evidence/outages.ts';
import type { VerdictSpan } from '../../core/evidence/proof.ts';
import { checkCriteria, judge } from '../../core/evidence/verdict.ts';
import { freeRanges } from '../../core/range/free-ranges.ts';
import type { FreeRangeOptions, FreeRanges } from '../../core/range/types.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { SegmentPlace } from '../../watch/segment-place.ts';
import type { WatchedSegment } from '../../watch/watch.ts';
import type { DhcpSpans } from '../service.ts';
import { type WithheldBy, type WithheldBySources, withheldBy } from './withheld-by.ts';

export interface Judged {
  readonly facts: SegmentFacts;
  readonly criteria: Criteria;
  readonly weakerThanConfigured: boolean;
  readonly withheldBy: WithheldBy;
  readonly spans: readonly VerdictSpan[];
  readonly nowMs: number;
  readonly clusterNotices: readonly string[];
  /** Free ranges from these spans; kept for the last few options asked for. */
  free(options: FreeRangeOptions): FreeRanges;
}

/** The configured criteria with what this query wants otherwise. @throws FreeholdError `bad-criteria` */
export function criteriaFor(
  configured: Criteria,
  asked: Partial<Criteria>,
): { criteria: Criteria; weakerThanConfigured: boolean } {
  const checked = checkCriteria({ ...configured, ...asked });
  if (!checked.ok) {
    throw new FreeholdError('bad-criteria', checked.error.map(({ field, message }) => `${field}: ${message}`).join('; '), {
      exitCode: 2,
    });
  }
  return { criteria: checked.value, weakerThanConfigured: isWeaker(checked.value, configured) };
}

/** A judgement is good for so long, where nothing was written since: only time itself has gone on. */
const JUDGEMENT_MS = 1000;
const MAX_JUDGEMENTS = 4;

/** A judgement, and what it was made from. */
interface Kept {
  readonly judged: Judged;
  readonly revision: number;
  readonly place: SegmentPlace;
  readonly reserved: string;
}

/**
 * Judges segments, and keeps the newest judgements for a moment: judging a busy /16 takes longer than asking about it again.
 * Bounded; the oldest is forgotten first.
 */
export class Judge {
  readonly #ledger: Ledger;
  readonly #sources: WithheldBySources;
  readonly #kept = new Map<string, Kept>();

  constructor(ledger: Ledger, sources: WithheldBySources) {
    this.#ledger = ledger;
    this.#sources = sources;
  }

  /**
   * @param dhcpSpans undefined: as configured
   * @param own the pool that is asked for: its addresses are not reserved for being in it
   * @throws FreeholdError `bad-criteria`
   */
  segment(
    segment: WatchedSegment,
    configured: Criteria,
    asked: Partial<Criteria>,
    nowMs: number,
    dhcpSpans?: DhcpSpans | undefined,
    own: OwnPool | null = null,
  ): Judged {
    const { criteria, weakerThanConfigured } = criteriaFor(configured, asked);
    const sources = { claims: () => this.#ledger.claims.standing(), ...this.#sources };
    const withheld = withheldBy(sources, segment.row.name, segment.place.range, dhcpSpans, own);
    const weaker = weakerThanConfigured || withheld.weakerThanConfigured;
    const key = JSON.stringify([segment.row.id, criteria, weaker, withheld.dhcpSpans, own]);
    const kept = this.#kept.get(key);
    const { revision } = this.#ledger;
    // A span that grows, or a pool or a Service that is new, is in nobody's ledger row: it counts at once all the same.
    const reserved = JSON.stringify([withheld.reserved, withheld.infrastructure]);
    if (kept?.revision === revision && kept.place === segment.place && kept.reserved === reserved) {
      const ageMs = nowMs - kept.judged.nowMs;
      if (ageMs >= 0 && ageMs < JUDGEMENT_MS) return kept.judged;
    }
    const facts = factsOf(segment, this.#ledger, criteria, withheld, nowMs);
    const spans = judge(facts, criteria, nowMs);
    const free = keptFreeRanges(spans);
    const clusterNotices = this.#sources.clusterNotices?.() ?? [];
    const judged = { facts, criteria, weakerThanConfigured: weaker, withheldBy: withheld, spans, nowMs, clusterNotices, free };
    this.#kept.delete(key);
    this.#kept.set(key, { judged, revision, place: segment.place, reserved });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_JUDGEMENTS) break;
      this.#kept.delete(oldest);
    }
    return judged;
  }
}

function keptFreeRanges(spans: readonly VerdictSpan[]): Judged['free'] {
  const kept = new Map<string, FreeRanges>();
  return ({ size, alignment, limit }) => {
    const key = `${size}/${alignment}/${limit}`;
    const free = kept.get(key) ?? freeRanges(spans, { size, alignment, limit });
    if (kept.size < MAX_JUDGEMENTS) kept.set(key, free);
    return free;
  };
}

function factsOf(
  { watch, row, place, shared }: WatchedSegment,
  ledger: Ledger,
  criteria: Criteria,
  withheld: WithheldBy,
  nowMs: number,
): SegmentFacts {
  const sinceMs = nowMs - criteria.quietForMs;
  return {
    segment: row.name,
    range: place.range,
    sightings: ledger.sightingColumns(row.id),
    // A look just before the window still vouches for its beginning.
    runs: ledger.lookRuns(row.id, sinceMs - criteria.maxGapMs),
    firstLooks: ledger.firstLooks(row.id),
    leases: ledger.leases(row.id, nowMs),
    reserved: [
      ...watch.config.reserved.map((range) => ({ ...range, reason: 'reserved in the configuration' })),
      ...shared,
      ...withheld.reserved,
    ],
    excluded: rangeSet(watch.config.exclude),
    infrastructure: [...place.infrastructure, ...withheld.infrastructure],
    standIns: ledger.standIns(row.id, sinceMs),
  };
}

/** Stretches of the window in which nobody looked, or not validly. */
export function outagesOf({ row }: WatchedSegment, ledger: Ledger, { facts, criteria, nowMs }: Judged): readonly Outage[] {
  const windowStartMs = nowMs - criteria.quietForMs;
  const uptimes = ledger.uptimes(windowStartMs);
  const invalid = ledger.invalidSweeps(row.id, windowStartMs);
  return outagesIn({ windowStartMs, nowMs, runs: facts.runs, invalid, uptimes, maxGapMs: criteria.maxGapMs });
}

const SPANS_IGNORED =
  'The spans that DHCP servers were seen to hand out are ignored, as asked, which is weaker than configured: a server may give any address in them to a device at any time.';

/** Sentences that whoever reads the answer should know. */
export function noticesOf({ watch, intervalMs }: WatchedSegment, judged: Judged): string[] {
  const { facts, criteria, nowMs, spans } = judged;
  const notices: string[] = [];
  if (judged.withheldBy.weakerThanConfigured) notices.push(SPANS_IGNORED);
  notices.push(...judged.clusterNotices);
  const status = watch.status();
  if (status.waitingDetail !== null) notices.push(`The segment is not being looked at: ${status.waitingDetail}.`);
  for (const standIn of facts.standIns) {
    notices.push(
      `${standIn.mac} answers for ${standIn.addresses} addresses all over the range (proxy ARP): behind it nothing can be proven. Switch proxy ARP off on that router, or exclude the addresses.`,
    );
  }
  if (spans.some(({ proof }) => proof.methods.length === 1 && proof.methods[0] === 'icmp')) {
    notices.push('This segment is routed: its proofs rest on ICMP only, and a host may ignore echo requests.');
  }
  const firstLook = Math.min(...facts.firstLooks.map(({ atMs }) => atMs));
  if (Number.isFinite(firstLook) && nowMs - firstLook < criteria.quietForMs) {
    const left = criteria.quietForMs - (nowMs - firstLook);
    notices.push(
      `First looked at ${formatDuration(nowMs - firstLook)} ago; the first addresses can be proven free in ${formatDuration(left)}. A shorter quietFor asks for less, and the answer then says so.`,
    );
  }
  // A look is as old as its sweep's beginning, and the next one is stored at its sweep's end.
  const sweepMs = watch.lastSweep === null ? 0 : watch.lastSweep.endedMs - watch.lastSweep.startedMs;
  if (Math.max(intervalMs, sweepMs) + sweepMs > criteria.maxGapMs) {
    notices.push(
      `No look is ever younger than maxGap (${formatDuration(criteria.maxGapMs)}) for long: a sweep takes ${formatDuration(sweepMs)}, and the schedule starts one every ${formatDuration(intervalMs)}. Sweep more often, or faster, or ask for a longer maxGap.`,
    );
  }
  return notices;
}
