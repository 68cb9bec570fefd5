import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../src/core/address/ipv4.ts';
import { CONFLICT_KINDS, type Conflict } from '../../src/core/conflict/types.ts';
import { clip, MAX_CLOSED } from '../../src/ledger/conflicts.ts';
import { DAY, HOUR, ip, macNumber, newLedger, openAt, SECOND, T0 } from './fixtures.ts';
import { bareGuard } from './guard-bare.ts';
import { closed, conflict, entry, everyConflict } from './guard-fixtures.ts';

const time = fc.integer({ min: 0, max: 2 ** 42 });
const address: fc.Arbitrary<Ipv4> = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(ipv4);
const mac = fc.integer({ min: 0, max: 0xffff_ffff }).map(macNumber);
const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength }).map((drawn) => clip(drawn, maxLength));
const anyDetail = fc.record(
  {
    server: fc.oneof(address, fc.constant('lease-file' as const)),
    overlap: fc.tuple(address, address).map(([first, last]) => ({ first, last })),
    role: fc.constantFrom('network', 'broadcast', 'gateway', 'own', 'node'),
    nodes: fc.array(text(60), { maxLength: 5 }),
    strangers: fc.nat(),
    rule: text(60),
  },
  { requiredKeys: [] },
);
const anyConflict: fc.Arbitrary<Conflict> = fc.record({
  id: fc.integer({ min: 1, max: 2 ** 40 }),
  kind: fc.constantFrom(...CONFLICT_KINDS),
  segment: text(63),
  pool: text(253),
  address,
  stranger: fc.option(mac),
  macs: fc.array(mac, { maxLength: 16 }),
  hostname: fc.option(text(255)),
  service: fc.option(text(317)),
  firstSeenMs: time,
  lastSeenMs: time,
  openedMs: time,
  closedMs: fc.option(time),
  closeReason: fc.option(fc.constantFrom('quiet', 'withdrawn', 'dismissed', 'not-in-pool', 'mended')),
  sightings: fc.nat({ max: 2 ** 40 }),
  sources: fc.nat({ max: 2047 }),
  detail: anyDetail,
  acknowledged: fc.option(fc.record({ atMs: time, by: text(64), note: text(500) })),
  seq: fc.integer({ min: 1, max: 2 ** 40 }),
});

