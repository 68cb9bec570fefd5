/** The pool that a question is asked for, and the range that it is about, from the request to the service. */
import { pino } from 'pino';
import request from 'supertest';
import { expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { range } from '../ledger/fixtures.ts';
import { fakeService } from './fake-service.ts';

const service = fakeService();
const app = createApp({ service, token: null, logger: pino({ level: 'silent' }), version: '1' });
const newest = (): unknown => service.calls.at(-1)?.[1];
const ASKED = { pool: 'production-pool', poolServer: 'https://192.0.2.9:6443', poolNamespace: 'metallb-system' };

it('goes to the service as it is, and so does its absence', async () => {
  expect((await request(app).get(`/free-ranges?${new URLSearchParams(ASKED)}&within=192.0.2.16/28`)).status).toBe(200);
  expect(newest()).toMatchObject({ ...ASKED, within: range('192.0.2.16/28') });
  expect(
    (
      await request(app)
        .post('/verify')
        .send({ range: '192.0.2.16/28', ...ASKED })
    ).status,
  ).toBe(200);
  expect(newest()).toMatchObject(ASKED);
  await request(app).get('/free-ranges');
  expect(newest()).toMatchObject({ pool: undefined, poolServer: undefined, poolNamespace: undefined, within: undefined });
});
