import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/core/evidence/facts.ts';
import { MAX_SWEEPS } from '../../src/ledger/sweeps.ts';
import type { LedgerBatch } from '../../src/ledger/types.ts';
import {
  batch,
  DAY,
  HOUR,
  invalidSweep,
  ip,
  LAN_SETTING,
  MINUTE,
  macNumber,
  newLedger,
  openAt,
  range,
  SECOND,
  seen,
  sweepOf,
  T0,
  WIRE,
} from './fixtures.ts';

const A = macNumber(1);

describe('sweeps', () => {
  it('gives back what was stored, newest first, paged, for one segment or all', () => {
    const { ledger, lan } = newLedger();
    const other = ledger.ensureSegment({ name: 'other', range: range('198.51.100.0/24'), wire: WIRE, nowMs: T0 });
    const records = [
      sweepOf(lan.id, T0, { trigger: 'request', kernelDrops: 3 }),
      sweepOf(other.id, T0 + 1, { method: 'icmp' }),
      invalidSweep(lan.id, T0 + 2, 'control-silent'),
    ];
    ledger.write(batch(T0, { sweeps: records }));
    const rows = ledger.sweeps({ limit: 10 });
    expect(rows).toEqual(
      records
        .map(({ looked, standIns, ...record }, index) => ({
          ...record,
          id: index + 1,
          segmentName: record.segment === lan.id ? 'lan' : 'other',
          lookedAddresses: record.valid ? 254 : 0,
        }))
        .reverse(),
    );
    expect(ledger.sweeps({ segment: lan.id, limit: 10 }).map(({ id }) => id)).toEqual([3, 1]);
    expect(ledger.sweeps({ limit: 1, before: 3 }).map(({ id }) => id)).toEqual([2]);
    expect(ledger.sweeps({ segment: lan.id, limit: 9, before: 3 }).map(({ id }) => id)).toEqual([1]);
  });

  it('keeps the newest of each segment, at most 3,000, also over a restart', () => {
    const { ledger, lan, path } = newLedger();
    const fill = (count: number, from: number): LedgerBatch =>
      batch(T0, { sweeps: Array.from({ length: count }, (_, i) => sweepOf(lan.id, T0 + (from + i) * SECOND)) });
    const kept = (of: typeof ledger) => of.sweeps({ limit: 9999 }).map(({ startedMs }) => (startedMs - T0) / SECOND);
    ledger.write(fill(MAX_SWEEPS, 0));
    expect(kept(ledger)).toHaveLength(MAX_SWEEPS);
    ledger.write(fill(10, MAX_SWEEPS));
    expect(kept(ledger)).toEqual(Array.from({ length: MAX_SWEEPS - 90 }, (_, i) => MAX_SWEEPS + 9 - i));
    ledger.close();
    const again = openAt(path);
    const other = again.ensureSegment({ name: 'other', range: range('198.51.100.0/24'), wire: WIRE, nowMs: T0 });
    again.write(batch(T0, { sweeps: [sweepOf(other.id, T0)] }));
    again.ensureSegment(LAN_SETTING);
    again.write(fill(91, MAX_SWEEPS + 10));
    expect(kept(again).slice(0, 2)).toEqual([MAX_SWEEPS + 100, MAX_SWEEPS + 99]);
    expect(kept(again)).toHaveLength(MAX_SWEEPS - 99 + 1);
    expect(again.sweeps({ segment: other.id, limit: 9 })).toHaveLength(1);
  });

  it('knows the last valid sweep of the whole segment, also when only looks are left of it', () => {
    const { ledger, lan, path } = newLedger();
    expect(ledger.lastValidSweepMs(lan.id, T0 + 400 * DAY)).toBeNull();
    ledger.write(
      batch(T0 + 2 * HOUR, {
        sweeps: [
          sweepOf(lan.id, T0),
          sweepOf(lan.id, T0 + HOUR, { trigger: 'verify' }),
          invalidSweep(lan.id, T0 + 2 * HOUR, 'link-down'),
        ],
      }),
    );
    expect(ledger.lastValidSweepMs(lan.id, T0 + 400 * DAY)).toBe(T0 + 1500);
    ledger.close();
    const again = openAt(path);
    again.ensureSegment(LAN_SETTING);
    expect(again.lastValidSweepMs(lan.id, T0 + 400 * DAY)).toBe(T0 + 1500);
    again.write(
      batch(T0 + 4 * HOUR, {
        sweeps: Array.from({ length: MAX_SWEEPS }, (_, i) => invalidSweep(lan.id, T0 + 3 * HOUR + i, 'link-down')),
      }),
    );
    again.close();
    const third = openAt(path);
    third.ensureSegment(LAN_SETTING);
    expect(third.lastValidSweepMs(lan.id, T0 + 400 * DAY)).toBe(T0 + HOUR);
  });
});

