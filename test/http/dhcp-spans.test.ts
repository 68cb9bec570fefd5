/** The parameter `dhcpSpans`, from the request to the service. */
import { pino } from 'pino';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { fakeService } from './fake-service.ts';

const service = fakeService();
const app = createApp({ service, token: null, logger: pino({ level: 'silent' }), version: '1' });
const newest = (): unknown => service.calls.at(-1)?.[1];

describe('dhcpSpans', () => {
  it.each(['avoid', 'ignore'])('%s goes to the service', async (dhcpSpans) => {
    expect((await request(app).get(`/free-ranges?dhcpSpans=${dhcpSpans}`)).status).toBe(200);
    expect(newest()).toMatchObject({ dhcpSpans });
    const verified = await request(app).post('/verify').send({ range: '192.0.2.16/28', dhcpSpans });
    expect(verified.status).toBe(200);
    expect(newest()).toMatchObject({ dhcpSpans });
  });

  it('is left to the configuration where nothing is asked', async () => {
    await request(app).get('/free-ranges');
    expect(newest()).toMatchObject({ dhcpSpans: undefined });
    await request(app).post('/verify').send({ range: '192.0.2.16/28' });
    expect(newest()).toMatchObject({ dhcpSpans: undefined });
  });

  it('is refused by name where it is anything else', async () => {
    const answers = [
      await request(app).get('/free-ranges?dhcpSpans=no'),
      await request(app).post('/verify').send({ range: '192.0.2.16/28', dhcpSpans: 'no' }),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ field: 'dhcpSpans', message: expect.stringContaining('expected one of avoid, ignore') }]);
    }
  });

  it('is in the OpenAPI document', async () => {
    const { body } = await request(app).get('/openapi.json');
    const names = body.paths['/free-ranges'].get.parameters.map(({ name }: { name: string }) => name);
    expect(names).toContain('dhcpSpans');
  });
});
