/** A segment that is looked at on another wire: what was looked at before proves nothing, who was seen stays known. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { migrate, readMigrations } from '../../src/ledger/migrate.ts';
import type { SegmentId } from '../../src/ledger/types.ts';
import {
  batch,
  DAY,
  HOUR,
  ip,
  LAN,
  LAN_SETTING,
  MINUTE,
  macNumber,
  newLedger,
  openAt,
  refusal,
  SECOND,
  seen,
  set,
  sweepOf,
  T0,
  temporaryPath,
} from './fixtures.ts';

const HOST = macNumber(1);
const MOVED = T0 + HOUR;
const ELSEWHERE = { ...LAN_SETTING, wire: 'arp:lan1', nowMs: MOVED };

const looked = (ledger: Ledger, segment: SegmentId) => ({
  runs: ledger.lookRuns(segment, 0).map(({ sinceMs, untilMs, looks }) => [sinceMs - T0, untilMs - T0, looks]),
  firsts: ledger.firstLooks(segment).map(({ atMs }) => atMs - T0),
  valid: ledger.lastValidSweepMs(segment, T0 + 400 * DAY),
});
const NOTHING = { runs: [], firsts: [], valid: null };

const sweeps = (ledger: Ledger, segment: SegmentId, ...at: readonly number[]): void =>
  ledger.write(batch(Math.max(...at), { sweeps: at.map((atMs) => sweepOf(segment, atMs)) }));

describe('another wire', () => {
  it('begins anew with the looks, and keeps everything else, over a restart too', () => {
    const { ledger, lan, path } = newLedger();
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', HOST, T0)] }));
    sweeps(ledger, lan.id, T0, T0 + 1000, MOVED - 1000);
    const { revision } = ledger;
    expect(ledger.ensureSegment(ELSEWHERE)).toEqual(lan);
    // An answer that was kept from before is no answer any more.
    expect(ledger.revision).toBeGreaterThan(revision);
    expect(looked(ledger, lan.id)).toEqual(NOTHING);
    sweeps(ledger, lan.id, MOVED, MOVED + 1000);
    const now = {
      runs: [[HOUR, HOUR + 1000, 2]],
      firsts: [HOUR + 1500],
      valid: MOVED + 2500,
    };
    expect(looked(ledger, lan.id)).toEqual(now);
    ledger.close();
    const again = openAt(path, T0 + DAY);
    again.ensureSegment({ ...ELSEWHERE, nowMs: T0 + DAY });
    expect(looked(again, lan.id)).toEqual(now);
    expect(again.history(lan.id, ip('192.0.2.7'), 9)).toHaveLength(1);
    expect(again.sightingColumns(lan.id).lastUseMs[7]).toBe(T0);
    expect(again.sweeps({ limit: 9 })).toHaveLength(5);
    // Back on the first wire: what was looked at there, before, is not taken up again.
    again.ensureSegment({ ...LAN_SETTING, nowMs: T0 + DAY });
    expect(looked(again, lan.id)).toEqual(NOTHING);
  });

  it('takes no run over the change, and no sweep that began before it', () => {
    const { ledger, lan } = newLedger();
    for (let at = 0; at < 30 * SECOND; at += SECOND) sweeps(ledger, lan.id, T0 + at);
    const moved = T0 + 30 * SECOND;
    ledger.ensureSegment({ ...ELSEWHERE, nowMs: moved });
    // Began before, and ended after: told by a disk that refused for a while, say.
    sweeps(ledger, lan.id, moved - 1000, moved - 1);
    ledger.write(batch(moved, { sweeps: [sweepOf(lan.id, moved - 1, { looked: set('192.0.2.9') })] }));
    expect(looked(ledger, lan.id)).toEqual(NOTHING);
    sweeps(ledger, lan.id, moved + 100, moved + 900);
    expect(looked(ledger, lan.id)).toMatchObject({ runs: [[30_100, 30_900, 2]], firsts: [31_600] });
  });

  it('does not take looks from the future, made with a wrong clock, for looks on the new wire', () => {
    const { ledger, lan, path } = newLedger();
    sweeps(ledger, lan.id, T0, T0 + 2 * HOUR);
    ledger.write(batch(T0 + 2 * HOUR, { sweeps: [sweepOf(lan.id, T0 + 2 * HOUR, { looked: set('192.0.2.9') })] }));
    ledger.ensureSegment(ELSEWHERE);
    const check = (of: Ledger): void => {
      expect(of.lookRuns(lan.id, 0)).toEqual([]);
      expect(of.firstLooks(lan.id)).toEqual([]);
    };
    check(ledger);
    ledger.close();
    const again = openAt(path);
    again.ensureSegment(ELSEWHERE);
    check(again);
    sweeps(again, lan.id, MOVED + MINUTE);
    expect(again.firstLooks(lan.id)).toHaveLength(1);
  });

  it('is not begun by another range, nor by the same wire at another time', () => {
    const { ledger, lan } = newLedger();
    sweeps(ledger, lan.id, T0);
    const before = looked(ledger, lan.id);
    ledger.ensureSegment({ ...LAN_SETTING, nowMs: T0 + DAY });
    ledger.ensureSegment({ ...LAN_SETTING, range: { first: ip('192.0.2.0'), last: ip('192.0.2.127') }, nowMs: T0 + DAY });
    expect(looked(ledger, lan.id)).toEqual(before);
  });

  it('is not begun for what a change that was refused has not stored', () => {
    const { ledger, lan, path } = newLedger();
    sweeps(ledger, lan.id, T0);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    expect(refusal(() => ledger.ensureSegment(ELSEWHERE)).code).toBe('ledger-locked');
    other.exec('COMMIT');
    other.close();
    ledger.ensureSegment(ELSEWHERE);
    expect(looked(ledger, lan.id)).toEqual(NOTHING);
  });
});

describe('a ledger from before wires were kept', () => {
  const MIGRATIONS = join(import.meta.dirname, '../../migrations');
  /** As version 5 left it, with looks and two leases in it. */
  function older(): string {
    const path = temporaryPath();
    const five = readMigrations(MIGRATIONS).slice(0, 5);
    const database = new Database(path);
    migrate(database, { path, nowMs: T0, migrations: five });
    database.exec(`INSERT INTO segment (name, first_address, last_address) VALUES ('lan', ${LAN.first}, ${LAN.last});
      INSERT INTO look_target (segment, ranges, first_look) VALUES (1, x'010200c0fe0200c0', ${T0});
      INSERT INTO look_run (target, method, since, until, looks, longest_gap) VALUES (1, 'arp', ${T0}, ${T0 + 1000}, 2, 1000);
      INSERT INTO lease VALUES (1, ${ip('192.0.2.50')}, 7, 'laptop', ${T0}, NULL, 'lease-file'),
        (1, ${ip('192.0.2.51')}, 8, NULL, ${T0}, ${T0 + HOUR}, 'dhcp-ack');`);
    database.close();
    return path;
  }

  it('is taken up with its looks and leases', () => {
    const ledger = openAt(older());
    const { id } = ledger.ensureSegment({ ...LAN_SETTING, nowMs: T0 + DAY });
    expect(looked(ledger, id)).toMatchObject({ runs: [[0, 1000, 2]], firsts: [0] });
    expect(ledger.leases(id, T0).map(({ hostname, endsMs, source }) => [hostname, endsMs, source])).toEqual([
      ['laptop', Number.POSITIVE_INFINITY, 'lease-file'],
      [null, T0 + HOUR, 'dhcp-ack'],
    ]);
    expect(ledger.integrityCheck()).toEqual([]);
    ledger.ensureSegment({ ...ELSEWHERE, nowMs: T0 + 2 * DAY });
    expect(looked(ledger, id)).toEqual(NOTHING);
  });
});
