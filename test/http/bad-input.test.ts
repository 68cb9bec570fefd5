import fc from 'fast-check';
import { pino } from 'pino';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as schemas from '../../src/http/answer-schemas.ts';
import { createApp } from '../../src/http/app.ts';
import { listen, type RunningServer } from '../../src/http/server.ts';
import { claimProof, newClaim } from './claim-fixtures.ts';
import { fakeService } from './fake-service.ts';

const service = fakeService();
const app = createApp({ service, token: null, logger: pino({ level: 'silent' }), version: '1' });

const QUERIES: readonly (readonly [string, string, string])[] = [
  ['/free-ranges?sise=4', 'sise', 'did you mean "size"? known here: segment, size, limit'],
  ['/free-ranges?foo=4', 'foo', 'unknown parameter (known here: segment, size, limit, alignment'],
  ['/free-ranges?size=4&size=5', 'size', 'given more than once'],
  ['/free-ranges?size[]=4', 'size[]', 'unknown parameter'],
  ['/free-ranges?__proto__=4', '__proto__', 'unknown parameter'],
  ['/free-ranges?constructor=4', 'constructor', 'unknown parameter'],
  ['/free-ranges?size=', 'size', 'expected a whole number from 1 to 65536, got ""'],
  ['/free-ranges?size=0', 'size', 'expected a whole number from 1 to 65536, got "0"'],
  ['/free-ranges?size=65537', 'size', 'from 1 to 65536'],
  ['/free-ranges?size=-1', 'size', 'from 1 to 65536'],
  ['/free-ranges?size=1.5', 'size', 'from 1 to 65536'],
  ['/free-ranges?size=0x10', 'size', 'from 1 to 65536'],
  ['/free-ranges?size=1e3', 'size', 'from 1 to 65536'],
  ['/free-ranges?size=%E0%A4%A', 'size', 'from 1 to 65536'],
  ['/free-ranges?limit=4097', 'limit', 'from 1 to 4096'],
  ['/free-ranges?within=192.0.2.9-192.0.2.1', 'within', 'is not a range'],
  ['/free-ranges?poolServer=production', 'poolServer', 'expected the URL of an API server'],
  ['/free-ranges?poolServer=https://192.0.2.9:6443/%1b', 'poolServer', 'expected the URL of an API server'],
  [`/free-ranges?poolServer=https://192.0.2.9/${'x'.repeat(2048)}`, 'poolServer', 'expected the URL of an API server'],
  ['/free-ranges?poolNamespace=No', 'poolNamespace', 'expected a name as Kubernetes has them'],
  ['/free-ranges?quietFor=72', 'quietFor', 'expected a duration from 5s to 400d, like 90s, 10m, 72h or 14d, got "72"'],
  ['/free-ranges?quietFor=1s', 'quietFor', 'from 5s to 400d'],
  ['/free-ranges?quietFor=401d', 'quietFor', 'from 5s to 400d'],
  ['/free-ranges?maxGap=8d', 'maxGap', 'from 1s to 7d'],
  ['/free-ranges?minSweeps=0', 'minSweeps', 'from 1 to 10000000'],
  ['/free-ranges?minCoverage=1.1', 'minCoverage', 'expected a number from 0 to 1'],
  ['/free-ranges?minCoverage=-0', 'minCoverage', 'expected a number from 0 to 1'],
  ['/free-ranges?minCoverage=95%25', 'minCoverage', 'expected a number from 0 to 1'],
  ['/free-ranges?alignment=CIDR', 'alignment', 'expected one of none, cidr, got "CIDR"'],
  ['/free-ranges?segment=../x', 'segment', 'expected a name'],
  ['/addresses?verdict=busy', 'verdict', 'expected one of occupied, recently-used'],
  ['/addresses?after=192.0.2', 'after', '"192.0.2" is not an IPv4 address'],
  ['/addresses?limit=4097', 'limit', 'from 1 to 4096'],
  ['/addresses/192.0.2.1?size=4', 'size', 'unknown parameter (known here: quietFor'],
  ['/segments?name=lan', 'name', 'unknown parameter (known here: none)'],
  ['/sweeps?before=0', 'before', 'from 1 to'],
  ['/sweeps?before=99999999999999999999', 'before', 'from 1 to'],
  ['/readyz?x', 'x', 'unknown parameter'],
  ['/conflicts?state=opn', 'state', 'expected one of open, closed, all, got "opn"'],
  ['/conflicts?kind=theft', 'kind', 'expected one of imminent, squatter'],
  ['/conflicts?limit=1001', 'limit', 'from 1 to 1000'],
  ['/conflicts?before=0', 'before', 'from 1 to'],
  ['/conflicts/12?state=open', 'state', 'unknown parameter (known here: none)'],
  ['/pools?name=x', 'name', 'unknown parameter'],
  ['/claims?state=done', 'state', 'expected one of pushing, complete, failed, unknown, got "done"'],
  ['/claims?limit=1001', 'limit', 'from 1 to 1000'],
  ['/claims?before=0', 'before', 'from 1 to'],
  ['/claims/3?state=failed', 'state', 'unknown parameter (known here: none)'],
  ['/free-ranges?pool=Prod', 'pool', 'expected a name as Kubernetes has them'],
  ['/dhcp?segment=LAN', 'segment', 'expected a name'],
  ['/events?types=', 'types', 'expected some of sighting, conflict, sweep, notice'],
  ['/events?types=conflict,all', 'types', 'expected some of sighting, conflict, sweep, notice'],
  ['/events?type=conflict', 'type', 'did you mean "types"?'],
  [`/events?lastEventId=${'x'.repeat(200)}`, 'lastEventId', 'expected the id of an event'],
];

