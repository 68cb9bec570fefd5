import { pino } from 'pino';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import type { MetricsText } from '../../src/http/metrics/types.ts';
import { fakeService } from './fake-service.ts';
import { metricsOf } from './metrics-fixtures.ts';
import { parsePrometheusText, seriesValue } from './prometheus-text.ts';

const logger = pino({ level: 'silent' });
const TOKEN = 'a-token-of-16-letters';
const appWith = (metrics: MetricsText | undefined, token: string | null = null) =>
  createApp({ service: fakeService(), token, logger, version: '1', ...(metrics === undefined ? {} : { metrics }) });

describe('GET /metrics', () => {
  it('answers in the text format', async () => {
    const answer = await request(appWith(metricsOf().metrics)).get('/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(seriesValue(parsePrometheusText(answer.text), 'freehold_segment_up', { segment: 'lan' })).toBe(1);
  });

  it('answers to what Prometheus asks with, and to HEAD', async () => {
    const app = appWith(metricsOf().metrics);
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
    expect((await request(app).get('/metrics').set('Accept', accept)).status).toBe(200);
    const head = await request(app).head('/metrics');
    expect(head.status).toBe(200);
    expect(head.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(head.text).toBeUndefined();
  });

  it.each([
    ['without a token', {}, 401],
    ['with a wrong one', { Authorization: 'Bearer another-token-of-some' }, 401],
    ['with the token', { Authorization: `Bearer ${TOKEN}` }, 200],
  ])('%s, where one is configured', async (_, headers, status) => {
    const answer = await request(appWith(metricsOf().metrics, TOKEN)).get('/metrics').set(headers);
    expect(answer.status).toBe(status);
    expect(answer.text.includes('freehold_build_info')).toBe(status === 200);
  });

  it.each([
    ['a page of another name', 'get', '/metrics', { Host: 'evil.example' }, 403, 'host-not-allowed'],
    ['a parameter', 'get', '/metrics?name[]=x', {}, 400, 'invalid-query'],
    ['POST', 'post', '/metrics', {}, 405, 'method-not-allowed'],
  ] as const)('refuses %s', async (_, method, url, headers, status, code) => {
    const answer = await request(appWith(metricsOf().metrics))[method](url).set(headers);
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it('is a problem where the scrape fails, and the next one is not', async () => {
    const { metrics } = metricsOf();
    let scrapes = 0;
    const scrape = () => (scrapes++ === 0 ? Promise.reject(new Error('secret')) : metrics.scrape());
    const app = appWith({ contentType: metrics.contentType, scrape });
    const failed = await request(app).get('/metrics');
    expect(failed).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    expect(failed.text).not.toContain('secret');
    expect((await request(app).get('/metrics')).status).toBe(200);
  });

  it('is described where it is there', async () => {
    const { body } = await request(appWith(metricsOf().metrics)).get('/openapi.json');
    expect(body.paths['/metrics'].get).toMatchObject({
      operationId: 'getMetrics',
      security: [{}, { token: [] }],
      responses: { 200: { content: { 'text/plain': { schema: { type: 'string' } } } } },
    });
    const without = appWith(undefined);
    expect((await request(without).get('/openapi.json')).body.paths).not.toHaveProperty('/metrics');
    expect((await request(without).get('/metrics')).status).toBe(404);
  });
});
