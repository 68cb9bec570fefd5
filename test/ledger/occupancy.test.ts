import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import { INTENT_BITS, sourceBit } from '../../src/core/evidence/sighting.ts';
import { MAX_MACS_PER_ADDRESS_AND_DAY, OCCUPANCY_GAP_MS } from '../../src/ledger/occupancy.ts';
import type { FoldedSighting, LedgerBatch, Occupancy } from '../../src/ledger/types.ts';
import { batch, DAY, HOUR, ip, LAN, LAN_SETTING, MINUTE, macNumber, newLedger, openAt, REPLY, seen, T0 } from './fixtures.ts';

const A = macNumber(1);
const B = macNumber(2);
const spans = (rows: readonly Occupancy[]): [number, number][] => rows.map((row) => [row.firstSeenMs - T0, row.lastSeenMs - T0]);

describe('occupancy', () => {
  const table: { readonly name: string; readonly at: readonly [number, number][]; readonly rows: readonly [number, number][] }[] =
    [
      { name: 'one sighting is a row', at: [[0, 5]], rows: [[0, 5]] },
      {
        name: 'within the hour it is extended',
        at: [
          [0, 0],
          [HOUR, HOUR],
        ],
        rows: [[0, HOUR]],
      },
      {
        name: 'after more than an hour a new row begins',
        at: [
          [0, 0],
          [HOUR + 1, HOUR + 1],
        ],
        rows: [
          [HOUR + 1, HOUR + 1],
          [0, 0],
        ],
      },
      {
        name: 'a late sighting extends the beginning',
        at: [
          [HOUR, HOUR],
          [5, 5],
        ],
        rows: [[5, HOUR]],
      },
      {
        name: 'a late sighting before the newest row is a row of its own',
        at: [
          [3 * HOUR, 3 * HOUR],
          [5, 5],
        ],
        rows: [
          [3 * HOUR, 3 * HOUR],
          [5, 5],
        ],
      },
      {
        name: 'a late sighting extends an older row',
        at: [
          [0, 0],
          [3 * HOUR, 3 * HOUR],
          [MINUTE, MINUTE],
        ],
        rows: [
          [3 * HOUR, 3 * HOUR],
          [0, MINUTE],
        ],
      },
      {
        name: 'a late sighting that bridges two rows joins them',
        at: [
          [0, 0],
          [2 * HOUR, 2 * HOUR],
          [HOUR, HOUR],
        ],
        rows: [[0, 2 * HOUR]],
      },
      {
        name: 'a long fold swallows what lies in it',
        at: [
          [0, 0],
          [3 * HOUR, 3 * HOUR],
          [6 * HOUR, 6 * HOUR],
          [0, 6 * HOUR],
        ],
        rows: [[0, 6 * HOUR]],
      },
      {
        name: 'what is inside changes nothing',
        at: [
          [0, HOUR],
          [MINUTE, 2 * MINUTE],
        ],
        rows: [[0, HOUR]],
      },
    ];
  for (const { name, at, rows } of table) {
    it(name, () => {
      const { ledger, lan } = newLedger();
      for (const [first, last] of at) {
        ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', A, T0 + first, { lastMs: T0 + last })] }));
      }
      expect(spans(ledger.history(lan.id, ip('192.0.2.7'), 100))).toEqual(rows);
    });
  }

  it('keeps MACs, and uses and intents, in rows of their own; sources and names gather', () => {
    const { ledger, lan } = newLedger();
    const probe = sourceBit('arp-probe');
    ledger.write(
      batch(T0, {
        sightings: [
          seen(lan.id, '192.0.2.7', A, T0, { hostname: 'printer' }),
          seen(lan.id, '192.0.2.7', B, T0 + 1),
          seen(lan.id, '192.0.2.7', null, T0 + 2),
          seen(lan.id, '192.0.2.7', A, T0 + 3, { sources: probe, intent: true }),
        ],
      }),
    );
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', A, T0 + 10, { sources: sourceBit('arp-request') })] }));
    expect(ledger.history(lan.id, ip('192.0.2.7'), 100)).toEqual([
      {
        address: ip('192.0.2.7'),
        mac: A,
        firstSeenMs: T0,
        lastSeenMs: T0 + 10,
        sources: REPLY | sourceBit('arp-request'),
        intent: false,
        hostname: 'printer',
      },
      { address: ip('192.0.2.7'), mac: A, firstSeenMs: T0 + 3, lastSeenMs: T0 + 3, sources: probe, intent: true, hostname: null },
      {
        address: ip('192.0.2.7'),
        mac: null,
        firstSeenMs: T0 + 2,
        lastSeenMs: T0 + 2,
        sources: REPLY,
        intent: false,
        hostname: null,
      },
      {
        address: ip('192.0.2.7'),
        mac: B,
        firstSeenMs: T0 + 1,
        lastSeenMs: T0 + 1,
        sources: REPLY,
        intent: false,
        hostname: null,
      },
    ]);
    expect(ledger.history(lan.id, ip('192.0.2.7'), 1)).toHaveLength(1);
  });

  it('folds MACs beyond 32 of one day into "others", and never drops one', () => {
    const { ledger, lan } = newLedger();
    for (let n = 0; n < 100; n++)
      ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', macNumber(n), T0 + n * MINUTE)] }));
    const rows = ledger.history(lan.id, ip('192.0.2.7'), 1000);
    expect(rows).toHaveLength(MAX_MACS_PER_ADDRESS_AND_DAY + 1);
    expect(rows[0]).toMatchObject({ mac: null, firstSeenMs: T0 + 32 * MINUTE, lastSeenMs: T0 + 99 * MINUTE });
    expect(ledger.sightingColumns(lan.id).lastUseMs[7]).toBe(T0 + 99 * MINUTE);
    // Known ones are still told apart, and the next day starts anew.
    ledger.write(
      batch(T0, {
        sightings: [seen(lan.id, '192.0.2.7', macNumber(0), T0 + HOUR), seen(lan.id, '192.0.2.7', macNumber(99), T0 + DAY)],
      }),
    );
    const after = ledger.history(lan.id, ip('192.0.2.7'), 1000);
    expect(after.find((row) => row.mac === macNumber(0))?.lastSeenMs).toBe(T0 + HOUR);
    expect(after.find((row) => row.mac === macNumber(99))?.firstSeenMs).toBe(T0 + DAY);
  });

  it('counts a MAC that comes back on the same day once', () => {
    const { ledger, lan } = newLedger();
    const sightings = Array.from({ length: MAX_MACS_PER_ADDRESS_AND_DAY }, (_, n) => seen(lan.id, '192.0.2.7', macNumber(n), T0));
    ledger.write(batch(T0, { sightings }));
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', macNumber(0), T0 + 5 * HOUR)] }));
    expect(ledger.history(lan.id, ip('192.0.2.7'), 1)).toMatchObject([{ mac: macNumber(0), firstSeenMs: T0 + 5 * HOUR }]);
  });

  it('joins in the same batch in which it extends', () => {
    const { ledger, lan } = newLedger();
    const at = (first: number, last: number) => seen(lan.id, '192.0.2.7', A, T0 + first, { lastMs: T0 + last });
    ledger.write(batch(T0, { sightings: [at(2 * HOUR, 2 * HOUR)] }));
    ledger.write(batch(T0, { sightings: [at(2 * HOUR, 2 * HOUR + MINUTE), at(HOUR, 3 * HOUR)] }));
    expect(spans(ledger.history(lan.id, ip('192.0.2.7'), 9))).toEqual([[HOUR, 3 * HOUR]]);
  });

  it('leaves out what is not in the range of the segment', () => {
    const { ledger, lan } = newLedger();
    ledger.write(batch(T0, { sightings: [seen(lan.id, '198.51.100.7', A, T0)] }));
    expect(ledger.history(lan.id, ip('198.51.100.7'), 10)).toEqual([]);
  });

  it('answers who was there lately: the newest interval of each address and MAC', () => {
    const { ledger, lan } = newLedger();
    ledger.write(
      batch(T0, {
        sightings: [
          seen(lan.id, '192.0.2.9', A, T0),
          seen(lan.id, '192.0.2.9', A, T0 + 2 * HOUR),
          seen(lan.id, '192.0.2.9', B, T0),
          seen(lan.id, '192.0.2.5', B, T0 + HOUR),
        ],
      }),
    );
    const who = (sinceMs: number) =>
      ledger.occupants(lan.id, { sinceMs }).map((row) => [row.address - LAN.first, row.mac, row.lastSeenMs - T0]);
    expect(who(0)).toEqual([
      [5, B, HOUR],
      [9, A, 2 * HOUR],
      [9, B, 0],
    ]);
    expect(who(T0 + HOUR)).toEqual([
      [5, B, HOUR],
      [9, A, 2 * HOUR],
    ]);
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.9', B, T0 + 3 * HOUR)] }));
    expect(who(T0 + 2 * HOUR)).toEqual([
      [9, B, 3 * HOUR],
      [9, A, 2 * HOUR],
    ]);
  });
});

