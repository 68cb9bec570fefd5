import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { createClient } from '../../src/http/client.ts';
import { listen, type RunningServer } from '../../src/http/server.ts';
import { type FakeService, fakeService } from './fake-service.ts';

const LOOPBACK = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
let directory = '';
let service: FakeService;
let app: ReturnType<typeof createApp>;
let open: RunningServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'freehold-http-'));
  service = fakeService();
  app = createApp({ service, token: null, logger: pino({ level: 'silent' }), version: '1' });
});
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
  rmSync(directory, { recursive: true });
});

const start = async (...args: Parameters<typeof listen>): Promise<RunningServer> => {
  const server = await listen(...args);
  open.push(server);
  return server;
};

const portOf = (server: RunningServer): number => Number(new URL(server.url).port);

/** All that the server says until it ends the connection. */
const untilClosed = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });

describe('on TCP', () => {
  it('listens where the kernel chose, and says so', async () => {
    const server = await start(app, LOOPBACK);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  it('says when the port is taken', async () => {
    const port = portOf(await start(app, LOOPBACK));
    await expect(listen(app, { ...LOOPBACK, port })).rejects.toMatchObject({
      code: 'address-in-use',
      message: `Somebody else listens on 127.0.0.1:${port}.`,
      hint: expect.stringContaining('http.listen'),
    });
  });

  it('says when the address is not of this machine', async () => {
    await expect(listen(app, { ...LOOPBACK, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'address-not-available',
      exitCode: 2,
    });
  });
});

describe('against slow and many clients', () => {
  it('ends a connection whose headers do not come to an end', async () => {
    const server = await start(app, LOOPBACK, { headersTimeoutMs: 200, requestTimeoutMs: 400 });
    const socket = connect(portOf(server), '127.0.0.1');
    const said = untilClosed(socket);
    socket.write('GET /segments HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => socket.write('X-Drip: 1\r\n'), 50);
    expect(await said).toMatch(/^(HTTP\/1\.1 408 |$)/);
    clearInterval(drip);
    expect(service.calls).toEqual([]);
  });

  it('ends a connection whose body does not come to an end', async () => {
    const server = await start(app, LOOPBACK, { headersTimeoutMs: 200, requestTimeoutMs: 400 });
    const socket = connect(portOf(server), '127.0.0.1');
    const said = untilClosed(socket);
    socket.write('POST /sweeps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    expect(await said).not.toContain(' 200 ');
    expect(service.calls).toEqual([]);
  });

  it('takes no more connections than its bound', async () => {
    const server = await start(app, LOOPBACK, { maxConnections: 3 });
    const sockets = Array.from({ length: 3 }, () => connect(portOf(server), '127.0.0.1'));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const extra = connect(portOf(server), '127.0.0.1');
    extra.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await untilClosed(extra)).toBe('');
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    ['garbage', '\x16\x03\x01garbage\r\n\r\n', 400],
    ['headers of 20 KiB', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', 'POST /sweeps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}', 400],
  ])('refuses %s without a word of HTML', async (_, bytes, status) => {
    const socket = connect(portOf(await start(app, LOOPBACK)), '127.0.0.1');
    const said = untilClosed(socket);
    socket.write(bytes);
    expect(await said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(await said).not.toContain('<');
  });
});

describe('close', () => {
  it('ends idle connections at once', async () => {
    const server = await start(app, LOOPBACK);
    const socket = connect(portOf(server), '127.0.0.1');
    const said = untilClosed(socket);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    await server.close();
    expect(await said).toContain(' 200 OK');
    await server.close();
  });

  it('lets an answer under way come to its end', async () => {
    const server = await start(app, LOOPBACK);
    const { promise, resolve } = Promise.withResolvers<void>();
    service.holdUntil(promise);
    const answer = createClient({ url: server.url, token: null }).post('/sweeps', { wait: true });
    await expect.poll(() => service.calls.length).toBe(1);
    const closed = server.close();
    resolve();
    expect(await answer).toMatchObject({ sweep: { id: 7 } });
    await closed;
  });

  it('does not wait for ever for one that never ends', async () => {
    const server = await start(app, LOOPBACK, { closeGraceMs: 50 });
    service.holdUntil(new Promise(() => undefined));
    const answer = createClient({ url: server.url, token: null }).post('/sweeps', { wait: true });
    const refused = expect(answer).rejects.toMatchObject({ code: 'daemon-unreachable' });
    await expect.poll(() => service.calls.length).toBe(1);
    await server.close();
    await refused;
  });
});

describe('on a unix socket', () => {
  const at = (name: string) => ({ kind: 'unix', path: join(directory, name) }) as const;

  it('answers, whatever the Host header, to owner and group only, and takes the socket away at the end', async () => {
    const where = at('http.sock');
    const server = await start(app, where);
    expect(server.url).toBe(`unix:${where.path}`);
    expect(statSync(where.path).mode & 0o777).toBe(0o660);
    const socket = connect(where.path);
    socket.end('GET /healthz HTTP/1.1\r\nHost: jump.example\r\nConnection: close\r\n\r\n');
    expect(await untilClosed(socket)).toContain('{"status":"ok"}');
    await server.close();
    expect(existsSync(where.path)).toBe(false);
  });

  it('leaves the umask of the process as it was', async () => {
    const before = process.umask();
    await start(app, at('http.sock'));
    expect(process.umask()).toBe(before);
  });

  it('does not push aside a daemon that answers', async () => {
    const where = at('busy.sock');
    await start(app, where);
    await expect(listen(app, where)).rejects.toMatchObject({ code: 'address-in-use' });
    expect(await createClient({ url: `unix:${where.path}`, token: null }).get('/healthz')).toEqual({ status: 'ok' });
  });

  it('replaces the socket of a daemon that was killed', async () => {
    const where = at('stale.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(where.path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' })).toThrow();
    expect(statSync(where.path).isSocket()).toBe(true);
    await start(app, where);
    expect(await createClient({ url: `unix:${where.path}`, token: null }).get('/healthz')).toEqual({ status: 'ok' });
  });

  it('never removes a file that is no socket', async () => {
    const where = at('precious.txt');
    writeFileSync(where.path, 'precious');
    await expect(listen(app, where)).rejects.toMatchObject({ code: 'socket-path-taken' });
    expect(readFileSync(where.path, 'utf8')).toBe('precious');
  });

  it('says when the directory is missing', async () => {
    await expect(listen(app, at('missing/http.sock'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(listen-failed|not-permitted)$/),
    });
  });

  it('is not taken in by a server of somebody else on it', async () => {
    const where = at('other.sock');
    const other = createServer((socket) => socket.end()).listen(where.path);
    await new Promise((resolve) => other.once('listening', resolve));
    await expect(listen(app, where)).rejects.toMatchObject({ code: 'address-in-use' });
    other.close();
  });
});