describe('invalid sweeps', () => {
  it('are folded into outages by reason; a steady fault is one, over the hours', () => {
    const { ledger, lan } = newLedger();
    for (let at = 0; at < 3 * HOUR; at += 30 * SECOND)
      ledger.write(batch(T0, { sweeps: [invalidSweep(lan.id, T0 + at, 'link-down')] }));
    ledger.write(
      batch(T0, { sweeps: [invalidSweep(lan.id, T0 + HOUR, 'kernel-drops'), invalidSweep(lan.id, T0 + 9 * HOUR, 'link-down')] }),
    );
    expect(ledger.invalidSweeps(lan.id, 0)).toEqual([
      { fromMs: T0, untilMs: T0 + 3 * HOUR - 30 * SECOND + 1500, reason: 'link-down', sweeps: 360 },
      { fromMs: T0 + HOUR, untilMs: T0 + HOUR + 1500, reason: 'kernel-drops', sweeps: 1 },
      { fromMs: T0 + 9 * HOUR, untilMs: T0 + 9 * HOUR + 1500, reason: 'link-down', sweeps: 1 },
    ]);
    expect(ledger.invalidSweeps(lan.id, T0 + 5 * HOUR)).toHaveLength(1);
    expect(ledger.invalidSweeps(lan.id, T0 + 10 * HOUR)).toEqual([]);
  });
});

