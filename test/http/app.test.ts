import { pino } from 'pino';
import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { EXIT, FreeholdError } from '../../src/core/error.ts';
import * as schemas from '../../src/http/answer-schemas.ts';
import { createApp, OPERATIONS } from '../../src/http/app.ts';
import * as claimSchemas from '../../src/http/claim-schemas.ts';
import * as guardSchemas from '../../src/http/guard-schemas.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { type FakeService, fakeService, SWEEP } from './fake-service.ts';

const logger = pino({ level: 'silent' });
let service: FakeService;
let app: ReturnType<typeof createApp>;
beforeEach(() => {
  service = fakeService();
  app = createApp({ service, token: null, logger, version: '1.2.3' });
});

const NONE = { segment: undefined };
const PLAIN = { size: 1, limit: 100, alignment: 'none', criteria: {} };

describe('questions', () => {
  it.each([
    ['/free-ranges', schemas.freeRanges, ['freeRanges', { ...NONE, size: 1, limit: 100, alignment: 'none', criteria: {} }]],
    [
      '/free-ranges?size=16&quietFor=1h&minSweeps=5&maxGap=90s&minCoverage=0.5&segment=lan&limit=3&alignment=cidr',
      schemas.freeRanges,
      [
        'freeRanges',
        {
          segment: 'lan',
          size: 16,
          limit: 3,
          alignment: 'cidr',
          criteria: { quietForMs: 3_600_000, minSweeps: 5, maxGapMs: 90_000, minCoverage: 0.5 },
        },
      ],
    ],
    ['/addresses', schemas.addresses, ['addresses', { ...NONE, verdict: undefined, limit: 256, after: undefined }]],
    [
      '/addresses?verdict=recently-used&limit=4096&after=192.0.2.7&segment=lan',
      schemas.addresses,
      ['addresses', { segment: 'lan', verdict: 'recently-used', limit: 4096, after: 0xc0000207 }],
    ],
    ['/addresses/192.0.2.20', schemas.addressAnswer, ['address', 0xc0000214, {}]],
    ['/addresses/192.0.2.20?quietFor=5s', schemas.addressAnswer, ['address', 0xc0000214, { quietForMs: 5000 }]],
    ['/segments', schemas.segments, ['segments']],
    ['/sweeps', schemas.sweeps, ['sweeps', { ...NONE, limit: 50, before: undefined }]],
    ['/sweeps?before=900&limit=1', schemas.sweeps, ['sweeps', { ...NONE, limit: 1, before: 900 }]],
    ['/readyz', schemas.readiness, ['readiness']],
    [
      '/conflicts',
      guardSchemas.conflicts,
      ['conflicts', { ...NONE, state: 'open', kind: undefined, before: undefined, limit: 100 }],
    ],
    [
      '/conflicts?state=all&segment=lan&kind=split-brain&before=900&limit=3',
      guardSchemas.conflicts,
      ['conflicts', { segment: 'lan', state: 'all', kind: 'split-brain', before: 900, limit: 3 }],
    ],
    ['/conflicts/12', guardSchemas.conflict, ['conflict', 12]],
    ['/pools', guardSchemas.pools, ['pools']],
    ['/dhcp', guardSchemas.dhcp, ['dhcp', undefined]],
    ['/dhcp?segment=lan', guardSchemas.dhcp, ['dhcp', 'lan']],
    ['/free-ranges?pool=prod.eu', schemas.freeRanges, ['freeRanges', { ...NONE, ...PLAIN, pool: 'prod.eu' }]],
    ['/claims', claimSchemas.claims, ['claims', { state: undefined, before: undefined, limit: 100 }]],
    ['/claims?state=failed&before=9&limit=3', claimSchemas.claims, ['claims', { state: 'failed', before: 9, limit: 3 }]],
    ['/claims/12', claimSchemas.claim, ['claim', 12]],
  ])('GET %s', async (url, schema, call) => {
    const { status, body, headers } = await request(app).get(url);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(schema.parse(body)).toEqual(body);
    expect(service.calls).toEqual([call]);
  });

  it('answers POST /verify', async () => {
    const { status, body } = await request(app).post('/verify').send({ range: '192.0.2.16/28', minSweeps: 3, maxGap: '1h' });
    expect(status).toBe(200);
    expect(schemas.verify.parse(body)).toEqual(body);
    const range = { first: 0xc0000210, last: 0xc000021f };
    expect(service.calls).toEqual([['verify', { range, criteria: { minSweeps: 3, maxGapMs: 3_600_000 } }]]);
  });

  it('hands on for which pool, and since when nothing may have been heard', async () => {
    const sent = { range: '192.0.2.16/28', pool: 'production-pool', heardSince: '2026-05-05T12:00:00.5+02:00' };
    expect(await request(app).post('/verify').send(sent)).toMatchObject({ status: 200 });
    const range = { first: 0xc0000210, last: 0xc000021f };
    const heardSinceMs = Date.UTC(2026, 4, 5, 10, 0, 0, 500);
    expect(service.calls).toEqual([['verify', { range, criteria: {}, pool: 'production-pool', heardSinceMs }]]);
  });

  it.each([
    [{}, ['api', '']],
    [{ by: 'Ada', note: 'is being unplugged' }, ['Ada', 'is being unplugged']],
  ])('answers POST /conflicts/12/acknowledge with %j', async (sent, args) => {
    const { status, body } = await request(app).post('/conflicts/12/acknowledge').send(sent);
    expect(status).toBe(200);
    expect(guardSchemas.conflict.parse(body)).toEqual(body);
    expect(body).toMatchObject({ id: 12, acknowledged: { by: args[0], note: args[1] } });
    expect(service.calls).toEqual([['acknowledge', 12, ...args]]);
  });

  it.each([
    [{}, 202, null, [undefined, false]],
    [{ wait: true, segment: 'lan' }, 200, SWEEP, ['lan', true]],
  ])('answers POST /sweeps with %j', async (body, status, sweep, args) => {
    const answer = await request(app).post('/sweeps').send(body);
    expect(answer).toMatchObject({ status, body: { sweep } });
    expect(service.calls).toEqual([['sweepNow', ...args]]);
  });

  it('takes a POST /sweeps without a body, if its content type says JSON', async () => {
    const answer = await request(app).post('/sweeps').set('Content-Type', 'application/json');
    expect(answer.status).toBe(202);
  });

  it.each([
    ['/sweeps', 202],
    ['/conflicts/7/acknowledge', 200],
  ])('takes a POST %s without body and content type', async (path, status) => {
    expect((await request(app).post(path)).status).toBe(status);
    expect((await request(app).post(path).set('Content-Length', '0')).status).toBe(status);
  });

  it.each([
    ['Origin', 'https://evil.example'],
    ['Origin', 'null'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Transfer-Encoding', 'chunked'],
  ])('but not one that a page may have sent, or that has a body: %s: %s', async (name, value) => {
    const answer = await request(app).post('/conflicts/7/acknowledge').set(name, value);
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
    expect(service.calls).toEqual([]);
  });

  it('is alive, and ready or not', async () => {
    expect((await request(app).get('/healthz')).body).toEqual({ status: 'ok' });
    expect(service.calls).toEqual([]);
    service.setReady(false);
    expect(await request(app).get('/readyz')).toMatchObject({ status: 503, body: { ready: false, checks: [{ ok: false }] } });
  });

  it('answers HEAD like GET, without the body', async () => {
    const answer = await request(app).head('/segments');
    expect(answer.status).toBe(200);
    expect(answer.text).toBeUndefined();
  });
});

describe('headers', () => {
  it.each(['/segments', '/nothing-here'])('of %s keep browsers and caches out', async (path) => {
    const { headers } = await request(app).get(path);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('the Host header', () => {
  it.each(['localhost', 'localhost:5227', '127.0.0.1', '127.0.0.1:80', '[::1]:5227', 'LOCALHOST'])(
    '%s is let in',
    async (host) => {
      expect((await request(app).get('/segments').set('Host', host)).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    'localhost:5227.evil.example',
    '127.0.0.1.nip.example',
    '192.0.2.1',
    '@localhost',
  ])('%s is kept out (DNS rebinding)', async (host) => {
    for (const path of ['/segments', '/healthz', '/nothing-here']) {
      expect(await request(app).get(path).set('Host', host)).toMatchObject({ status: 403, body: { code: 'host-not-allowed' } });
    }
    expect(service.calls).toEqual([]);
  });

  it('may be any where a token is asked for', async () => {
    const guarded = createApp({ service, token: 'a-token-of-16-letters', logger, version: '1' });
    const answer = await request(guarded)
      .get('/segments')
      .set('Host', 'jump.example')
      .set('Authorization', 'Bearer a-token-of-16-letters');
    expect(answer.status).toBe(200);
  });
});

describe('errors of the service', () => {
  it.each([
    ['segment-unknown', EXIT.failure, 404],
    ['address-not-watched', EXIT.failure, 404],
    ['conflict-unknown', EXIT.failure, 404],
    ['conflict-closed', EXIT.failure, 409],
    ['segment-ambiguous', EXIT.failure, 400],
    ['no-segments', EXIT.failure, 409],
    ['verify-range-too-large', EXIT.failure, 400],
    ['not-permitted', EXIT.notPermitted, 503],
    ['segment-waiting', EXIT.failure, 503],
    ['some-new-mistake-of-the-asker', EXIT.usage, 400],
    ['some-new-fault', EXIT.failure, 500],
  ])('%s (exit %d) becomes a problem of status %d', async (code, exitCode, status) => {
    service.failWith(new FreeholdError(code, 'What happened.', { hint: 'What to do.', exitCode }));
    const answer = await request(app).get('/free-ranges');
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(schemas.problem.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({
      type: `urn:freehold:problem:${code}`,
      status,
      code,
      detail: 'What happened.',
      hint: 'What to do.',
    });
  });

  it('verify-busy says when to come again', async () => {
    service.failWith(new FreeholdError('verify-busy', 'Two runs are under way.'));
    const answer = await request(app).post('/verify').send({ range: '192.0.2.1' });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it.each([
    ['an error', new TypeError('secret at /srv/x.ts:1')],
    ['a text', 'secret'],
    ['nothing', undefined],
  ])('that nobody foresaw (%s) show nothing of themselves, and are logged', async (_, thrown) => {
    const lines: string[] = [];
    const noted = createApp({
      service,
      token: null,
      logger: pino({}, { write: (line) => void lines.push(line) }),
      version: '1',
    });
    service.failWith(thrown ?? new Error());
    const answer = await request(noted).get('/segments');
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    expect(answer.text).not.toContain('secret');
    expect(answer.text).not.toContain('.ts');
    expect(lines.join('')).toContain('a request failed');
  });
});

describe('/openapi.json', () => {
  it('has every operation, with parameters, body and answers', async () => {
    const { body } = await request(app).get('/openapi.json');
    expect(body).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    const described = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.sort()).toEqual([...OPERATIONS.map(({ method, path }) => `${method} ${path}`), 'get /openapi.json'].sort());
    const freeRanges = body.paths['/free-ranges'].get;
    expect(freeRanges.parameters.map(({ name }: { name: string }) => name).sort()).toEqual(
      [
        ...['alignment', 'dhcpSpans', 'limit', 'maxGap', 'minCoverage', 'minSweeps', 'pool', 'poolNamespace', 'poolServer'],
        ...['quietFor', 'segment', 'size', 'within'],
      ].sort(),
    );
    expect(freeRanges.responses['200'].content['application/json'].schema).toEqual({ $ref: '#/components/schemas/FreeRanges' });
    expect(body.paths['/verify'].post.requestBody.content['application/json'].schema).toMatchObject({ required: ['range'] });
    expect(body.paths['/addresses/{ip}'].get.parameters[0]).toMatchObject({
      name: 'ip',
      in: 'path',
      required: true,
      schema: { format: 'ipv4' },
    });
    expect(body.paths['/conflicts/{id}/acknowledge'].post.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
    ]);
    const events = body.paths['/events'].get;
    expect(Object.keys(events.responses['200'].content)).toEqual(['text/event-stream']);
    expect(events.parameters.map((parameter: { in: string; name: string }) => `${parameter.in} ${parameter.name}`)).toEqual([
      'query types',
      'query lastEventId',
      'header Last-Event-ID',
    ]);
  });

  it('describes the very routes that answer', async () => {
    for (const [path, methods] of Object.entries(openApiDocument(OPERATIONS, '1')['paths'] as Record<string, object>)) {
      for (const method of Object.keys(methods)) {
        const url = path.replace('{ip}', '192.0.2.20').replace('{id}', '12');
        // A stream has no end; of HEAD it has.
        const ask = url === '/events' ? request(app).head(url) : request(app).get(url);
        const answer = method === 'get' ? await ask : await request(app).post(url).send({ range: '192.0.2.1' });
        expect([200, 202, 400]).toContain(answer.status);
      }
    }
  });

  it('refers only to what it holds, and each operation has a name of its own', async () => {
    const { text, body } = await request(app).get('/openapi.json');
    const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, target]) => target);
    expect(references.length).toBeGreaterThan(10);
    for (const target of references) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(target ?? '')?.[1];
      expect(Object.keys(body.components.schemas), target).toContain(name);
    }
    const names = [...text.matchAll(/"operationId":"([^"]*)"/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(OPERATIONS.length + 1);
  });
});
