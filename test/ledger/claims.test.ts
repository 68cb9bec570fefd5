import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeSet } from '../../src/core/address/range-set.ts';
import { CLAIM_STATES, type NewClaim } from '../../src/core/claim/types.ts';
import { MAX_CLAIMS } from '../../src/ledger/claims.ts';
import { claim, PROOF } from './claim-fixtures.ts';
import { newLedger, openAt, range, SECOND, set, T0, temporaryPath } from './fixtures.ts';

const text = (maxLength: number, minLength = 0) =>
  fc.string({ unit: 'grapheme', maxLength, minLength }).map((drawn) => drawn.slice(0, maxLength).toWellFormed());
const time = fc.integer({ min: 0, max: 2 ** 42 });
const figure = fc.double({ min: 0, max: 2 ** 42, noNaN: true });
const anyClaim: fc.Arbitrary<NewClaim> = fc.record({
  startedMs: time,
  by: text(128),
  server: text(200),
  namespace: text(63),
  pool: text(253),
  advertisement: text(253),
  ranges: fc
    .array(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)), { minLength: 1, maxLength: 5 })
    .map((pairs) =>
      rangeSet(pairs.map(([a, b]) => ({ ...range('0.0.0.0'), first: Math.min(a, b), last: Math.max(a, b) }) as never)),
    ),
  proof: fc.option(
    fc.record({
      sinceMs: fc.option(figure),
      quietForMs: figure,
      looks: fc.nat(),
      coverage: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
      longestGapMs: figure,
      newestLookMs: fc.option(figure),
      lastSeenMs: fc.option(figure),
      methods: fc.constantFrom<readonly ('arp' | 'icmp')[]>([], ['arp'], ['icmp'], ['arp', 'icmp']),
      criteria: fc.record({
        quietForMs: figure,
        minSweeps: fc.nat(),
        maxGapMs: figure,
        minCoverage: fc.double({ min: 0.1, max: 1, noNaN: true }),
      }),
      weakerThanConfigured: fc.boolean(),
      verifiedMs: figure,
      probesSent: fc.nat(),
      kept: fc.nat(),
    }),
  ),
  overridden: fc.option(text(500)),
});

