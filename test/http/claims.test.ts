/** Claims over HTTP, with a real ledger behind them. */
import { pino } from 'pino';
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Claim } from '../../src/core/claim/types.ts';
import { DEFAULT_CRITERIA } from '../../src/core/evidence/criteria.ts';
import { createAnswers } from '../../src/http/answers/answers.ts';
import { claimSentence, createClaims } from '../../src/http/answers/claims.ts';
import { createApp } from '../../src/http/app.ts';
import * as schemas from '../../src/http/claim-schemas.ts';
import type { ClaimsAnswer } from '../../src/http/claim-service.ts';
import { daemonClaims } from '../../src/http/claims-writer.ts';
import { createClient } from '../../src/http/client.ts';
import { listen } from '../../src/http/server.ts';
import { createLiveEvents } from '../../src/watch/live-events.ts';
import { Recorder } from '../../src/watch/recorder.ts';
import type { Watch } from '../../src/watch/watch.ts';
import { claim as begun, PROOF } from '../ledger/claim-fixtures.ts';
import { newLedger, range, SECOND, set, T0 } from '../ledger/fixtures.ts';
import { claimProof, newClaim } from './claim-fixtures.ts';
import { fakeService } from './fake-service.ts';

function scene() {
  const { ledger } = newLedger(true);
  let nowMs = T0;
  const told: Claim[] = [];
  const claims = createClaims({ store: ledger.claims, now: () => nowMs, onChange: (claim) => told.push(claim) });
  const app = createApp({ service: { ...fakeService(), claims }, token: null, logger: pino({ level: 'silent' }), version: '1' });
  return {
    app,
    told,
    ledger,
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('a claim', () => {
  it('begins, ends, and is told of as it went', async () => {
    const { app, wait, told } = scene();
    const made = await request(app).post('/claims').send(newClaim);
    expect(made).toMatchObject({ status: 201 });
    expect(schemas.claim.parse(made.body)).toEqual(made.body);
    expect(made.body).toEqual({
      ...newClaim,
      id: 1,
      state: 'pushing',
      startedAt: new Date(T0).toISOString(),
      endedAt: null,
      ranges: [{ start: '192.0.2.200', end: '192.0.2.215', size: 16 }],
      outcome: '',
    });
    wait(4 * SECOND);
    const ended = await request(app).post('/claims/1').send({ state: 'complete', outcome: 'MetalLB has taken it' });
    expect(ended).toMatchObject({
      status: 200,
      body: { id: 1, state: 'complete', endedAt: new Date(T0 + 4 * SECOND).toISOString(), outcome: 'MetalLB has taken it' },
    });
    expect(await request(app).get('/claims/1')).toMatchObject({ status: 200, body: ended.body });
    expect(told.map(({ state }) => state)).toEqual(['pushing', 'complete']);
  });

  it('is on the disk once it has begun', async () => {
    const { app, ledger } = scene();
    await request(app).post('/claims').send(newClaim);
    expect(ledger.claims.claim(1)).toMatchObject({
      state: 'pushing',
      by: 'ada@jump',
      proof: { quietForMs: 352_800_000, coverage: 0.998 },
    });
  });

  it('keeps its proof as it was sent', async () => {
    const { app } = scene();
    const proof = {
      ...claimProof,
      lastSeenAt: '2026-05-01T08:00:00.000Z',
      weakerThanConfigured: true,
      kept: 4,
      methods: ['icmp'],
    };
    const { body } = await request(app)
      .post('/claims')
      .send({ ...newClaim, proof });
    expect(body.proof).toEqual(proof);
  });

  it.each([
    ['without a proof', { proof: null, overridden: 'the lab is ours' }],
    ['in spite of one', { proof: claimProof, overridden: 'the lab is ours' }],
  ])('may be overridden %s', async (_, more) => {
    const { app } = scene();
    expect(
      await request(app)
        .post('/claims')
        .send({ ...newClaim, ...more }),
    ).toMatchObject({ status: 201, body: more });
  });

  it('names its ranges once, however they were written', async () => {
    const { app } = scene();
    const ranges = ['192.0.2.210-192.0.2.215', '192.0.2.204/31', '192.0.2.200-192.0.2.209'];
    const { body } = await request(app)
      .post('/claims')
      .send({ ...newClaim, ranges });
    expect(body.ranges).toEqual([{ start: '192.0.2.200', end: '192.0.2.215', size: 16 }]);
  });

  it('ends once', async () => {
    const { app, told } = scene();
    await request(app).post('/claims').send(newClaim);
    await request(app).post('/claims/1').send({ state: 'failed' });
    const again = await request(app).post('/claims/1').send({ state: 'complete' });
    expect(again).toMatchObject({ status: 409, type: 'application/problem+json', body: { code: 'claim-ended' } });
    expect(again.body.detail).toBe('Claim 1 has ended already: it is failed.');
    expect(told).toHaveLength(2);
  });

  it('that is not there is not found', async () => {
    const { app } = scene();
    expect(await request(app).get('/claims/7')).toMatchObject({ status: 404, body: { code: 'claim-unknown' } });
    expect(await request(app).post('/claims/7').send({ state: 'failed' })).toMatchObject({
      status: 404,
      body: { code: 'claim-unknown' },
    });
  });

  it('is not begun by a page of another origin', async () => {
    const { app, ledger } = scene();
    const sent = request(app).post('/claims').set('Content-Type', 'text/plain').send(JSON.stringify(newClaim));
    expect(await sent).toMatchObject({ status: 415 });
    expect(ledger.claims.list({ limit: 1 })).toEqual([]);
  });
});

describe('the list of claims', () => {
  it('is newest first, a page at a time, and by state', async () => {
    const { app } = scene();
    for (let n = 1; n <= 5; n++)
      await request(app)
        .post('/claims')
        .send({ ...newClaim, pool: `pool-${n}` });
    await request(app).post('/claims/2').send({ state: 'failed' });
    const page = async (query: object): Promise<ClaimsAnswer> => {
      const { body } = await request(app).get('/claims').query(query);
      return schemas.claims.parse(body);
    };
    const ids = ({ claims, next }: ClaimsAnswer) => [claims.map(({ id }) => id), next];
    expect(ids(await page({}))).toEqual([[5, 4, 3, 2, 1], null]);
    expect(ids(await page({ limit: 2 }))).toEqual([[5, 4], 4]);
    expect(ids(await page({ limit: 2, before: 4 }))).toEqual([[3, 2], 2]);
    expect(ids(await page({ limit: 2, before: 2 }))).toEqual([[1], null]);
    expect(ids(await page({ state: 'failed' }))).toEqual([[2], null]);
    expect(ids(await page({ state: 'unknown' }))).toEqual([[], null]);
  });
});

describe('the writer of claims', () => {
  it('writes through a daemon, and tells its refusals', async () => {
    const { app, ledger } = scene();
    const server = await listen(app, { kind: 'tcp', host: '127.0.0.1', port: 0 });
    onTestFinished(() => server.close());
    const writer = daemonClaims(createClient({ url: server.url, token: null }));
    const claim = await writer.begin(newClaim);
    expect(claim).toMatchObject({ id: 1, state: 'pushing' });
    expect(await writer.end(1, { state: 'unknown', outcome: 'the API server went away' })).toMatchObject({ state: 'unknown' });
    expect(ledger.claims.claim(1)).toMatchObject({ state: 'unknown', outcome: 'the API server went away' });
    await expect(writer.end(1, { state: 'failed', outcome: '' })).rejects.toMatchObject({ code: 'claim-ended' });
    await expect(writer.begin({ ...newClaim, proof: null })).rejects.toMatchObject({ code: 'invalid-body', exitCode: 2 });
  });
});

describe('what is told live', () => {
  it.each([
    ['the segment that holds it', ['192.0.2.200-192.0.2.215'], 'lan'],
    ['none, where none holds it', ['198.51.100.1'], ''],
  ])('is a notice with the code claim, of %s', (_, ranges, segment) => {
    const { ledger } = newLedger(true);
    const live = createLiveEvents({ run: 'run1' });
    const clock = { nowMs: () => T0, monotonicMs: () => 0 };
    const place = { range: range('192.0.2.0/24') };
    const service = createAnswers({
      watch: { all: () => [{ watch: { place, config: { name: 'lan' } } }] } as unknown as Watch,
      ledger,
      recorder: new Recorder({ ledger, clock, logger: pino({ level: 'silent' }), onScanner: () => undefined }),
      clock,
      criteria: () => DEFAULT_CRITERIA,
      guard: { ...fakeService().guard, events: live },
    });
    service.claims.begin({ ...begun(), ranges: set(...ranges) });
    service.claims.end(1, { state: 'complete', outcome: '' });
    expect(live.since(0).events).toMatchObject([
      { type: 'notice', code: 'claim', segment, text: expect.stringContaining('claim 1 begins'), atMs: T0 },
      { type: 'notice', code: 'claim', segment, text: expect.stringContaining('claim 1 is complete') },
    ]);
  });

  const claim = (more: Partial<Claim> = {}): Claim => ({
    ...begun(),
    id: 3,
    state: 'pushing',
    endedMs: null,
    outcome: '',
    ...more,
  });
  it.each<[string, Partial<Claim>, string]>([
    [
      'a beginning',
      {},
      'claim 3 begins: ada@jump pushes 192.0.2.200-192.0.2.215 as pool production-pool in metallb-system (quiet for 4 d, 8640 looks).',
    ],
    [
      'one of addresses that the pool has already',
      { proof: { ...PROOF, sinceMs: null, quietForMs: 0, looks: 0, kept: 16 } },
      'claim 3 begins: ada@jump pushes 192.0.2.200-192.0.2.215 as pool production-pool in metallb-system (no new proof; 16 addresses in the pool before).',
    ],
    [
      'an override',
      { overridden: 'lab\u001b[2J only' },
      'claim 3 begins: ada@jump pushes 192.0.2.200-192.0.2.215 as pool production-pool in metallb-system (its proof overridden: lab[2J only).',
    ],
    [
      'a good end',
      { state: 'complete' },
      'claim 3 is complete: 192.0.2.200-192.0.2.215 is pool production-pool in metallb-system, pushed by ada@jump (quiet for 4 d, 8640 looks).',
    ],
    [
      'a bad end',
      { state: 'failed', outcome: 'the webhook refused it' },
      'claim 3 of ada@jump failed: nothing of pool production-pool in metallb-system was changed: the webhook refused it',
    ],
    [
      'an unknown end',
      { state: 'unknown', outcome: 'timed out' },
      'claim 3 of ada@jump ended, and whether 192.0.2.200-192.0.2.215 is in pool production-pool in metallb-system is not known: timed out',
    ],
  ])('%s', (_, more, sentence) => {
    expect(claimSentence(claim(more))).toBe(sentence);
  });
});