describe('leases', () => {
  const lease = (more: Partial<LedgerBatch['leases'][number]>) => ({
    address: ip('192.0.2.50'),
    mac: A,
    hostname: 'laptop',
    startsMs: T0,
    endsMs: T0 + HOUR,
    source: 'dhcp-ack' as const,
    ...more,
  });

  it('keeps the newest of each address and tells the running ones', () => {
    const { ledger, lan } = newLedger();
    const put = (more: Partial<LedgerBatch['leases'][number]>): void =>
      ledger.write(batch(T0 + MINUTE * 5, { leases: [{ ...lease(more), segment: lan.id }] }));
    const running = (nowMs: number): [string | null, string | null, number][] =>
      ledger.leases(lan.id, nowMs).map((one: Lease) => [one.mac, one.hostname, one.endsMs]);
    put({});
    expect(ledger.leases(lan.id, T0)).toEqual([
      { address: ip('192.0.2.50'), mac: A, hostname: 'laptop', endsMs: T0 + HOUR, source: 'dhcp-ack' },
    ]);
    expect(running(T0 + HOUR)).toEqual([]);
    put({ startsMs: T0 + MINUTE, endsMs: T0 + 2 * HOUR, hostname: null });
    expect(running(T0)).toEqual([[A, 'laptop', T0 + 2 * HOUR]]);
    put({ startsMs: T0 - MINUTE, endsMs: T0 + 9 * HOUR });
    expect(running(T0)).toEqual([[A, 'laptop', T0 + 2 * HOUR]]);
    put({ startsMs: T0 + 2 * MINUTE, mac: macNumber(2), hostname: null, endsMs: T0 + 3 * HOUR });
    expect(running(T0)).toEqual([[macNumber(2), null, T0 + 3 * HOUR]]);
    put({ address: ip('198.51.100.1') });
    expect(running(T0)).toHaveLength(1);
  });

  it('takes the lease of the right time over one that a clock which was ahead had stored', () => {
    const { ledger, lan } = newLedger();
    const put = (atMs: number, more: Partial<LedgerBatch['leases'][number]>): void =>
      ledger.write(batch(atMs, { leases: [{ ...lease(more), segment: lan.id }] }));
    put(T0 + 3 * DAY, { startsMs: T0 + 3 * DAY, endsMs: T0 + 3 * DAY + HOUR });
    put(T0 + HOUR, { startsMs: T0 + HOUR, endsMs: T0 + 30 * DAY });
    expect(ledger.leases(lan.id, T0 + 4 * DAY)).toMatchObject([{ endsMs: T0 + 30 * DAY }]);
  });

  it('keeps what each source says, the longest first: a short lease in a frame undoes no endless one in the file', () => {
    const { ledger, lan, path } = newLedger();
    const put = (more: Partial<LedgerBatch['leases'][number]>): void =>
      ledger.write(batch(T0, { leases: [{ ...lease(more), segment: lan.id }] }));
    const running = (of: typeof ledger, nowMs: number) => of.leases(lan.id, nowMs).map(({ source, endsMs }) => [source, endsMs]);
    put({ endsMs: Number.POSITIVE_INFINITY, source: 'lease-file' });
    put({ startsMs: T0 + MINUTE });
    expect(running(ledger, T0)).toEqual([
      ['lease-file', Number.POSITIVE_INFINITY],
      ['dhcp-ack', T0 + HOUR],
    ]);
    expect(running(ledger, T0 + HOUR)).toEqual([['lease-file', Number.POSITIVE_INFINITY]]);
    // The file's newer word holds, whatever the clock did meanwhile.
    put({ startsMs: T0 - DAY, endsMs: T0 + 2 * HOUR, source: 'lease-file' });
    expect(running(ledger, T0)).toEqual([
      ['lease-file', T0 + 2 * HOUR],
      ['dhcp-ack', T0 + HOUR],
    ]);
    put({ startsMs: T0 + 2 * MINUTE, endsMs: 0, source: 'lease-file' });
    expect(running(ledger, T0)).toEqual([['dhcp-ack', T0 + HOUR]]);
    ledger.close();
    const again = openAt(path);
    again.ensureSegment(LAN_SETTING);
    expect(running(again, T0)).toEqual([['dhcp-ack', T0 + HOUR]]);
  });

  it('ends those of a source that are in none of its files any more', () => {
    const { ledger, lan } = newLedger();
    const other = ledger.ensureSegment({ name: 'other', range: LAN_SETTING.range, wire: WIRE, nowMs: T0 });
    const endless = { endsMs: Number.POSITIVE_INFINITY, source: 'lease-file' as const };
    const at = (last: number) => ip(`192.0.2.${last}`);
    ledger.write(
      batch(T0, {
        leases: [
          { ...lease(endless), address: at(50), segment: lan.id },
          { ...lease(endless), address: at(51), segment: lan.id },
          { ...lease({}), address: at(51), segment: lan.id },
          { ...lease({}), address: at(52), segment: lan.id },
          { ...lease(endless), address: at(51), segment: other.id },
        ],
      }),
    );
    const running = (id: typeof lan.id) => ledger.leases(id, T0 + MINUTE).map(({ address, source }) => [address, source]);
    expect(running(lan.id)).toHaveLength(4);
    const { revision } = ledger;
    ledger.endLeasesMissing(lan.id, 'lease-file', new Set([at(50), at(60)]), T0 + MINUTE);
    expect(ledger.revision).toBeGreaterThan(revision);
    expect(running(lan.id)).toEqual([
      [at(50), 'lease-file'],
      [at(51), 'dhcp-ack'],
      [at(52), 'dhcp-ack'],
    ]);
    expect(running(other.id)).toEqual([[at(51), 'lease-file']]);
    ledger.endLeasesMissing(lan.id, 'lease-file', new Set(), T0 + MINUTE);
    expect(running(lan.id).map(([address]) => address)).toEqual([at(51), at(52)]);
  });
});