describe('claims', () => {
  it('come back as they went in, in every field, at once and after a restart', () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { minLength: 1, maxLength: 4 }), (claims) => {
        const { ledger, path } = newLedger(true);
        const ids = claims.map((one) => ledger.claims.begin(one));
        const expected = claims.map((one, at) => ({ ...one, id: ids[at], state: 'pushing', endedMs: null, outcome: '' }));
        const check = (store: typeof ledger.claims) => {
          expect(ids.map((id) => store.claim(id))).toEqual(expected);
          expect(store.list({ limit: 100 })).toEqual(expected.toReversed());
        };
        check(ledger.claims);
        ledger.close();
        const again = openAt(path);
        check(again.claims);
        again.close();
      }),
      { numRuns: 30 },
    );
  });

  it.each(CLAIM_STATES.filter((state) => state !== 'pushing'))('end as %s, once', (state) => {
    const { claims } = newLedger().ledger;
    const id = claims.begin(claim());
    const ended = { ...claim(), id, state, endedMs: T0 + SECOND, outcome: 'MetalLB has taken it' };
    expect(claims.end(id, state, 'MetalLB has taken it', T0 + SECOND)).toEqual(ended);
    expect(claims.end(id, 'unknown', 'again', T0 + 2 * SECOND)).toBeNull();
    expect(claims.claim(id)).toEqual(ended);
  });

  it('that are not there are not ended', () => {
    const { claims } = newLedger().ledger;
    expect(claims.end(1, 'complete', '', T0)).toBeNull();
    expect(claims.claim(1)).toBeNull();
  });

  it('are listed newest first, by state and a page at a time', () => {
    const { claims } = newLedger().ledger;
    for (let n = 0; n < 6; n++) claims.begin(claim({ pool: `pool-${n}` }));
    claims.end(2, 'complete', '', T0);
    claims.end(4, 'failed', '', T0);
    const ids = (filter: Parameters<typeof claims.list>[0]) => claims.list(filter).map(({ id }) => id);
    expect(ids({ limit: 10 })).toEqual([6, 5, 4, 3, 2, 1]);
    expect(ids({ limit: 2 })).toEqual([6, 5]);
    expect(ids({ limit: 2, before: 5 })).toEqual([4, 3]);
    expect(ids({ limit: 10, state: 'pushing' })).toEqual([6, 5, 3, 1]);
    expect(ids({ limit: 10, state: 'pushing', before: 5 })).toEqual([3, 1]);
    expect(ids({ limit: 10, state: 'failed' })).toEqual([4]);
    expect(ids({ limit: 10, state: 'unknown' })).toEqual([]);
  });

  it('stand from their beginning until they failed or the next of their pool is complete', () => {
    const { ledger, path } = newLedger(true);
    const { claims } = ledger;
    const standing = (store = claims) => store.standing().map(({ id }) => id);
    expect(standing()).toEqual([]);
    const one = claims.begin(claim());
    const { startedMs, server, namespace, pool, ranges } = claim();
    expect(claims.standing()).toEqual([{ id: one, startedMs, endedMs: null, server, namespace, pool, ranges }]);
    // Asked again it is what it was; nothing is read for that.
    expect(claims.standing()).toBe(claims.standing());
    claims.end(one, 'complete', '', T0);
    const two = claims.begin(claim({ ranges: set('192.0.2.7') }));
    expect(standing()).toEqual([two, one]);
    claims.end(two, 'failed', '', T0);
    expect(standing()).toEqual([one]);
    const three = claims.begin(claim({ ranges: set('192.0.2.8') }));
    const other = claims.begin(claim({ pool: 'other' }));
    claims.end(three, 'complete', '', T0);
    expect(standing()).toEqual([other, three]);
    ledger.close();
    const again = openAt(path);
    expect(standing(again.claims)).toEqual([other, three]);
    again.close();
  });

  it('are never more than the newest ten thousand, and no id comes back', () => {
    const { ledger, path } = newLedger(true);
    const { claims } = ledger;
    for (let n = 1; n <= MAX_CLAIMS + 250; n++) expect(claims.begin(claim())).toBe(n);
    const kept = claims.list({ limit: 20_000 });
    expect(kept.length).toBeLessThanOrEqual(MAX_CLAIMS);
    expect(kept.length).toBeGreaterThanOrEqual(MAX_CLAIMS - 100);
    expect([kept[0]?.id, kept.at(-1)?.id]).toEqual([MAX_CLAIMS + 250, MAX_CLAIMS + 251 - kept.length]);
    ledger.close();
    const database = new Database(path);
    database.exec('DELETE FROM claim');
    database.close();
    expect(openAt(path).claims.begin(claim())).toBe(MAX_CLAIMS + 251);
  });

  it('do not outgrow their fields', () => {
    const { claims } = newLedger().ledger;
    const long = 'x'.repeat(5000);
    const id = claims.begin(
      claim({ by: long, server: long, namespace: long, pool: long, advertisement: long, overridden: long }),
    );
    claims.end(id, 'failed', long, T0);
    const stored = claims.claim(id);
    const lengths = [
      stored?.by,
      stored?.server,
      stored?.namespace,
      stored?.pool,
      stored?.advertisement,
      stored?.overridden,
      stored?.outcome,
    ].map((one) => one?.length);
    expect(lengths).toEqual([128, 2048, 253, 253, 253, 500, 1000]);
  });

  const STRANGE = [
    [
      'a proof that lacks everything',
      '{}',
      { sinceMs: null, quietForMs: 0, looks: 0, coverage: 0, methods: [], weakerThanConfigured: true },
    ],
    [
      'figures that are none',
      '{"quietForMs":"long","looks":-3,"coverage":9,"criteria":7,"methods":"arp"}',
      { quietForMs: 0, looks: 0, coverage: 1 },
    ],
    ['members that nobody knows', `{"mood":"good","looks":5,"methods":["arp","sonar"]}`, { looks: 5, methods: ['arp'] }],
    ['a list', '[1,2]', null],
    ['a text', '"proof"', null],
  ] as const;
  it.each(STRANGE)('are listed also with %s for a proof', (_, stored, read) => {
    const { ledger, path } = newLedger();
    ledger.claims.begin(claim());
    ledger.close();
    const database = new Database(path);
    database.prepare('UPDATE claim SET proof = ?').run(stored);
    database.close();
    const [one] = openAt(path).claims.list({ limit: 1 });
    if (read === null) expect(one?.proof).toBeNull();
    else expect(one?.proof).toMatchObject(read);
  });

  it.each(['{}', '[[5,3],["a",1],7,[-1,4],[1.5,2],[0,4294967296]]', '"x"'])('are listed also with %s for ranges', (stored) => {
    const { ledger, path } = newLedger();
    ledger.claims.begin(claim());
    ledger.close();
    const database = new Database(path);
    database.prepare('UPDATE claim SET ranges = ?').run(stored);
    database.close();
    expect(openAt(path).claims.list({ limit: 1 })).toMatchObject([{ ranges: [], proof: PROOF }]);
  });

  it('that began are there after a kill at a random moment', { timeout: 60_000 }, async () => {
    const path = temporaryPath();
    let said = 0;
    for (let kill = 0; kill < 8; kill++) {
      const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'claim-crash-writer.ts'), path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const closed = once(child, 'close');
      await Promise.race([once(child.stdout, 'data'), closed]);
      await sleep(Math.random() * 40);
      child.kill('SIGKILL');
      expect((await closed)[1]).toBe('SIGKILL');
      const lines = output.split('\n').slice(0, -1);
      const ledger = openAt(path);
      for (const line of lines) {
        const [id = 0, state = ''] = line.split(' ');
        // What was told last may have ended meanwhile.
        const states = state === 'pushing' ? ['pushing', 'complete'] : [state];
        expect(states).toContain(ledger.claims.claim(Number(id))?.state);
      }
      said += lines.length;
      ledger.close();
    }
    expect(said).toBeGreaterThanOrEqual(8);
  });
});
