import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { FoldedSighting, SweepRecord } from '../../src/ledger/types.ts';
import { batch, DAY, HOUR, MINUTE, macNumber, openAt, REPLY, range, sweepOf, T0, temporaryPath, WIRE } from './fixtures.ts';

const DAYS = 365;
const WIDE = range('198.18.0.0/16');
/** Hosts that come and go every day, hosts that stay the whole year, and hosts that were seen on one day only. */
const DAILY = 250;
const STEADY = 5_000;
const GONE = 25_000;

it('a year of a /16 is read back right, and how fast is printed', { timeout: 120_000 }, () => {
  const path = temporaryPath(true);
  const writer = openAt(path);
  const { id } = writer.ensureSegment({ name: 'wide', range: WIDE, wire: WIRE, nowMs: T0 });
  const seen = (host: number, firstMs: number, lastMs: number): FoldedSighting => ({
    segment: id,
    address: ipv4(WIDE.first + 16 + 2 * host),
    mac: macNumber(host),
    firstMs,
    lastMs,
    sources: REPLY,
    intent: false,
    hostname: null,
  });
  const looked = [{ first: ipv4(WIDE.first + 1), last: ipv4(WIDE.last - 1) }];
  let sweeps = 0;
  for (let day = 0; day < DAYS; day++) {
    const dayMs = T0 + day * DAY;
    const sightings: FoldedSighting[] = [];
    for (let host = 0; host < DAILY; host++) sightings.push(seen(host, dayMs + 8 * HOUR, dayMs + 17 * HOUR));
    if (day === 0) for (let host = 0; host < STEADY; host++) sightings.push(seen(DAILY + host, dayMs, T0 + DAYS * DAY));
    for (let host = day; host < GONE; host += DAYS) sightings.push(seen(DAILY + STEADY + host, dayMs, dayMs + HOUR));
    const records: SweepRecord[] = [];
    for (let at = 0; at < DAY; at += 10 * MINUTE) records.push(sweepOf(id, dayMs + at, { looked }));
    sweeps += records.length;
    writer.write(batch(dayMs + DAY, { sightings, sweeps: records }));
  }
  writer.close();

  const nowMs = T0 + DAYS * DAY;
  const lines: string[] = [`a year of a /16: ${(statSync(path).size / 1e6).toFixed(1)} MB`];
  const timed = <T>(name: string, times: number, work: () => T): T => {
    const took: number[] = [];
    let result = work();
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      result = work();
      took.push(performance.now() - start);
    }
    took.sort((a, b) => a - b);
    const at = (share: number): string => (took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0).toFixed(2);
    lines.push(`${name}: median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
    return result;
  };
  const startMs = performance.now();
  const ledger = openAt(path, nowMs);
  ledger.ensureSegment({ name: 'wide', range: WIDE, wire: WIRE, nowMs: T0 });
  lines.push(`open, check and load: ${(performance.now() - startMs).toFixed(0)} ms`);

  const columns = timed('sighting columns', 200, () => ledger.sightingColumns(id));
  expect([...columns.lastUseMs].filter((atMs) => atMs > 0)).toHaveLength(DAILY + STEADY + GONE);
  const recent = timed('look runs of 72 hours', 200, () => ledger.lookRuns(id, nowMs - 72 * HOUR));
  expect(recent).toHaveLength(72);
  const year = timed('look runs of the year', 200, () => ledger.lookRuns(id, 0));
  expect(year.reduce((sum, run) => sum + run.looks, 0)).toBe(sweeps);
  expect(timed('first looks', 200, () => ledger.firstLooks(id))).toHaveLength(1);
  expect(timed('faults of the year', 200, () => ledger.invalidSweeps(id, 0))).toEqual([]);
  expect(timed('leases', 200, () => ledger.leases(id, nowMs))).toEqual([]);
  expect(timed('occupants of 72 hours', 50, () => ledger.occupants(id, { sinceMs: nowMs - 72 * HOUR })).length).toBeGreaterThan(
    STEADY + DAILY - 1,
  );
  expect(timed('history of a daily host', 200, () => ledger.history(id, ipv4(WIDE.first + 16), 100))).toHaveLength(100);
  const batchOfAll = Array.from({ length: STEADY }, (_, host) => seen(DAILY + host, nowMs, nowMs));
  timed('a batch of 5,000 sightings', 20, () =>
    ledger.write(
      batch(nowMs, { sightings: batchOfAll.map((one) => ({ ...one, lastMs: one.lastMs + Math.round(performance.now()) })) }),
    ),
  );
  console.log(lines.join('\n  '));
});
