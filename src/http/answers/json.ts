/**
 * From values to the JSON that outsiders rely on: RFC 3339 times, seconds, dotted quads. Pure.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { type Ipv4Range, sizeOf } from '../../core/address/range.ts';
import type { Criteria } from '../../core/evidence/criteria.ts';
import type { Outage, StandIn } from '../../core/evidence/facts.ts';
import type { Proof } from '../../core/evidence/proof.ts';
import { sourcesOf } from '../../core/evidence/sighting.ts';
import type { WithheldRange } from '../../core/range/types.ts';
import type { Occupancy, SweepRecord, SweepRow } from '../../ledger/types.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { CriteriaJson, FreeRangesAnswer, OccupancyJson, OutageJson, ProofJson, StandInJson, SweepJson } from '../service.ts';

export const time = (ms: number): string => new Date(ms).toISOString();
export const timeOrNull = (ms: number | null): string | null => (ms === null || !Number.isFinite(ms) ? null : time(ms));
export const seconds = (ms: number): number => Math.round(ms / 100) / 10;

export const criteriaJson = (criteria: Criteria): CriteriaJson => ({
  quietForSeconds: seconds(criteria.quietForMs),
  minSweeps: criteria.minSweeps,
  maxGapSeconds: seconds(criteria.maxGapMs),
  minCoverage: criteria.minCoverage,
});

export const proofJson = (proof: Proof): ProofJson => ({
  since: timeOrNull(proof.sinceMs),
  quietForSeconds: seconds(proof.quietForMs),
  looks: proof.looks,
  // Cut, not rounded: 0.9499 must not read as the 0.95 that it misses.
  coverage: Math.floor(proof.coverage * 1000) / 1000,
  longestGapSeconds: seconds(proof.longestGapMs),
  newestLookAt: timeOrNull(proof.newestLookMs),
  lastSeenAt: timeOrNull(proof.lastSeenMs),
  methods: proof.methods,
});

export const rangeJson = (range: Ipv4Range): { start: string; end: string; size: number } => ({
  start: formatIpv4(range.first),
  end: formatIpv4(range.last),
  size: sizeOf(range),
});

export const withheldJson = (range: WithheldRange): FreeRangesAnswer['withheld'][number] => ({
  ...rangeJson(range),
  verdict: range.verdict,
  reason: range.reason.text,
  reasonCode: range.reason.code,
});

export const outageJson = (outage: Outage): OutageJson => ({
  from: time(outage.fromMs),
  until: time(outage.untilMs),
  reason: outage.reason,
  sweeps: outage.sweeps,
});

export const standInJson = (standIn: StandIn): StandInJson => ({
  mac: standIn.mac,
  vendor: vendorOf(standIn.mac),
  addresses: standIn.addresses,
  lastSeenAt: time(standIn.lastSeenMs),
});

export const occupancyJson = (row: Occupancy): OccupancyJson => ({
  mac: row.mac,
  vendor: row.mac === null ? null : vendorOf(row.mac),
  hostname: row.hostname,
  firstSeenAt: time(row.firstSeenMs),
  lastSeenAt: time(row.lastSeenMs),
  sources: sourcesOf(row.sources),
  intent: row.intent,
});

type AnySweep = Omit<SweepRow, 'id' | 'segmentName' | 'lookedAddresses'> | Omit<SweepRecord, 'looked' | 'standIns'>;

export const sweepJson = (sweep: AnySweep, id: number | null, segment: string): SweepJson => ({
  id,
  segment,
  trigger: sweep.trigger,
  method: sweep.method,
  startedAt: time(sweep.startedMs),
  durationMs: sweep.endedMs - sweep.startedMs,
  probesPlanned: sweep.probesPlanned,
  probesSent: sweep.probesSent,
  sendFailures: sweep.sendFailures,
  repliesReceived: sweep.repliesReceived,
  answered: sweep.answered,
  kernelDrops: sweep.kernelDrops,
  controls: { asked: sweep.controlsAsked, answered: sweep.controlsAnswered },
  valid: sweep.valid,
  invalidReason: sweep.invalidReason,
});
