import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GuardStore } from '../../src/ledger/guard-types.ts';
import { readMigrations } from '../../src/ledger/migrate.ts';
import { KEEP_SETTLED_MS, MAX_SETTLED, MAX_WAITING } from '../../src/ledger/outbox.ts';
import { batch, DAY, HOUR, newLedger, openAt, refusal, seen, T0 } from './fixtures.ts';
import { bareGuard } from './guard-bare.ts';
import { closed, conflict, entry, everyConflict, messageOf, waiting } from './guard-fixtures.ts';

const CHANNELS = ['ops', 'mail'];

const rows = (path: string, sql: string): unknown => {
  const database = new Database(path, { readonly: true });
  const found = database.prepare(sql).pluck().get();
  database.close();
  return found;
};

describe('the outbox', () => {
  it('keeps each message for each of its channels, as it was made, also over a restart', () => {
    const { ledger, path } = newLedger();
    const one = conflict(1, { hostname: '<script>"\\\u2603' });
    ledger.guard.record([entry(one, CHANNELS), entry(conflict(2), ['mail'])]);
    const check = (guard: GuardStore) => {
      expect(guard.pending('ops', 9)).toEqual([
        {
          alertId: 1,
          channel: 'ops',
          conflictId: 1,
          message: messageOf(one, 'opened'),
          causedMs: T0 + 1,
          attempts: 0,
          nextTryMs: 0,
        },
      ]);
      expect(waiting(guard, 'mail')).toEqual(['1-1', '2-1']);
      expect(waiting(guard, 'mail', 1)).toEqual(['1-1']);
      expect(waiting(guard, 'nobody')).toEqual([]);
      expect(guard.depth()).toEqual(new Map(Object.entries({ ops: 1, mail: 2 })));
    };
    check(ledger.guard);
    ledger.close();
    check(openAt(path).guard);
  });

  it('takes the same entry once, also after it was settled, and after a restart', () => {
    const { ledger, path } = newLedger();
    const entries = [entry(conflict(1), CHANNELS), entry(closed(1, T0 + HOUR), CHANNELS), entry(conflict(2), [])];
    ledger.guard.record([...entries, ...entries]);
    ledger.guard.record(entries);
    expect(waiting(ledger.guard, 'ops')).toEqual(['1-1', '1-2']);
    ledger.guard.settle(1, 'ops', 'delivered', T0 + 5);
    ledger.close();
    const { guard } = openAt(path);
    // Nor do other channels than the first time make it new.
    guard.record(entries.map((one) => ({ ...one, channels: [...CHANNELS, 'slack'] })));
    expect([waiting(guard, 'ops'), waiting(guard, 'mail'), waiting(guard, 'slack')]).toEqual([['1-2'], ['1-1', '1-2'], []]);
    expect(rows(path, 'SELECT count(*) FROM alert')).toBe(3);
    expect(guard.conflict(1)).toEqual(closed(1, T0 + HOUR));
  });

  it('writes no alert for what is only stored', () => {
    const { ledger, path } = newLedger();
    ledger.guard.record([entry(conflict(1), CHANNELS, 'updated'), entry(conflict(2), CHANNELS, 'acknowledged')]);
    ledger.guard.record([]);
    expect(rows(path, 'SELECT count(*) FROM alert')).toBe(0);
    expect(everyConflict(ledger.guard)).toHaveLength(2);
  });

  it('settles and postpones one delivery, and leaves the others', () => {
    const { ledger } = newLedger();
    const { guard } = ledger;
    guard.record([entry(conflict(1), CHANNELS), entry(conflict(2), CHANNELS)]);
    guard.postpone(1, 'ops', 3, T0 + HOUR + 0.5, `refused ${'x'.repeat(10_000)}`);
    expect(guard.pending('ops', 9).map(({ attempts, nextTryMs }) => [attempts, nextTryMs])).toEqual([
      [3, T0 + HOUR + 1],
      [0, 0],
    ]);
    expect(guard.pending('mail', 1)[0]).toMatchObject({ attempts: 0, nextTryMs: 0 });
    guard.settle(1, 'ops', 'rejected', T0 + HOUR);
    guard.settle(1, 'ops', 'delivered', T0 + 2 * HOUR);
    guard.settle(99, 'ops', 'delivered', T0);
    guard.settle(2, 'nobody', 'delivered', T0);
    guard.postpone(1, 'ops', 9, T0, 'too late');
    expect([waiting(guard, 'ops'), waiting(guard, 'mail')]).toEqual([['2-1'], ['1-1', '2-1']]);
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: 1, mail: 2 })));
    guard.settle(2, 'ops', 'delivered', T0);
    expect(guard.depth()).toEqual(new Map([['mail', 2]]));
  });

  it('keeps for each delivery what came of it', () => {
    const { ledger, path } = newLedger();
    ledger.guard.record([entry(conflict(1), CHANNELS)]);
    ledger.guard.postpone(1, 'ops', 1, T0, 'HTTP 500');
    ledger.guard.settle(1, 'ops', 'rejected', T0 + 7);
    ledger.guard.postpone(1, 'ops', 2, T0, 'too late');
    expect(rows(path, "SELECT outcome || settled || reason FROM delivery WHERE channel = 'ops'")).toBe(
      `rejected${T0 + 7}HTTP 500`,
    );
    expect(rows(path, 'SELECT settled FROM alert')).toBeNull();
    ledger.guard.settle(1, 'mail', 'delivered', T0 + 3);
    expect(rows(path, 'SELECT settled FROM alert')).toBe(T0 + 7);
  });

  it('drops what a channel that is gone had still to do', () => {
    const { ledger, path } = newLedger();
    const { guard } = ledger;
    guard.record([entry(conflict(1), ['ops', 'mail', 'old']), entry(conflict(2), ['old']), entry(conflict(3), ['old'])]);
    guard.settle(3, 'old', 'delivered', T0);
    expect(guard.keepChannels(['ops', 'mail'])).toBe(2);
    expect(guard.keepChannels(['ops', 'mail'])).toBe(0);
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: 1, mail: 1 })));
    expect(rows(path, 'SELECT count(*) FROM alert WHERE settled IS NULL')).toBe(1);
    expect(guard.keepChannels([])).toBe(2);
    expect(guard.depth()).toEqual(new Map());
    expect(rows(path, 'SELECT count(*) FROM alert WHERE settled IS NULL')).toBe(0);
    expect(guard.dropped()).toBe(0);
  });

  it('behaves like a plain list, in any order of calls', () => {
    const channel = fc.constantFrom('a', 'b', 'c');
    const call = fc.oneof(
      fc.record({
        do: fc.constant('record' as const),
        entries: fc.array(
          fc.record({
            id: fc.integer({ min: 1, max: 4 }),
            seq: fc.integer({ min: 1, max: 3 }),
            channels: fc.uniqueArray(channel),
          }),
          { maxLength: 4 },
        ),
      }),
      fc.record({ do: fc.constant('settle' as const), nth: fc.nat({ max: 3 }), channel }),
      fc.record({ do: fc.constant('postpone' as const), nth: fc.nat({ max: 3 }), channel }),
      fc.record({ do: fc.constant('keep' as const), channels: fc.uniqueArray(channel) }),
      fc.record({ do: fc.constant('restart' as const) }),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
        const { ledger: first, path } = newLedger(true);
        let ledger = first;
        const known = new Set<string>();
        let model: { key: string; channel: 'a' | 'b' | 'c'; attempts: number }[] = [];
        const nth = (wanted: string, n: number) => model.filter(({ channel: of }) => of === wanted)[n];
        for (const one of calls) {
          if (one.do === 'record') {
            ledger.guard.record(one.entries.map(({ id, seq, channels }) => entry(conflict(id, { seq }), channels)));
            for (const { id, seq, channels } of one.entries) {
              const key = `${id}-${seq}`;
              if (!known.has(key)) model.push(...channels.map((of) => ({ key, channel: of, attempts: 0 })));
              known.add(key);
            }
          } else if (one.do === 'keep') {
            const kept = model.filter(({ channel: of }) => one.channels.includes(of));
            expect(ledger.guard.keepChannels(one.channels)).toBe(model.length - kept.length);
            model = kept;
          } else if (one.do === 'restart') {
            ledger.close();
            ledger = openAt(path);
          } else {
            const alertId = ledger.guard.pending(one.channel, 9)[one.nth]?.alertId ?? 999;
            const found = nth(one.channel, one.nth);
            if (one.do === 'settle') {
              ledger.guard.settle(alertId, one.channel, 'delivered', T0);
              model = model.filter((row) => row !== found);
            } else {
              ledger.guard.postpone(alertId, one.channel, (found?.attempts ?? 0) + 1, T0, 'busy');
              if (found !== undefined) found.attempts++;
            }
          }
          for (const of of ['a', 'b', 'c'] as const) {
            const expected = model.filter((row) => row.channel === of);
            expect(ledger.guard.pending(of, 99).map(({ message, attempts }) => [message.id, attempts])).toEqual(
              expected.map(({ key, attempts }) => [key, attempts]),
            );
            expect(ledger.guard.depth().get(of) ?? 0).toBe(expected.length);
          }
        }
        expect(ledger.integrityCheck()).toEqual([]);
        ledger.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('what was sent', () => {
  it.each([
    { keepMs: 400 * DAY, forMs: KEEP_SETTLED_MS },
    { keepMs: 2 * DAY, forMs: 2 * DAY },
  ])('is kept for the shorter of 30 days and $keepMs ms, and what is not sent for ever', ({ keepMs, forMs }) => {
    const { ledger, path } = newLedger();
    const { guard } = ledger;
    guard.record([entry(conflict(1), CHANNELS), entry(conflict(2), CHANNELS), entry(conflict(3), []), entry(conflict(4))]);
    guard.settle(1, 'ops', 'delivered', T0 + DAY);
    guard.settle(1, 'mail', 'rejected', T0);
    guard.settle(2, 'mail', 'delivered', T0);
    guard.settle(4, 'ops', 'delivered', T0);
    const kept = (nowMs: number): unknown => {
      while (ledger.prune(nowMs, keepMs));
      return rows(path, 'SELECT group_concat(conflict) FROM alert');
    };
    expect(kept(T0 + forMs - 1)).toBe('1,2,3,4');
    expect(kept(T0 + forMs + 100)).toBe('1,2');
    expect(kept(T0 + forMs + DAY + 1)).toBe('2');
    expect(kept(T0 + 10_000 * DAY)).toBe('2');
    expect(rows(path, 'SELECT count(*) FROM delivery')).toBe(2);
    expect(waiting(guard, 'ops')).toEqual(['2-1']);
    expect(ledger.integrityCheck()).toEqual([]);
    // The number of a message is not used again.
    guard.record([entry(conflict(9))]);
    expect(guard.pending('ops', 9).map(({ alertId }) => alertId)).toEqual([2, 5]);
  });

  it('is kept up to a number, and costs no look when the next ones are asked for', { timeout: 60_000 }, () => {
    const { guard, database, plan } = bareGuard();
    for (let part = 0; part < 5; part++) {
      const from = part * 10_000 + 1;
      guard.record(Array.from({ length: 10_000 }, (_, n) => entry(conflict(from + n))));
    }
    database.exec(`UPDATE delivery SET outcome = 'delivered', settled = ${T0} WHERE alert < 50000;
      UPDATE alert SET settled = ${T0} + id WHERE id < 50000`);
    expect(waiting(guard, 'ops')).toEqual(['50000-1']);
    guard.forget();
    expect(plan(() => guard.pending('ops', 9))).toEqual([
      'SEARCH delivery USING INDEX delivery_waiting',
      'SEARCH alert USING INTEGER PRIMARY KEY',
    ]);
    expect(plan(() => guard.depth())).toEqual(['SCAN delivery USING INDEX delivery_waiting']);
    guard.settle(50_000, 'ops', 'delivered', T0 + DAY);
    const left = database.prepare<[], [number, number]>('SELECT count(*), min(id) FROM alert').raw().get();
    expect(left).toEqual([MAX_SETTLED - 100, 50_000 - MAX_SETTLED + 101]);
    expect(database.prepare('SELECT count(*) FROM delivery').pluck().get()).toBe(MAX_SETTLED - 100);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  });
});

describe('a channel that is dead', () => {
  it('makes its oldest messages go when too many wait, and no other channel lose one', { timeout: 60_000 }, () => {
    const { guard, database } = bareGuard();
    const fill = (from: number, count: number, channels: readonly string[]) =>
      guard.record(Array.from({ length: count }, (_, n) => entry(conflict(from + n), channels)));
    fill(1, 10, CHANNELS);
    guard.settle(1, 'mail', 'delivered', T0 + DAY);
    guard.settle(12, 'mail', 'delivered', T0 + DAY);
    for (let part = 0; part < 5; part++) fill(11 + part * 10_000, 10_000, ['ops']);
    expect(guard.dropped()).toBe(10);
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: MAX_WAITING, mail: 9 })));
    expect(waiting(guard, 'ops', 1)).toEqual(['11-1']);
    expect(waiting(guard, 'mail', 2)).toEqual(['2-1', '3-1']);
    fill(100_001, 3, ['ops']);
    expect([guard.dropped(), guard.depth().get('ops')]).toEqual([13, MAX_WAITING]);
    // What nobody has to send any more is settled, and will be pruned: 1 by mail, and 11 to 13 by nobody.
    const settled = database
      .prepare<[], [number, number]>('SELECT conflict, settled FROM alert WHERE settled IS NOT NULL ORDER BY settled')
      .raw();
    expect(settled.all()).toEqual([
      [11, T0 + 11],
      [12, T0 + 12],
      [13, T0 + 13],
      [1, T0 + DAY],
    ]);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  });
});