describe('a bad query is refused, by the name of the parameter:', () => {
  it.each(QUERIES)('%s', async (url, field, message) => {
    const { status, body } = await request(app).get(url);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid-query' });
    expect(schemas.problem.parse(body)).toEqual(body);
    expect(body.errors).toEqual([{ field, message: expect.stringContaining(message) }]);
  });

  it('tells all problems at once, and not more than 20', async () => {
    const { body } = await request(app).get('/free-ranges?size=x&limit=y&quietFor=z&foo=1');
    expect(body.errors.map(({ field }: { field: string }) => field).sort()).toEqual(['foo', 'limit', 'quietFor', 'size']);
    const many = Array.from({ length: 300 }, (_, i) => `p${i}=1`).join('&');
    expect((await request(app).get(`/free-ranges?${many}`)).body.errors).toHaveLength(20);
  });
});

const BODIES: readonly (readonly [string, string | object, number, string, string | null])[] = [
  ['/verify', {}, 400, 'invalid-body', 'range'],
  ['/verify', { range: 5 }, 400, 'invalid-body', 'range'],
  ['/verify', { range: '192.0.2.300' }, 400, 'invalid-body', 'range'],
  ['/verify', { range: '192.0.2.9-192.0.2.1' }, 400, 'invalid-body', 'range'],
  ['/verify', { range: '192.0.2.1', minSweeps: '5' }, 400, 'invalid-body', 'minSweeps'],
  ['/verify', { range: '192.0.2.1', minCoverage: 2 }, 400, 'invalid-body', 'minCoverage'],
  ['/verify', { range: '192.0.2.1', rnage: 1 }, 400, 'invalid-body', 'rnage'],
  ['/verify', '{"range":"192.0.2.1","__proto__":{}}', 400, 'invalid-body', '__proto__'],
  ['/verify', { range: '192.0.2.0-192.0.18.0' }, 400, 'verify-range-too-large', null],
  ['/verify', { range: '0.0.0.0/0' }, 400, 'verify-range-too-large', null],
  ['/verify', '[]', 400, 'invalid-body', ''],
  ['/verify', '"text"', 400, 'malformed-json', null],
  ['/verify', 'null', 400, 'malformed-json', null],
  ['/verify', '{', 400, 'malformed-json', null],
  ['/verify', `{"range":"${'x'.repeat(17_000)}"}`, 413, 'body-too-large', null],
  ['/verify?range=192.0.2.1', { range: '192.0.2.1' }, 400, 'invalid-query', 'range'],
  ['/sweeps', { wait: 'yes' }, 400, 'invalid-body', 'wait'],
  ['/sweeps', { segment: 'LAN' }, 400, 'invalid-body', 'segment'],
  ['/sweeps', { segments: 'lan' }, 400, 'invalid-body', 'segments'],
  ['/conflicts/1/acknowledge', { by: '' }, 400, 'invalid-body', 'by'],
  ['/conflicts/1/acknowledge', { by: 'x'.repeat(65) }, 400, 'invalid-body', 'by'],
  ['/conflicts/1/acknowledge', { by: 'Ada\u001b[2J' }, 400, 'invalid-body', 'by'],
  ['/conflicts/1/acknowledge', { by: 'Ada', note: 'two\nlines' }, 400, 'invalid-body', 'note'],
  ['/conflicts/1/acknowledge', { note: 'x'.repeat(501) }, 400, 'invalid-body', 'note'],
  ['/conflicts/1/acknowledge', { notes: 'x' }, 400, 'invalid-body', 'notes'],
  ['/conflicts/1/acknowledge?by=Ada', {}, 400, 'invalid-query', 'by'],
  ['/verify', { range: '192.0.2.1', pool: 'a b' }, 400, 'invalid-body', 'pool'],
  ['/verify', { range: '192.0.2.1', pool: `${'a.'.repeat(127)}a` }, 400, 'invalid-body', 'pool'],
  ['/verify', { range: '192.0.2.1', heardSince: 'yesterday' }, 400, 'invalid-body', 'heardSince'],
  ['/verify', { range: '192.0.2.1', heardSince: '2026-05-05' }, 400, 'invalid-body', 'heardSince'],
  ['/verify', { range: '192.0.2.1', heardSince: '2026-13-05T10:00:00Z' }, 400, 'invalid-body', 'heardSince'],
  ['/verify', { range: '192.0.2.1', heardSince: 1777975200000 }, 400, 'invalid-body', 'heardSince'],
  ['/claims?pool=x', newClaim, 400, 'invalid-query', 'pool'],
  ['/claims', { ...newClaim, by: '' }, 400, 'invalid-body', 'by'],
  ['/claims', { ...newClaim, by: 'a\u001b[2J' }, 400, 'invalid-body', 'by'],
  ['/claims', { ...newClaim, server: 'x'.repeat(2049) }, 400, 'invalid-body', 'server'],
  ['/claims', { ...newClaim, namespace: 'metallb_system' }, 400, 'invalid-body', 'namespace'],
  ['/claims', { ...newClaim, pool: '-pool' }, 400, 'invalid-body', 'pool'],
  ['/claims', { ...newClaim, advertisement: 'a..b' }, 400, 'invalid-body', 'advertisement'],
  ['/claims', { ...newClaim, ranges: [] }, 400, 'invalid-body', 'ranges'],
  ['/claims', { ...newClaim, ranges: ['2001:db8::1'] }, 400, 'invalid-body', 'ranges[0]'],
  ['/claims', { ...newClaim, ranges: ['192.0.2.1', '192.0.2.9-192.0.2.1'] }, 400, 'invalid-body', 'ranges[1]'],
  [
    '/claims',
    { ...newClaim, ranges: Array.from({ length: 257 }, (_, i) => `198.51.${i % 256}.1`) },
    400,
    'invalid-body',
    'ranges',
  ],
  ['/claims', { ...newClaim, overridden: '' }, 400, 'invalid-body', 'overridden'],
  ['/claims', { ...newClaim, overridden: 'x'.repeat(501) }, 400, 'invalid-body', 'overridden'],
  ['/claims', { ...newClaim, proof: null }, 400, 'invalid-body', 'proof'],
  ['/claims', { ...newClaim, proof: 'yes' }, 400, 'invalid-body', 'proof'],
  ['/claims', { ...newClaim, proof: { ...claimProof, coverage: 1.1 } }, 400, 'invalid-body', 'proof.coverage'],
  ['/claims', { ...newClaim, proof: { ...claimProof, looks: 1.5 } }, 400, 'invalid-body', 'proof.looks'],
  ['/claims', { ...newClaim, proof: { ...claimProof, quietForSeconds: -1 } }, 400, 'invalid-body', 'proof.quietForSeconds'],
  ['/claims', { ...newClaim, proof: { ...claimProof, verifiedAt: 'now' } }, 400, 'invalid-body', 'proof.verifiedAt'],
  ['/claims', { ...newClaim, proof: { ...claimProof, methods: ['ping'] } }, 400, 'invalid-body', 'proof.methods[0]'],
  ['/claims', { ...newClaim, state: 'complete' }, 400, 'invalid-body', 'state'],
  ['/claims/3', {}, 400, 'invalid-body', 'state'],
  ['/claims/3', { state: 'pushing' }, 400, 'invalid-body', 'state'],
  ['/claims/3', { state: 'failed', outcome: 'two\nlines' }, 400, 'invalid-body', 'outcome'],
  ['/claims/3', { state: 'failed', outcome: 'x'.repeat(1001) }, 400, 'invalid-body', 'outcome'],
  ['/claims/x', { state: 'failed' }, 400, 'invalid-claim-id', 'id'],
  ['/conflicts/x/acknowledge', {}, 400, 'invalid-conflict-id', 'id'],
  ['/conflicts/0/acknowledge', {}, 400, 'invalid-conflict-id', 'id'],
];