describe('uptime', () => {
  it('tells each run of the daemon, the present one up to its last sign of life', () => {
    const { ledger, path } = newLedger();
    for (let at = 0; at <= 25 * SECOND; at += SECOND) ledger.write(batch(T0 + at, {}));
    expect(ledger.uptimes(0)).toEqual([{ fromMs: T0, untilMs: T0 + 25 * SECOND }]);
    ledger.close();
    const again = openAt(path, T0 + HOUR);
    expect(again.uptimes(0)).toEqual([
      { fromMs: T0, untilMs: T0 + 25 * SECOND },
      { fromMs: T0 + HOUR, untilMs: T0 + HOUR },
    ]);
    expect(again.uptimes(T0 + MINUTE)).toHaveLength(1);
  });
});

describe('a batch', () => {
  it('is stored as a whole or not at all, on disk and in memory, and can be tried again', () => {
    const { ledger, lan, path } = newLedger();
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', A, T0)], sweeps: [sweepOf(lan.id, T0)] }));
    const next = batch(T0 + MINUTE, {
      sightings: [seen(lan.id, '192.0.2.7', A, T0 + 2000), seen(lan.id, '192.0.2.9', A, T0 + 2000)],
      sweeps: [sweepOf(lan.id, T0 + 2000), invalidSweep(lan.id, T0 + 3000, 'aborted')],
      leases: [
        {
          segment: lan.id,
          address: ip('192.0.2.9'),
          mac: A,
          hostname: null,
          startsMs: T0,
          endsMs: T0 + HOUR,
          source: 'dhcp-ack' as const,
        },
      ],
    });
    const state = () => [
      ledger.history(lan.id, ip('192.0.2.7'), 9),
      ledger.history(lan.id, ip('192.0.2.9'), 9),
      ledger.lookRuns(lan.id, 0),
      ledger.sweeps({ limit: 9 }),
      ledger.leases(lan.id, T0),
      ledger.invalidSweeps(lan.id, 0),
      ledger.lastValidSweepMs(lan.id, T0 + 400 * DAY),
      [...ledger.sightingColumns(lan.id).lastUseMs],
    ];
    const before = state();
    const other = new Database(path);
    other.exec("CREATE TRIGGER refuse BEFORE INSERT ON lease BEGIN SELECT raise(ABORT, 'refused'); END");
    expect(() => ledger.write(next)).toThrow('refused');
    expect(state()).toEqual(before);
    other.exec('DROP TRIGGER refuse');
    other.close();
    ledger.write(next);
    expect(ledger.history(lan.id, ip('192.0.2.7'), 9)[0]?.lastSeenMs).toBe(T0 + 2000);
    expect(ledger.lookRuns(lan.id, 0)).toMatchObject([{ looks: 2, untilMs: T0 + 2000 }]);
    expect(ledger.sightingColumns(lan.id).lastUseMs[9]).toBe(T0 + 2000);
    expect(ledger.sweeps({ limit: 9 })).toHaveLength(3);
  });

  it('tells a person when another process holds the database, and goes on afterwards', () => {
    const { ledger, lan, path } = newLedger();
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    expect(() => ledger.checkWritable()).toThrow(expect.objectContaining({ code: 'ledger-locked' }));
    expect(() => ledger.write(batch(T0, { sweeps: [sweepOf(lan.id, T0)] }))).toThrow(
      expect.objectContaining({ code: 'ledger-locked' }),
    );
    other.exec('COMMIT');
    other.close();
    ledger.checkWritable();
    ledger.write(batch(T0, { sweeps: [sweepOf(lan.id, T0)] }));
    expect(ledger.sweeps({ limit: 9 })).toHaveLength(1);
  });

  it('takes times with fractions', () => {
    const { ledger, lan } = newLedger();
    ledger.write(batch(T0 + 0.25, { sightings: [seen(lan.id, '192.0.2.7', A, T0 + 0.4)], sweeps: [sweepOf(lan.id, T0 + 0.6)] }));
    expect(ledger.sightingColumns(lan.id).lastUseMs[7]).toBe(T0);
    expect(ledger.lookRuns(lan.id, 0)[0]?.sinceMs).toBe(T0 + 1);
  });
});
