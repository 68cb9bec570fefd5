import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  batch,
  DAY,
  HOUR,
  invalidSweep,
  ip,
  macNumber,
  newLedger,
  openAt,
  range,
  seen,
  sweepOf,
  T0,
  temporaryPath,
  WIRE,
} from './fixtures.ts';

/** @returns how many steps it took */
function pruneAll(ledger: Ledger, nowMs: number, keepMs: number): number {
  let steps = 1;
  while (ledger.prune(nowMs, keepMs)) {
    steps++;
    if (steps > 10_000) throw new Error('pruning never ends');
  }
  return steps;
}

describe('pruning', () => {
  it('drops what ended before the time to keep, in every table, and nothing else', () => {
    const { ledger, lan } = newLedger();
    const write = (atMs: number): void =>
      ledger.write(
        batch(atMs, {
          sightings: [seen(lan.id, '192.0.2.7', macNumber(1), atMs)],
          sweeps: [
            sweepOf(lan.id, atMs, { standIns: [{ mac: macNumber(atMs % 97), addresses: 9 }] }),
            invalidSweep(lan.id, atMs + 1, 'aborted'),
          ],
          leases: [
            {
              segment: lan.id,
              address: ip(`192.0.2.${1 + ((atMs / DAY) % 200)}`),
              mac: null,
              hostname: null,
              startsMs: atMs,
              endsMs: atMs + HOUR,
              source: 'dhcp-ack',
            },
          ],
        }),
      );
    for (let day = 0; day < 20; day++) write(T0 + day * DAY);
    ledger.write(batch(T0 + 20 * DAY, { sightings: [seen(lan.id, '192.0.2.9', macNumber(2), T0, { lastMs: T0 + 15 * DAY })] }));
    ledger.write(batch(T0 + 20 * DAY, { sightings: [seen(lan.id, '192.0.2.10', macNumber(2), T0)] }));
    pruneAll(ledger, T0 + 20 * DAY, 10 * DAY);
    expect(ledger.history(lan.id, ip('192.0.2.7'), 99)).toHaveLength(10);
    expect(ledger.history(lan.id, ip('192.0.2.9'), 99)).toHaveLength(1);
    expect(ledger.history(lan.id, ip('192.0.2.10'), 99)).toEqual([]);
    expect(ledger.lookRuns(lan.id, 0)).toHaveLength(10);
    expect(ledger.firstLooks(lan.id).map(({ atMs }) => atMs)).toEqual([T0 + 1500]);
    expect(ledger.invalidSweeps(lan.id, 0)).toHaveLength(10);
    expect(ledger.standIns(lan.id, 0).every(({ lastSeenMs }) => lastSeenMs >= T0 + 10 * DAY)).toBe(true);
    expect(ledger.leases(lan.id, 0)).toHaveLength(10);
    // When an address was last seen is never forgotten.
    expect(ledger.sightingColumns(lan.id).lastUseMs[10]).toBe(T0);
    // A row that was dropped is not extended: the sighting begins a new one.
    ledger.write(batch(T0 + 20 * DAY, { sightings: [seen(lan.id, '192.0.2.10', macNumber(2), T0 + 1)] }));
    expect(ledger.history(lan.id, ip('192.0.2.10'), 99)).toHaveLength(1);
    expect(ledger.integrityCheck()).toEqual([]);
    // A set of targets without a run left goes too.
    pruneAll(ledger, T0 + 100 * DAY, DAY);
    expect(ledger.firstLooks(lan.id)).toEqual([]);
  });

  it('works in short steps and gives the space back', () => {
    const path = temporaryPath();
    const ledger = openAt(path);
    const wide = ledger.ensureSegment({ name: 'wide', range: range('198.18.0.0/16'), wire: WIRE, nowMs: T0 });
    for (let part = 0; part < 5; part++) {
      const sightings = Array.from({ length: 8_000 }, (_, i) =>
        seen(wide.id, `198.18.${part * 32 + (i >> 8)}.${i & 255}`, macNumber(i), T0),
      );
      ledger.write(batch(T0, { sightings }));
    }
    ledger.prune(T0, DAY);
    while (ledger.prune(T0, DAY));
    const before = statSync(path).size;
    expect(pruneAll(ledger, T0 + 9 * DAY, DAY)).toBeGreaterThan(8);
    ledger.close();
    expect(statSync(path).size).toBeLessThan(before - 40_000 * 40);
  });
});