describe('a bad body is refused:', () => {
  it.each(BODIES)('POST %s %j', async (url, sent, status, code, field) => {
    const before = service.calls.length;
    const { status: got, body } = await request(app).post(url).set('Content-Type', 'application/json').send(sent);
    expect({ status: got, code: body.code }).toEqual({ status, code });
    expect(body.errors).toEqual(field === null ? undefined : [{ field, message: expect.any(String) }]);
    expect(service.calls).toHaveLength(before);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json-patch+json',
    'application/json; charset=utf-16',
    '',
  ])('of content type "%s", which a foreign web page may send', async (type) => {
    const before = service.calls.length;
    const sent = request(app).post('/sweeps').set('Content-Type', type);
    expect(await sent.send('{}')).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
    expect(service.calls).toHaveLength(before);
  });

  it('that is compressed', async () => {
    const sent = request(app).post('/sweeps').set('Content-Type', 'application/json').set('Content-Encoding', 'gzip');
    expect(await sent.send('{}')).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
  });
});

describe('a bad path is refused:', () => {
  it.each([
    '/',
    '/free-range',
    '/addresses/192.0.2.1/x',
    '/addresses/192.0.2.1%2Fx/y',
    '//',
    '/..%2f..%2fetc%2fpasswd',
    '/favicon.ico',
  ])('GET %s: not found', async (path) => {
    expect(await request(app).get(path)).toMatchObject({
      status: 404,
      type: 'application/problem+json',
      body: { code: 'not-found' },
    });
  });

  it.each(['192.0.2', '192.0.2.256', '192.0.2.01', '::1', 'x', '192.0.2.0%2F24', '%00'])(
    'GET /addresses/%s: not an address',
    async (ip) => {
      const { status, body } = await request(app).get(`/addresses/${ip}`);
      expect({ status, code: body.code, field: body.errors[0].field }).toEqual({
        status: 400,
        code: 'invalid-address',
        field: 'ip',
      });
    },
  );

  it.each(['0', '-1', '1.5', '1e3', '0x1', '99999999999999999', 'x', '%00', '1%2F2'])(
    'GET /conflicts/%s: not the number of a conflict',
    async (id) => {
      expect(await request(app).get(`/conflicts/${id}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid-conflict-id', errors: [{ field: 'id' }] },
      });
    },
  );

  it('GET /addresses/%E0%A4%A: not even text', async () => {
    expect(await request(app).get('/addresses/%E0%A4%A')).toMatchObject({ status: 400, body: { code: 'malformed-request' } });
  });

  it.each([
    ['delete', '/segments', 'GET, HEAD'],
    ['put', '/addresses/192.0.2.1', 'GET, HEAD'],
    ['options', '/free-ranges', 'GET, HEAD'],
    ['patch', '/sweeps', 'GET, HEAD, POST'],
    ['get', '/verify', 'POST'],
    ['get', '/conflicts/1/acknowledge', 'POST'],
    ['delete', '/claims/1', 'GET, HEAD, POST'],
    ['options', '/conflicts/1/acknowledge', 'POST'],
    ['post', '/events', 'GET, HEAD'],
    ['post', '/healthz', 'GET, HEAD'],
  ] as const)('%s %s: the wrong method', async (method, path, allow) => {
    const answer = await request(app)[method](path);
    expect(answer).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
    expect(answer.headers['allow']).toBe(allow);
  });
});

describe('whatever is asked', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await listen(app, { kind: 'tcp', host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.close());

  const name = fc.oneof(
    fc.constantFrom(
      'size',
      'limit',
      'quietFor',
      'segment',
      'alignment',
      'minCoverage',
      'after',
      'verdict',
      'before',
      '__proto__',
      'toString',
    ),
    fc.string({ maxLength: 6 }),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('1', '5s', 'cidr', 'lan', '0.5', '192.0.2.1', 'free', '1e999', 'NaN', '-0'),
  );
  const path = fc.oneof(
    fc.constantFrom('free-ranges', 'addresses', 'segments', 'sweeps', 'readyz', 'openapi.json', 'addresses/192.0.2.1'),
    fc.string({ unit: 'binary', maxLength: 10 }).map(encodeURIComponent),
    fc.string({ unit: 'binary', maxLength: 10 }).map((text) => `addresses/${encodeURIComponent(text)}`),
  );
  const check = async (answer: Response): Promise<void> => {
    expect(answer.status).toBeLessThan(500);
    const body: unknown = await answer.json();
    if (answer.status >= 400) expect(schemas.problem.parse(body)).toMatchObject({ status: answer.status });
  };

  it('the answer to a GET is JSON and never a 500', async () => {
    await fc.assert(
      fc.asyncProperty(path, fc.array(fc.tuple(name, value), { maxLength: 4 }), async (where, pairs) => {
        const search = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        await check(await fetch(`${server.url}/${where}?${search}`));
      }),
      { numRuns: 300 },
    );
  });

  it('the answer to a POST is JSON and never a 500', async () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc.string({ maxLength: 30 }),
      fc
        .dictionary(fc.constantFrom('range', 'wait', 'segment', 'x'), fc.oneof(value, fc.boolean()))
        .map((body) => JSON.stringify(body)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('verify', 'sweeps'), text, async (where, body) => {
        await check(
          await fetch(`${server.url}/${where}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }),
        );
      }),
      { numRuns: 300 },
    );
  });
});
