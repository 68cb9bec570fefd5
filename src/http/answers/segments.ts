/** Answers "what is watched, and how is it going": segments, sweeps, readiness. */

import { formatCidr } from '../../core/address/cidr.ts';
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { formatDuration } from '../../core/evidence/duration-text.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { SegmentWatch } from '../../watch/segment-watch.ts';
import type { Check, SegmentJson, SweepsAnswer, SweepsQuery } from '../service.ts';
import type { AnswerContext } from './context.ts';
import { standInJson, sweepJson, timeOrNull } from './json.ts';

/** How long a stand-in that is no longer heard is still shown. */
const STAND_IN_SHOWN_MS = 24 * 3_600_000;
/** A scheduled sweep may be late by this much before the daemon is not ready. */
const LATE_SWEEPS = 3;
const MIN_FRESH_MS = 60_000;

export const answerSegments = (context: AnswerContext): { segments: SegmentJson[] } => ({
  segments: context.watch.all().map(({ watch }) => segmentJson(context, watch)),
});

function segmentJson({ ledger, nowMs }: AnswerContext, watch: SegmentWatch): SegmentJson {
  const { config, row, place, lastSweep } = watch;
  const status = watch.status();
  return {
    name: config.name,
    interface: config.interface,
    cidr: place === null ? (config.cidr === null ? '' : formatCidr(config.cidr)) : formatCidr(place.cidr),
    method: place?.method ?? (config.method === 'icmp' ? 'icmp' : 'arp'),
    schedule: config.schedule,
    rate: config.rate,
    state: status.state,
    waitingFor: status.waitingFor,
    gateway: place?.gateways[0] === undefined ? null : formatIpv4(place.gateways[0]),
    ownAddresses: (place?.own ?? []).map(formatIpv4),
    standIns: row === null ? [] : ledger.standIns(row.id, nowMs - STAND_IN_SHOWN_MS).map(standInJson),
    lastSweep: lastSweep === null ? null : sweepJson(lastSweep, null, config.name),
    lastValidSweepAt: row === null ? null : timeOrNull(ledger.lastValidSweepMs(row.id, nowMs)),
    framesReceived: status.framesReceived,
    kernelDrops: status.kernelDrops,
    ignored: status.ignored,
  };
}

export function answerSweeps({ watch, ledger }: AnswerContext, query: SweepsQuery): SweepsAnswer {
  const segment = query.segment === undefined ? undefined : watch.named(query.segment).row.id;
  const rows = ledger.sweeps({
    ...(segment === undefined ? {} : { segment }),
    ...(query.before === undefined ? {} : { before: query.before }),
    limit: query.limit + 1,
  });
  const page = rows.slice(0, query.limit);
  return {
    sweeps: page.map((row) => sweepJson(row, row.id, row.segmentName)),
    next: rows.length > query.limit ? (page.at(-1)?.id ?? null) : null,
  };
}

/** @param stuck loops of the daemon that do not move */
export function answerReadiness(
  context: AnswerContext,
  recorderHealthy: boolean,
  stuck: readonly string[],
): { ready: boolean; checks: Check[] } {
  const checks: Check[] = [ledgerCheck(context, recorderHealthy)];
  checks.push({ name: 'loops', ok: stuck.length === 0, detail: stuck.length === 0 ? 'all move' : `stuck: ${stuck.join(', ')}` });
  const all = context.watch.all();
  if (all.length === 0) checks.push({ name: 'segments', ok: false, detail: 'no segment is configured, so nothing is swept' });
  for (const { watch, intervalMs } of all) {
    checks.push({ name: `segment ${watch.config.name}`, ...freshness(context.ledger, watch, intervalMs, context.nowMs) });
  }
  return { ready: checks.every(({ ok }) => ok), checks };
}

function ledgerCheck({ ledger }: AnswerContext, recorderHealthy: boolean): Check {
  const name = 'ledger';
  if (!recorderHealthy) return { name, ok: false, detail: 'the last batch could not be written' };
  try {
    ledger.checkWritable();
    return { name, ok: true, detail: 'writable' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether a segment is heard, and had a valid sweep lately. */
export function freshness(
  ledger: Pick<Ledger, 'lastValidSweepMs'>,
  watch: Pick<SegmentWatch, 'row' | 'lastSweep' | 'status'>,
  intervalMs: number,
  nowMs: number,
): Pick<Check, 'ok' | 'detail'> {
  const { waitingDetail } = watch.status();
  if (waitingDetail !== null) return { ok: false, detail: waitingDetail };
  const lastValidMs = watch.row === null ? null : ledger.lastValidSweepMs(watch.row.id, nowMs);
  if (lastValidMs === null) return { ok: false, detail: 'no valid sweep yet' };
  const ageMs = nowMs - lastValidMs;
  // A sweep of a /16 takes minutes: as long as the last one, the next may be under way.
  const { lastSweep } = watch;
  const sweepMs = lastSweep === null ? 0 : Math.max(0, lastSweep.endedMs - lastSweep.startedMs);
  const ok = ageMs <= Math.max(MIN_FRESH_MS, LATE_SWEEPS * intervalMs) + 2 * sweepMs;
  return { ok, detail: `last valid sweep ${formatDuration(Math.max(0, ageMs))} ago` };
}
