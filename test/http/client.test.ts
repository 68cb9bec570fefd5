import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { FreeholdError } from '../../src/core/error.ts';
import { createApp } from '../../src/http/app.ts';
import { createClient, type HttpClient } from '../../src/http/client.ts';
import { fakeService } from './fake-service.ts';

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
});

async function serve(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const TOKEN = 'Zm9vYmFyYmF6cXV4Cg==';
const logger = pino({ level: 'silent' });

async function daemon(token: string | null = null): Promise<{ service: ReturnType<typeof fakeService>; url: string }> {
  const service = fakeService();
  return { service, url: await serve(createApp({ service, token, logger, version: '1' })) };
}

const askAt = async (url: string): Promise<HttpClient> => createClient({ url, token: null, timeoutMs: 2000 });

describe('createClient', () => {
  it('asks with parameters and leaves out what is undefined', async () => {
    const { service, url } = await daemon();
    const answer = await createClient({ url, token: null }).get('/free-ranges', { size: 4, segment: undefined, quietFor: '1h' });
    expect(answer).toMatchObject({ segment: 'lan', criteria: { size: 4 } });
    expect(service.calls[0]?.[1]).toMatchObject({ size: 4, segment: undefined, criteria: { quietForMs: 3_600_000 } });
  });

  it('posts', async () => {
    const { url } = await daemon();
    expect(await createClient({ url, token: null }).post('/verify', { range: '192.0.2.16/28' })).toMatchObject({ free: true });
  });

  it('keeps the path of a proxy before its own', async () => {
    const paths: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url);
      response.setHeader('content-type', 'application/json').end('{}');
    });
    await createClient({ url: `${url}/freehold/`, token: null }).get('/segments');
    expect(paths).toEqual(['/freehold/segments']);
  });

  it('sends the token, and exit 4 follows where it is wrong or missing', async () => {
    const { url } = await daemon(TOKEN);
    expect(await createClient({ url, token: TOKEN }).get('/segments')).toHaveProperty('segments');
    for (const token of [null, 'some-other-token-here']) {
      await expect(createClient({ url, token }).get('/segments')).rejects.toMatchObject({ code: 'unauthorized', exitCode: 4 });
    }
  });

  it.each([
    ['segment-unknown', 2],
    ['verify-busy', 1],
    ['not-permitted', 4],
    ['segment-waiting', 1],
    ['some-new-fault', 1],
  ])('gives back the error %s of the daemon, with exit %d', async (code, exitCode) => {
    const { service, url } = await daemon();
    service.failWith(new FreeholdError(code, 'What happened.', { hint: 'What to do.' }));
    await expect((await askAt(url)).get('/segments')).rejects.toMatchObject({
      name: 'FreeholdError',
      code,
      message: 'What happened.',
      hint: 'What to do.',
      exitCode,
    });
  });

  it('gives back a refused parameter by its name', async () => {
    const { url } = await daemon();
    await expect((await askAt(url)).get('/free-ranges', { size: 'x' })).rejects.toMatchObject({
      code: 'invalid-query',
      exitCode: 2,
      message: 'size: expected a whole number from 1 to 65536, got "x"',
    });
  });

  it('says how to start a daemon that does not answer', async () => {
    const { url } = await daemon();
    for (const server of servers) server.close();
    for (const dead of [url, 'unix:/nonexistent/freehold.sock']) {
      await expect((await askAt(dead)).get('/segments')).rejects.toMatchObject({
        code: 'daemon-unreachable',
        exitCode: 5,
        message: expect.stringContaining(dead),
        hint: expect.stringContaining('freehold run'),
      });
    }
  });

  it('does not wait for ever: neither for an answer nor for its end', async () => {
    const silent = await serve(() => undefined);
    const slow = await serve(
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    );
    for (const url of [silent, slow]) {
      await expect(createClient({ url, token: null, timeoutMs: 100 }).get('/segments')).rejects.toMatchObject({
        code: 'daemon-timeout',
        exitCode: 5,
      });
    }
  });

  it.each([
    ['HTML', 'text/html', '<html></html>'],
    ['JSON that is a list', 'application/json', '[]'],
    ['JSON that is cut off', 'application/json', '{"segment'],
    ['nothing', '', ''],
  ])('knows that %s is not from Freehold', async (_, type, text) => {
    const url = await serve((_request, response) => void response.setHeader('content-type', type).end(text));
    await expect((await askAt(url)).get('/segments')).rejects.toMatchObject({ code: 'not-a-daemon', exitCode: 5 });
  });

  it('does not go where it is sent on to, token in hand', async () => {
    const reached: string[] = [];
    const elsewhere = await serve((request, response) => {
      reached.push(request.url ?? '');
      response.end('{}');
    });
    const url = await serve((_request, response) => void response.writeHead(302, { location: elsewhere }).end());
    await expect(createClient({ url, token: TOKEN }).get('/segments')).rejects.toMatchObject({ code: 'not-a-daemon' });
    expect(reached).toEqual([]);
  });

  it.each(['', 'localhost:5227', 'ftp://localhost', '/run/freehold.sock'])('refuses "%s" as an address', (url) => {
    expect(() => createClient({ url, token: null })).toThrow(expect.objectContaining({ code: 'invalid-url', exitCode: 2 }));
  });
});
