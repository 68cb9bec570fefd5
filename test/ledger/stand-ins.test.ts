import { describe, expect, it } from 'vitest';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { SegmentId } from '../../src/ledger/types.ts';
import {
  batch,
  DAY,
  HOUR,
  LAN_SETTING,
  MINUTE,
  macNumber,
  newLedger,
  openAt,
  range,
  seen,
  sweepOf,
  T0,
  WIRE,
} from './fixtures.ts';

const ROUTER = macNumber(0xff);
const HOST = macNumber(1);

const caught = (segment: SegmentId, atMs: number, addresses = 200) =>
  sweepOf(segment, atMs, { standIns: [{ mac: ROUTER, addresses }] });

/** [last use, last intent, last stand-in] of 192.0.2.n, relative to T0; null for never. */
function stateOf(ledger: Ledger, segment: SegmentId, n: number): (number | null)[] {
  const { lastUseMs, lastIntentMs, lastStandInMs } = ledger.sightingColumns(segment);
  return [lastUseMs, lastIntentMs, lastStandInMs].map((column) => (column[n] === 0 ? null : (column[n] ?? Number.NaN) - T0));
}

/** The same from the disk. */
function restarted(path: string, ledger: Ledger, segment: SegmentId, addresses: readonly number[]): void {
  const before = addresses.map((n) => stateOf(ledger, segment, n));
  ledger.close();
  const again = openAt(path);
  again.ensureSegment(LAN_SETTING);
  expect(addresses.map((n) => stateOf(again, segment, n))).toEqual(before);
  again.close();
}

describe('stand-ins', () => {
  it('tells the replies of a known stand-in from a use, but not its other frames', () => {
    const { ledger, path, lan } = newLedger();
    ledger.write(batch(T0, { sweeps: [caught(lan.id, T0)], sightings: [seen(lan.id, '192.0.2.7', ROUTER, T0 + 10)] }));
    ledger.write(
      batch(T0, {
        sightings: [
          seen(lan.id, '192.0.2.7', HOST, T0 + 5),
          seen(lan.id, '192.0.2.8', ROUTER, T0 + 20, { sources: sourceBit('arp-request') }),
          seen(lan.id, '192.0.2.9', ROUTER, T0 + 30, { sources: sourceBit('arp-probe'), intent: true }),
        ],
      }),
    );
    expect(stateOf(ledger, lan.id, 7)).toEqual([5, null, 10]);
    expect(stateOf(ledger, lan.id, 8)).toEqual([20, null, null]);
    expect(stateOf(ledger, lan.id, 9)).toEqual([null, 30, null]);
    expect(ledger.standIns(lan.id, T0)).toEqual([{ mac: ROUTER, firstSeenMs: T0, lastSeenMs: T0, addresses: 200 }]);
    expect(ledger.standIns(lan.id, T0 + 1)).toEqual([]);
    restarted(path, ledger, lan.id, [7, 8, 9]);
  });

  it('takes back what the replies of a new one were taken for, and leaves what others did', () => {
    const { ledger, path, lan } = newLedger();
    ledger.write(
      batch(T0, {
        sightings: [
          seen(lan.id, '192.0.2.7', ROUTER, T0 + MINUTE),
          seen(lan.id, '192.0.2.8', ROUTER, T0 + MINUTE),
          seen(lan.id, '192.0.2.8', HOST, T0 - 5 * HOUR),
          seen(lan.id, '192.0.2.9', ROUTER, T0 + MINUTE, { sources: sourceBit('arp-request') }),
          seen(lan.id, '192.0.2.10', ROUTER, T0 - 5 * HOUR),
        ],
      }),
    );
    expect(stateOf(ledger, lan.id, 7)).toEqual([MINUTE, null, null]);
    ledger.write(
      batch(T0, { sweeps: [caught(lan.id, T0 + 2 * MINUTE)], sightings: [seen(lan.id, '192.0.2.8', HOST, T0 + 3 * MINUTE)] }),
    );
    expect(stateOf(ledger, lan.id, 7)).toEqual([null, null, MINUTE]);
    expect(stateOf(ledger, lan.id, 8)).toEqual([3 * MINUTE, null, MINUTE]);
    expect(stateOf(ledger, lan.id, 9)).toEqual([MINUTE, null, null]);
    expect(stateOf(ledger, lan.id, 10)).toEqual([-5 * HOUR, null, null]);
    restarted(path, ledger, lan.id, [7, 8, 9, 10]);
  });

  it('counts a MAC as a host again when it was not caught for a day, and catches it anew', () => {
    const { ledger, path, lan } = newLedger();
    ledger.write(batch(T0, { sweeps: [caught(lan.id, T0)] }));
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', ROUTER, T0 + DAY)] }));
    expect(stateOf(ledger, lan.id, 7)).toEqual([null, null, DAY]);
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', ROUTER, T0 + DAY + 1)] }));
    expect(stateOf(ledger, lan.id, 7)).toEqual([DAY + 1, null, DAY]);
    ledger.write(batch(T0, { sweeps: [caught(lan.id, T0 + DAY + 2, 30)] }));
    expect(stateOf(ledger, lan.id, 7)).toEqual([null, null, DAY + 1]);
    expect(ledger.standIns(lan.id, 0)).toEqual([{ mac: ROUTER, firstSeenMs: T0, lastSeenMs: T0 + DAY + 2, addresses: 30 }]);
    restarted(path, ledger, lan.id, [7]);
  });

  it('knows a bounded number', () => {
    const { ledger, lan } = newLedger();
    const many = (from: number, atMs: number) =>
      sweepOf(lan.id, atMs, { standIns: Array.from({ length: 300 }, (_, i) => ({ mac: macNumber(from + i), addresses: 9 })) });
    ledger.write(batch(T0, { sweeps: [many(1000, T0)] }));
    expect(ledger.standIns(lan.id, 0)).toHaveLength(256);
    ledger.write(batch(T0, { sweeps: [many(2000, T0 + 2 * DAY)] }));
    expect(ledger.standIns(lan.id, T0 + DAY)).toHaveLength(256);
    expect(ledger.standIns(lan.id, 0)).toHaveLength(256);
  });
});

describe('a segment whose range changes', () => {
  it('keeps the history of every address and makes its columns anew', () => {
    const { ledger, lan } = newLedger();
    const small = ledger.sightingColumns(lan.id);
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', HOST, T0), seen(lan.id, '192.0.2.200', HOST, T0)] }));
    const moved = ledger.ensureSegment({ name: 'lan', range: range('192.0.2.128-192.0.3.255'), wire: WIRE, nowMs: T0 });
    expect(moved.id).toBe(lan.id);
    const columns = ledger.sightingColumns(lan.id);
    expect(columns).not.toBe(small);
    expect([columns.length, columns.lastUseMs[72]]).toEqual([384, T0]);
    expect(ledger.history(lan.id, seen(lan.id, '192.0.2.7', HOST, T0).address, 9)).toHaveLength(1);
    ledger.ensureSegment(LAN_SETTING);
    expect(stateOf(ledger, lan.id, 7)).toEqual([0, null, null]);
    expect(ledger.sightingColumns(lan.id)).toBe(ledger.sightingColumns(lan.id));
  });

  it('refuses one that is larger than a /16', () => {
    const { ledger } = newLedger();
    expect(() => ledger.ensureSegment({ name: 'huge', range: range('10.0.0.0/15'), wire: WIRE, nowMs: T0 })).toThrow(
      expect.objectContaining({ code: 'segment-too-large' }),
    );
  });
});
