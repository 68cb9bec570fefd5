/** A year of a /16, written through the real ledger in simulated time. */
import { ipv4 } from '../src/core/address/ipv4.ts';
import { type Mac, macFromBytes } from '../src/core/address/mac.ts';
import { parseRange } from '../src/core/address/range.ts';
import { rangeSet } from '../src/core/address/range-set.ts';
import { sourceBit } from '../src/core/evidence/sighting.ts';
import { openLedger } from '../src/ledger/ledger.ts';
import type { FoldedSighting, SegmentId, SweepRecord } from '../src/ledger/types.ts';

export const YEAR_CIDR = '198.18.0.0/16';
const HOUR_MS = 3_600_000;
/** A day more than a year, so that the first looks are older than "quiet for a year" asks. */
const YEAR_HOURS = 366 * 24;
/** A sweep of a /16 at the default rate takes minutes: one every ten. */
const SWEEPS_PER_HOUR = 6;
const LIVE_HOSTS = 5000;
/** Came and went at some time in the year. */
const DEPARTED_HOSTS = 20_000;

export function writeYear(path: string, nowMs: number): { sweeps: number; hosts: number; gone: number } {
  const range = parseRange(YEAR_CIDR);
  if (!range.ok) throw new Error(range.error);
  const startMs = nowMs - YEAR_HOURS * HOUR_MS;
  const ledger = openLedger({ path, nowMs: startMs });
  const { id } = ledger.ensureSegment({ name: 'lan', range: range.value, wire: 'arp:lan0', nowMs: startMs });
  const looked = rangeSet([{ first: ipv4(range.value.first + 1), last: ipv4(range.value.last - 1) }]);
  let sweeps = 0;
  for (let hour = 0; hour < YEAR_HOURS; hour++) {
    const records: SweepRecord[] = [];
    for (let i = 0; i < SWEEPS_PER_HOUR; i++) {
      records.push(sweep(id, Math.round(startMs + (hour + i / SWEEPS_PER_HOUR) * HOUR_MS), looked));
      sweeps++;
    }
    const atMs = Math.round(startMs + (hour + 1) * HOUR_MS);
    ledger.write({ atMs, sightings: seenIn(id, hour, range.value.first, startMs), sweeps: records, leases: [] });
  }
  ledger.close();
  return { sweeps, hosts: LIVE_HOSTS, gone: DEPARTED_HOSTS };
}

const macOf = (index: number): Mac => macFromBytes(Uint8Array.of(0x52, 0x54, 0, index >> 16, index >> 8, index), 0);

/** Live hosts are told of once a day, departed ones in the hours of their stay: the ledger keeps one row each. */
function seenIn(segment: SegmentId, hour: number, first: number, startMs: number): FoldedSighting[] {
  const at = Math.round(startMs + hour * HOUR_MS);
  const seen = (index: number, offset: number, lastMs: number): FoldedSighting => ({
    segment,
    address: ipv4(first + offset),
    mac: macOf(index),
    firstMs: at,
    lastMs,
    sources: sourceBit('arp-reply'),
    intent: false,
    hostname: null,
  });
  const all: FoldedSighting[] = [];
  if (hour === 0 || hour === YEAR_HOURS - 1) {
    for (let i = 0; i < LIVE_HOSTS; i++) all.push(seen(i, 16 + i * 13, at + HOUR_MS));
  }
  const perHour = Math.ceil(DEPARTED_HOSTS / YEAR_HOURS);
  for (let i = hour * perHour; i < Math.min((hour + 1) * perHour, DEPARTED_HOSTS); i++)
    all.push(seen(100_000 + i, 17 + ((i * 7919) % 65_000), at + HOUR_MS));
  return all;
}

const sweep = (segment: SegmentId, startedMs: number, looked: SweepRecord['looked']): SweepRecord => ({
  segment,
  trigger: 'schedule',
  method: 'arp',
  startedMs,
  endedMs: startedMs + 260_000,
  probesPlanned: 65_534,
  probesSent: 65_534,
  sendFailures: 0,
  repliesReceived: LIVE_HOSTS,
  answered: LIVE_HOSTS,
  kernelDrops: 0,
  controlsAsked: 16,
  controlsAnswered: 16,
  valid: true,
  invalidReason: null,
  looked,
  standIns: [],
});