describe('what goes first when too many wait', () => {
  const imminent = (id: number) => entry(conflict(id, { kind: 'imminent' }));
  const averted = (id: number) => entry(closed(id, T0 + HOUR, { kind: 'imminent' }));
  const notice = (id: number) => entry(conflict(id, { kind: 'unannounced' }));
  const urgent = (id: number) => entry(conflict(id));
  /** Fills up with critical ones, so that each delivery more makes one go. */
  const fillUp = ({ guard, database }: ReturnType<typeof bareGuard>): void => {
    const { length } = waiting(guard, 'ops');
    guard.record([urgent(1000)]);
    database.exec(`WITH RECURSIVE more (id) AS (SELECT 1001 UNION ALL SELECT id + 1 FROM more WHERE id < ${1000 + MAX_WAITING - length - 1})
      INSERT INTO alert (id, conflict, seq, caused, message) SELECT 100000 + more.id, more.id, 1, 0, message FROM more, alert WHERE conflict = 1000;
      INSERT INTO delivery (alert, channel, worth) SELECT id, 'ops', 3 FROM alert WHERE id > 100000`);
    guard.forget();
    expect(guard.depth().get('ops')).toBe(MAX_WAITING);
  };
  const WATCHED = 999;
  const rest = (guard: GuardStore): string[] =>
    guard.pending('ops', 50).flatMap(({ conflictId, message }) => (conflictId <= WATCHED ? [message.id] : []));
  const overflow = (guard: GuardStore, count: number, from = 500_000): void =>
    guard.record(Array.from({ length: count }, (_, n) => urgent(from + n)));

  it('is what was about to happen and did not, both messages of it; then by severity, the oldest first', () => {
    const bare = bareGuard();
    const { guard, database } = bare;
    guard.record([urgent(1), imminent(2), notice(3), imminent(4), imminent(5), averted(4), averted(2), notice(6)]);
    fillUp(bare);
    overflow(guard, 1);
    expect(rest(guard)).toEqual(['1-1', '3-1', '4-1', '5-1', '4-2', '6-1']);
    // The room for one more is there: both messages went.
    expect([guard.dropped(), guard.depth().get('ops')]).toEqual([2, MAX_WAITING - 1]);
    overflow(guard, 2, 600_000);
    expect(rest(guard)).toEqual(['1-1', '3-1', '5-1', '6-1']);
    overflow(guard, 2, 700_000);
    expect(rest(guard)).toEqual(['1-1', '5-1', '6-1']);
    overflow(guard, 1, 710_000);
    expect(rest(guard)).toEqual(['1-1', '5-1']);
    overflow(guard, 1, 720_000);
    expect(rest(guard)).toEqual(['1-1']);
    overflow(guard, 1, 730_000);
    expect(rest(guard)).toEqual([]);
    expect(guard.depth().get('ops')).toBe(MAX_WAITING);
    expect(guard.dropped()).toBe(8);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it('is not the end of a conflict of which a channel was told, nor one that came true', () => {
    const bare = bareGuard();
    const { guard, database } = bare;
    const worth = () =>
      database.prepare("SELECT alert || ':' || worth FROM delivery WHERE outcome IS NULL ORDER BY alert").pluck().all();
    guard.record([imminent(1), imminent(2), imminent(3)]);
    guard.settle(1, 'ops', 'delivered', T0);
    guard.record([averted(1), averted(2), entry(conflict(3, { seq: 2 }), ['ops'], 'escalated')]);
    expect(worth()).toEqual(['2:0', '3:2', '4:2', '5:0', '6:3']);
    // Its beginning goes out while its end waits: from then on its end is owed.
    guard.settle(2, 'ops', 'delivered', T0);
    expect(worth()).toEqual(['3:2', '4:2', '5:2', '6:3']);
  });

  it('is found without a look at what waits', () => {
    const bare = bareGuard();
    const { guard, plan } = bare;
    guard.record([imminent(1), averted(1), notice(2)]);
    fillUp(bare);
    overflow(guard, 3);
    const steps = plan(() => overflow(guard, 3, 600_000));
    expect(steps).toContain('SEARCH delivery USING INDEX delivery_by_worth');
    expect(steps.filter((step) => step.startsWith('SCAN') || step.includes('TEMP'))).toEqual([]);
    expect(plan(() => guard.record([averted(600_000)])).filter((step) => step.startsWith('SCAN'))).toEqual([]);
  });

  it('is known of what waited before it was', () => {
    const { ledger, path } = newLedger();
    ledger.close();
    const database = new Database(path);
    const before = readMigrations().slice(0, 10);
    database.exec(`DROP TABLE claim; DROP TABLE cluster_view; DROP INDEX delivery_by_worth; ALTER TABLE delivery DROP COLUMN worth; ALTER TABLE dhcp_server DROP COLUMN handed_out;
      DELETE FROM migration WHERE number > ${before.length}; PRAGMA user_version = ${before.length}`);
    const add = database.prepare('INSERT INTO alert (id, conflict, seq, caused, message) VALUES (?, ?, 1, 0, ?)');
    for (const [id, kind] of (['squatter', 'imminent', 'unannounced'] as const).entries()) {
      add.run(id + 1, id + 1, JSON.stringify(messageOf(conflict(id + 1, { kind }), 'opened')));
      database.prepare("INSERT INTO delivery (alert, channel) VALUES (?, 'ops')").run(id + 1);
    }
    database.close();
    expect(waiting(openAt(path).guard, 'ops')).toEqual(['1-1', '2-1', '3-1']);
    expect(rows(path, 'SELECT group_concat(worth) FROM delivery')).toBe('3,2,1');
  });
});

describe('a record', () => {
  it('is stored as a whole or not at all, on disk and in memory, and can be tried again', () => {
    const { ledger, path } = newLedger();
    const { guard } = ledger;
    guard.record([entry(conflict(1), CHANNELS)]);
    const state = () => [
      everyConflict(guard),
      waiting(guard, 'ops'),
      waiting(guard, 'mail'),
      guard.depth(),
      guard.largestConflictId(),
    ];
    const before = state();
    const next = [entry(closed(1, T0 + HOUR), CHANNELS), entry(conflict(2), CHANNELS)];
    const other = new Database(path);
    for (const table of ['conflict', 'alert', 'delivery']) {
      const last = { conflict: 'new.id = 2', alert: 'new.conflict = 2', delivery: "new.channel = 'mail'" }[table];
      other.exec(`CREATE TRIGGER refuse BEFORE INSERT ON ${table} WHEN ${last} BEGIN SELECT raise(ABORT, 'refused'); END`);
      expect(() => guard.record(next)).toThrow('refused');
      expect(state()).toEqual(before);
      other.exec('DROP TRIGGER refuse');
    }
    other.exec("CREATE TRIGGER refuse BEFORE UPDATE ON alert BEGIN SELECT raise(ABORT, 'refused'); END");
    guard.settle(1, 'mail', 'delivered', T0);
    const settled = state();
    expect(() => guard.settle(1, 'ops', 'delivered', T0)).toThrow('refused');
    expect(() => guard.keepChannels([])).toThrow('refused');
    expect(state()).toEqual(settled);
    other.exec('DROP TRIGGER refuse');
    other.close();
    guard.record(next);
    guard.settle(1, 'ops', 'delivered', T0);
    expect([waiting(guard, 'ops'), waiting(guard, 'mail')]).toEqual([
      ['1-2', '2-1'],
      ['1-2', '2-1'],
    ]);
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: 2, mail: 2 })));
    expect(ledger.integrityCheck()).toEqual([]);
  });

  it('says that the disk is full, has written nothing then, and goes on when there is room', () => {
    const { guard, database } = bareGuard();
    guard.record([entry(conflict(1), CHANNELS)]);
    database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true })) + 8}`);
    let stored = 1;
    const many = (from: number) => Array.from({ length: 5 }, (_, n) => entry(conflict(from + n), CHANNELS));
    const { code } = refusal(() => {
      for (; stored < 1_000; stored += 5) guard.record(many(stored + 1));
    });
    expect(code).toBe('ledger-full');
    expect(everyConflict(guard)).toHaveLength(stored);
    expect(waiting(guard, 'ops')).toHaveLength(stored);
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: stored, mail: stored })));
    expect(database.pragma('synchronous', { simple: true })).toBe(1);
    database.pragma('max_page_count = 4294967294');
    guard.record(many(stored + 1));
    expect(everyConflict(guard)).toHaveLength(stored + 5);
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: stored + 5, mail: stored + 5 })));
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it('tells a person when another process holds the database, and goes on afterwards', () => {
    const { ledger, path } = newLedger();
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    expect(refusal(() => ledger.guard.record([entry(conflict(1))])).code).toBe('ledger-locked');
    expect(refusal(() => ledger.guard.settle(1, 'ops', 'delivered', T0)).code).toBe('ledger-locked');
    expect(ledger.guard.depth()).toEqual(new Map());
    other.exec('COMMIT');
    other.close();
    ledger.guard.record([entry(conflict(1))]);
    expect(waiting(ledger.guard, 'ops')).toEqual(['1-1']);
  });

  it('waits for no sync of the disk, whatever it writes', () => {
    const { guard, asked } = bareGuard();
    guard.record([entry(conflict(1))]);
    guard.record([entry(conflict(1), [], 'updated')]);
    guard.settle(1, 'ops', 'delivered', T0);
    const spoken = asked.filter((sql) => /synchronous|BEGIN|COMMIT/i.test(sql)).map((sql) => sql.toLowerCase());
    expect(spoken).toEqual(Array.from({ length: 3 }, () => ['begin immediate', 'commit']).flat());
  });

  it('and a batch of the recorder that fails do not harm each other', () => {
    const { ledger, lan, path } = newLedger();
    ledger.guard.record([entry(conflict(1), CHANNELS)]);
    const { revision } = ledger;
    const other = new Database(path);
    other.exec("CREATE TRIGGER refuse BEFORE INSERT ON occupancy BEGIN SELECT raise(ABORT, 'refused'); END");
    other.close();
    expect(() => ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', null, T0)] }))).toThrow('refused');
    ledger.guard.record([entry(conflict(2), CHANNELS)]);
    expect(ledger.guard.depth()).toEqual(new Map(Object.entries({ ops: 2, mail: 2 })));
    expect(ledger.revision).toBe(revision);
  });
});