/** Intervals by definition: sort, and join what is no further apart than the gap. */
function modelRows(sightings: readonly FoldedSighting[]): Map<string, [number, number, number][]> {
  const groups = new Map<string, [number, number, number][]>();
  for (const { address, mac, intent, firstMs, lastMs, sources } of sightings) {
    const key = `${address}/${mac}/${intent}`;
    groups.set(key, [...(groups.get(key) ?? []), [firstMs, lastMs, sources]]);
  }
  for (const [key, spansOfKey] of groups) {
    const joined: [number, number, number][] = [];
    for (const [first, last, sources] of spansOfKey.sort((a, b) => a[0] - b[0])) {
      const open = joined.at(-1);
      if (open !== undefined && first - open[1] <= OCCUPANCY_GAP_MS) {
        open[1] = Math.max(open[1], last);
        open[2] |= sources;
      } else joined.push([first, last, sources]);
    }
    groups.set(key, joined);
  }
  return groups;
}

describe('occupancy against a naive model', () => {
  const sighting = fc
    .record({
      offset: fc.integer({ min: 0, max: 2 }),
      who: fc.constantFrom(A, B, null),
      at: fc.integer({ min: 0, max: 20 * 60 }),
      length: fc.constantFrom(0, 0, 0, 1, 90),
      intent: fc.boolean(),
      pick: fc.integer({ min: 0, max: 3 }),
    })
    .map(
      ({ offset, who, at, length, intent, pick }): Omit<FoldedSighting, 'segment'> => ({
        address: ipv4(LAN.first + offset),
        mac: who,
        firstMs: T0 + at * MINUTE,
        lastMs: T0 + (at + length) * MINUTE,
        sources: intent ? sourceBit(pick % 2 === 0 ? 'arp-probe' : 'dhcp-request') : 1 << (pick % 2),
        intent,
        hostname: null,
      }),
    );

  it('holds in any order, in any batches, and after a restart', () => {
    fc.assert(
      fc.property(fc.array(fc.array(sighting, { maxLength: 8 }), { maxLength: 15 }), (batches) => {
        const { ledger, path, lan } = newLedger();
        const all: FoldedSighting[] = [];
        for (const part of batches) {
          const sightings = part.map((one) => ({ ...one, segment: lan.id }));
          all.push(...sightings);
          const written: LedgerBatch = batch(T0, { sightings });
          ledger.write(written);
        }
        const check = (of: typeof ledger): void => {
          const model = modelRows(all);
          const columns = of.sightingColumns(lan.id);
          for (let offset = 0; offset < 3; offset++) {
            const address = ipv4(LAN.first + offset);
            const rows = of.history(lan.id, address, 10_000);
            const expected = [...model].filter(([key]) => key.startsWith(`${address}/`));
            const found = new Map<string, [number, number, number][]>();
            for (const row of [...rows].sort((a, b) => a.firstSeenMs - b.firstSeenMs)) {
              const key = `${address}/${row.mac}/${row.intent}`;
              found.set(key, [...(found.get(key) ?? []), [row.firstSeenMs, row.lastSeenMs, row.sources]]);
              expect((row.sources & INTENT_BITS) !== 0).toBe(row.intent);
            }
            expect(found).toEqual(new Map(expected));
            const newest = (intent: boolean) =>
              Math.max(0, ...all.filter((s) => s.address === address && s.intent === intent).map((s) => s.lastMs));
            expect(columns.lastUseMs[offset]).toBe(newest(false));
            expect(columns.lastIntentMs[offset]).toBe(newest(true));
            expect(columns.lastStandInMs[offset]).toBe(0);
            const current = of.occupants(lan.id, { sinceMs: 0 }).filter((row) => row.address === address);
            expect(new Set(current.map((row) => `${address}/${row.mac}/${row.intent}/${row.lastSeenMs}`))).toEqual(
              new Set(expected.map(([key, spansOfKey]) => `${key}/${spansOfKey.at(-1)?.[1]}`)),
            );
          }
        };
        check(ledger);
        ledger.close();
        const again = openAt(path);
        again.ensureSegment(LAN_SETTING);
        check(again);
        again.close();
      }),
      { numRuns: 60 },
    );
  });
});