describe('conflicts', () => {
  it('come back as they went in, in every field, at once and after a restart', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyConflict, { selector: ({ id }) => id, minLength: 1, maxLength: 8 }), (all) => {
        const { ledger, path } = newLedger(true);
        ledger.guard.record(all.map((one) => entry(one)));
        const check = (guard: typeof ledger.guard) => {
          for (const one of all) expect(guard.conflict(one.id)).toEqual(one);
          const open = all.filter(({ closedMs }) => closedMs === null).sort((a, b) => a.id - b.id);
          expect(guard.openConflicts()).toEqual(open);
          expect(guard.largestConflictId()).toBe(Math.max(...all.map(({ id }) => id)));
        };
        check(ledger.guard);
        ledger.close();
        const again = openAt(path);
        check(again.guard);
        expect(again.integrityCheck()).toEqual([]);
        again.close();
      }),
      { numRuns: 40 },
    );
  });

  it('are overwritten as they change, and an older state undoes no newer one', () => {
    const { ledger } = newLedger();
    const { guard } = ledger;
    guard.record([entry(conflict(1))]);
    guard.record([entry(conflict(1, { sightings: 7 }), [], 'updated')]);
    expect(guard.conflict(1)?.sightings).toBe(7);
    const acknowledged = { atMs: T0 + 1, by: 'anna', note: 'on my way' };
    guard.record([entry(conflict(1, { sightings: 7, acknowledged }), [], 'acknowledged')]);
    expect(guard.conflict(1)).toEqual(conflict(1, { sightings: 7, acknowledged }));
    guard.record([entry(closed(1, T0 + HOUR))]);
    guard.record([entry(conflict(1, { sightings: 9 }), [], 'updated')]);
    expect(guard.conflict(1)).toEqual(closed(1, T0 + HOUR));
    expect(guard.openConflicts()).toEqual([]);
    expect(guard.conflict(2)).toBeNull();
  });

  it('are listed newest first, by state, segment, kind and address, in pages', () => {
    const { ledger } = newLedger();
    const { guard } = ledger;
    guard.record(
      [
        conflict(1),
        closed(2, T0, { segment: 'dmz' }),
        conflict(3, { kind: 'imminent' }),
        closed(4, T0, { address: ip('192.0.2.202') }),
        conflict(5, { segment: 'dmz', kind: 'imminent' }),
      ].map((one) => entry(one)),
    );
    const ids = (filter: Partial<Parameters<typeof guard.conflicts>[0]>): number[] =>
      guard.conflicts({ state: 'all', limit: 9, ...filter }).map(({ id }) => id);
    expect(ids({})).toEqual([5, 4, 3, 2, 1]);
    expect(ids({ state: 'open' })).toEqual([5, 3, 1]);
    expect(ids({ state: 'closed' })).toEqual([4, 2]);
    expect(ids({ segment: 'dmz' })).toEqual([5, 2]);
    expect(ids({ segment: 'dmz', state: 'open' })).toEqual([5]);
    expect(ids({ kind: 'imminent' })).toEqual([5, 3]);
    expect(ids({ address: ip('192.0.2.202') })).toEqual([4]);
    expect(ids({ segment: 'lan', kind: 'squatter', address: ip('192.0.2.201') })).toEqual([1]);
    expect(ids({ limit: 2 })).toEqual([5, 4]);
    expect(ids({ limit: 2, before: 4 })).toEqual([3, 2]);
    expect(ids({ before: 1 })).toEqual([]);
  });

  it('store text of any length clipped, and what is no time as none: no conflict makes the others fail', () => {
    const { ledger } = newLedger();
    const long = 'x'.repeat(100_000);
    const wild = conflict(1, {
      segment: long,
      pool: long,
      hostname: `${'x'.repeat(254)}\u{1f5a8}`,
      service: long,
      macs: Array.from({ length: 100 }, (_, n) => macNumber(n)),
      lastSeenMs: Number.NaN,
      firstSeenMs: T0 + 0.4,
      detail: { nodes: Array.from({ length: 1000 }, () => long), rule: long },
      acknowledged: { atMs: T0, by: long, note: long },
    });
    ledger.guard.record([entry(wild, ['ops'], 'updated'), entry(conflict(2))]);
    const stored = ledger.guard.conflict(1);
    expect(stored).toMatchObject({ hostname: `${'x'.repeat(254)}\ufffd`, firstSeenMs: T0, lastSeenMs: 0 });
    expect(stored?.macs).toHaveLength(16);
    expect([stored?.acknowledged?.by.length, stored?.acknowledged?.note.length]).toEqual([64, 500]);
    expect(JSON.stringify(stored).length).toBeLessThan(20_000);
    expect(ledger.guard.conflict(2)).toEqual(conflict(2));
  });

  it('are forgotten when they are closed for longer than the time to keep, but their ids are not used again', () => {
    const { ledger, path } = newLedger();
    const all = [closed(1, T0), closed(2, T0 + 5 * DAY), conflict(3, { lastSeenMs: 0 }), closed(4, T0 + DAY)];
    ledger.guard.record(all.map((one) => entry(one)));
    while (ledger.prune(T0 + 12 * DAY, 10 * DAY));
    expect(everyConflict(ledger.guard).map(({ id }) => id)).toEqual([3, 2]);
    while (ledger.prune(T0 + 90 * DAY, 10 * DAY));
    expect(everyConflict(ledger.guard).map(({ id }) => id)).toEqual([3]);
    expect(ledger.guard.largestConflictId()).toBe(4);
    ledger.close();
    const again = openAt(path);
    expect(again.guard.largestConflictId()).toBe(4);
    expect(again.integrityCheck()).toEqual([]);
    expect(newLedger().ledger.guard.largestConflictId()).toBe(0);
  });

  it('are kept up to a number, those closed the longest ago going first, also over a restart', () => {
    const { ledger, path } = newLedger(true);
    // Closed in the other order than opened.
    const fill = (guard: typeof ledger.guard, from: number, count: number) =>
      guard.record(Array.from({ length: count }, (_, n) => entry(closed(from + n, T0 - (from + n) * SECOND), [], 'updated')));
    ledger.guard.record([entry(conflict(1_000_000), [], 'updated')]);
    fill(ledger.guard, 1, MAX_CLOSED);
    const ids = (guard: typeof ledger.guard) => guard.conflicts({ state: 'closed', limit: 1_000_000 }).map(({ id }) => id);
    // The same again is no more than it was.
    fill(ledger.guard, 1, MAX_CLOSED);
    expect(ids(ledger.guard)).toHaveLength(MAX_CLOSED);
    ledger.close();
    const again = openAt(path);
    fill(again.guard, MAX_CLOSED + 1, 1);
    expect(ids(again.guard)).toHaveLength(MAX_CLOSED - 100);
    expect(Math.max(...ids(again.guard))).toBe(MAX_CLOSED - 100);
    for (let n = 2; n <= 300; n++) {
      fill(again.guard, MAX_CLOSED + n, 1);
      again.guard.record([entry(closed(n, T0 + n), [], 'updated')]);
    }
    expect(ids(again.guard).length).toBeLessThanOrEqual(MAX_CLOSED);
    expect(ids(again.guard).length).toBeGreaterThanOrEqual(MAX_CLOSED - 101);
    expect(again.guard.conflict(300)).not.toBeNull();
    expect(again.guard.openConflicts().map(({ id }) => id)).toEqual([1_000_000]);
  });

  it('that are open are found without a look at those that are not', () => {
    const { guard, plan } = bareGuard();
    expect(plan(() => guard.openConflicts())).toEqual(['SEARCH conflict USING INDEX conflict_by_closed']);
  });
});
