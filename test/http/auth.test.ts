import { pino } from 'pino';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { fakeService } from './fake-service.ts';

const TOKEN = 'Zm9vYmFyYmF6cXV4Cg==';
const service = fakeService();
const lines: string[] = [];
const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
const app = createApp({ service, token: TOKEN, logger, version: '1' });

describe('with a token configured', () => {
  it.each(['/segments', '/free-ranges', '/readyz', '/openapi.json', '/nothing-here', '/healthz/x'])(
    'GET %s needs it',
    async (path) => {
      const answer = await request(app).get(path);
      expect(answer).toMatchObject({ status: 401, type: 'application/problem+json', body: { code: 'unauthorized' } });
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="freehold"');
      expect(service.calls).toEqual([]);
    },
  );

  it('POST /verify needs it before its body is looked at', async () => {
    expect((await request(app).post('/verify').set('Content-Type', 'application/json').send('{')).status).toBe(401);
  });

  it('GET /healthz does not', async () => {
    expect((await request(app).get('/healthz')).status).toBe(200);
  });

  it.each([`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Bearer ${TOKEN.toLowerCase()}`, 'Bearer x'])(
    '"%s" is the wrong one',
    async (sent) => {
      const answer = await request(app).get('/segments').set('Authorization', sent);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="freehold", error="invalid_token"');
      expect(answer.text).not.toContain(TOKEN);
    },
  );

  it.each(['Bearer', 'Bearer ', `Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN} ${TOKEN}`])('"%s" is none', async (sent) => {
    expect((await request(app).get('/segments').set('Authorization', sent)).status).toBe(401);
  });

  it.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`])('"%s" lets in', async (sent) => {
    expect((await request(app).get('/segments').set('Authorization', sent)).status).toBe(200);
  });

  it('is never logged', () => {
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('')).not.toContain(TOKEN);
  });
});
