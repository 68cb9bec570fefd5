import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createChannel } from '../../src/alert/channels.ts';
import { Dispatcher } from '../../src/alert/dispatcher.ts';
import { retryAfterMs } from '../../src/alert/http-post.ts';
import type { Channel, ChannelDeps } from '../../src/alert/types.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { ChannelConfig, SecretSource } from '../../src/system/config-types.ts';
import { fakeClock } from '../system/fake-clock.ts';
import {
  closedPort,
  depsWith,
  entry,
  HOSTILE,
  logTo,
  MemoryOutbox,
  manualTime,
  messageOf,
  receiver,
  settle,
  status,
  T0,
} from './fixtures.ts';

const variable = (name: string): SecretSource => ({ kind: 'environment', variable: name });
/** A machine may be slow; nothing here is timed. */
const PATIENT = { timeout: 20_000, interval: 10 };
const live = new AbortController().signal;

function webhook(
  url: string,
  over: Partial<Extract<ChannelConfig, { type: 'webhook' }>> = {},
  deps: Partial<ChannelDeps> = {},
): Channel {
  const filter = { name: 'hook', minSeverity: 'notice', kinds: null } as const;
  const config = { ...filter, type: 'webhook', url: { kind: 'plain', url }, hmac: null, bearer: null, ...over } as const;
  const channel = createChannel(config, depsWith(fakeClock(T0), deps));
  onTestFinished(() => channel.close());
  return channel;
}

describe('the webhook', () => {
  it('posts the message as JSON', async () => {
    const hook = await receiver();
    const message = messageOf({ hostname: HOSTILE });
    expect(await webhook(`${hook.url}/in?room=1`).send(message, live)).toEqual({ kind: 'delivered' });
    const [got] = hook.received;
    expect([got?.method, got?.path]).toEqual(['POST', '/in?room=1']);
    expect(JSON.parse(got?.body ?? '')).toEqual(message);
    expect(got?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'freehold/0.1.0',
      'x-freehold-event': 'opened',
      'idempotency-key': `7-1-${Date.parse(message.conflict?.openedAt ?? '').toString(36)}`,
    });
    for (const absent of ['authorization', 'x-freehold-signature', 'x-freehold-timestamp']) {
      expect(got?.headers).not.toHaveProperty(absent);
    }
  });

  it('signs time and body, so that others can check it, and shows its token', async () => {
    const hook = await receiver();
    const secrets = { hmac: variable('HOOK_KEY'), bearer: variable('HOOK_TOKEN') };
    const channel = webhook(hook.url, secrets, { environment: { HOOK_KEY: 'k3y', HOOK_TOKEN: 't0ken' } });
    await channel.send(messageOf({ hostname: 'dr\u00fccker' }), live);
    const { headers, body = '' } = hook.received[0] ?? {};
    expect(headers?.authorization).toBe('Bearer t0ken');
    expect(headers?.['x-freehold-timestamp']).toBe(String(T0 / 1000));
    const input = `${T0 / 1000}.${body}`;
    const byOpenssl = execFileSync('openssl', ['dgst', '-sha256', '-hmac', 'k3y', '-hex'], { input, encoding: 'utf8' });
    expect(headers?.['x-freehold-signature']).toBe(`sha256=${byOpenssl.trim().split(' ').at(-1)}`);
  });

  it.each([200, 201, 202, 204])('takes %i for delivered', async (code) => {
    const hook = await receiver(status(code));
    expect(await webhook(hook.url).send(messageOf(), live)).toEqual({ kind: 'delivered' });
  });

  it.each([400, 401, 403, 404, 405, 407, 408, 410, 418, 421, 425, 426, 429, 500, 502, 503, 504])(
    'tries again after %i',
    async (code) => {
      const hook = await receiver(status(code));
      const reason = `${new URL(hook.url).host} answered ${code}`;
      expect(await webhook(hook.url).send(messageOf(), live)).toEqual({ kind: 'retry', reason, afterMs: null, scope: 'message' });
    },
  );

  it.each([413, 415, 422, 431])('takes %i for a refusal for good', async (code) => {
    const hook = await receiver(status(code));
    expect(await webhook(hook.url).send(messageOf(), live)).toMatchObject({ kind: 'rejected' });
  });

  it('takes a 400 for a refusal for good only where the channel took something before', async () => {
    const hook = await receiver(status(400));
    const channel = webhook(hook.url);
    expect(await channel.send(messageOf({ id: 1 }), live)).toMatchObject({ kind: 'retry', scope: 'message' });
    hook.answer = status(204);
    expect(await channel.send(messageOf({ id: 2 }), live)).toEqual({ kind: 'delivered' });
    hook.answer = status(400);
    expect(await channel.send(messageOf({ id: 1 }), live)).toMatchObject({ kind: 'rejected' });
  });

  it.each([
    ['switches protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n', false],
    ['never gets beyond 1xx', 'HTTP/1.1 102 Processing\r\n\r\n', true],
    ['closes without a word', '', true],
    ['breaks off within its head', 'HTTP/1.1 200 OK\r\nX: ', true],
    ['has a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(200_000)}`, false],
  ])('tries again where the receiver %s', async (_, answer, ends) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (ends ? socket.end(answer) : socket.write(answer)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    // Without a timeout that would hide it.
    const channel = webhook(`http://127.0.0.1:${port}/`, {}, { timeoutMs: 600_000 });
    const reason = expect.stringContaining(answer.includes(' 101 ') ? 'answered 101' : 'cannot be reached');
    expect(await channel.send(messageOf(), live)).toMatchObject({ kind: 'retry', reason });
  });

  it('shows its token to nobody on the way: not by plain http to another machine, wherever the URL came from', async () => {
    for (const url of ['http://192.0.2.9/hook', 'http://alerts.example.org/']) {
      const secrets = { url: variable('HOOK_URL'), bearer: variable('T') };
      const outcome = await webhook('', secrets, { environment: { HOOK_URL: url, T: 't0ken' } }).send(messageOf(), live);
      expect(outcome).toMatchObject({ kind: 'retry', scope: 'channel', reason: expect.stringContaining('plain http') });
    }
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect (%i): nobody else sees body or token', async (code) => {
    const other = await receiver();
    const hook = await receiver(status(code, { location: other.url }));
    const channel = webhook(hook.url, { bearer: variable('T') }, { environment: { T: 't0ken' } });
    const outcome = await channel.send(messageOf(), live);
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining('redirects are never followed') });
    expect([hook.received.length, other.received.length]).toEqual([1, 0]);
  });

  it('honours Retry-After, within bounds', async () => {
    const hook = await receiver(status(429, { 'retry-after': '7' }));
    expect(await webhook(hook.url).send(messageOf(), live)).toMatchObject({ kind: 'retry', afterMs: 7000 });
    const date = new Date(T0 + 90_000).toUTCString();
    expect(retryAfterMs(date, T0)).toBe(90_000);
    for (const [header, ms] of [
      ['999999999', 600_000],
      ['0', 0],
      [new Date(T0 - 1000).toUTCString(), 0],
      ['soon', null],
      [undefined, null],
    ] as const) {
      expect(retryAfterMs(header, T0)).toBe(ms);
    }
  });

  it('gives up on a receiver that hangs', async () => {
    const hook = await receiver(() => undefined);
    const outcome = await webhook(hook.url, {}, { timeoutMs: 100 }).send(messageOf(), live);
    expect(outcome).toMatchObject({
      kind: 'retry',
      scope: 'channel',
      reason: expect.stringContaining('did not answer within 0.1 s'),
    });
  });

  it('ends when it is told to', async () => {
    const hook = await receiver(() => undefined);
    const stop = new AbortController();
    const sending = webhook(hook.url).send(messageOf(), stop.signal);
    await expect.poll(() => hook.received.length, PATIENT).toBe(1);
    stop.abort();
    expect(await sending).toMatchObject({ kind: 'retry', reason: 'stopped' });
    expect(await webhook(hook.url).send(messageOf(), stop.signal)).toMatchObject({ kind: 'retry', reason: 'stopped' });
    expect(hook.received).toHaveLength(1);
  });

  it('tries again where nobody listens', async () => {
    const outcome = await webhook(`http://127.0.0.1:${await closedPort()}/`).send(messageOf(), live);
    expect(outcome).toMatchObject({ kind: 'retry', scope: 'channel', reason: expect.stringContaining('ECONNREFUSED') });
  });

  it('tries again where the connection is reset', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const outcome = await webhook(`http://127.0.0.1:${port}/`).send(messageOf(), live);
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringMatching(/cannot be reached \(ECONNRESET\)/) });
  });

  it('tries again where something else than HTTP answers', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.9\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(await webhook(`http://127.0.0.1:${port}/`).send(messageOf(), live)).toMatchObject({ kind: 'retry' });
  });

  it('does not wait for a body that never ends, and does not read it for ever', async () => {
    let closed = 0;
    const hook = await receiver((response) => {
      response.on('close', () => closed++).on('error', () => undefined);
      response.writeHead(200);
      const more = (): boolean => response.destroyed || response.write(Buffer.alloc(16 * 1024));
      const timer = setInterval(more, 1);
      response.on('close', () => clearInterval(timer));
    });
    expect(await webhook(hook.url).send(messageOf(), live)).toEqual({ kind: 'delivered' });
    await expect.poll(() => closed, PATIENT).toBe(1);
  });

  it('does not wait for a body that never comes, and gives the connection up', async () => {
    let closed = 0;
    const hook = await receiver((response) => {
      response.on('close', () => closed++);
      response.writeHead(200).flushHeaders();
    });
    expect(await webhook(hook.url).send(messageOf(), live)).toEqual({ kind: 'delivered' });
    await expect.poll(() => closed, PATIENT).toBe(1);
  });

  it('keeps its connection, and makes a new one where the old one was closed', async () => {
    const hook = await receiver();
    const ports = new Set<number | undefined>();
    hook.server.on('connection', (socket) => ports.add(socket.remotePort));
    const channel = webhook(hook.url);
    for (let seq = 1; seq <= 20; seq++) {
      expect(await channel.send(messageOf({ seq }), live)).toEqual({ kind: 'delivered' });
      // The answer is read to its end behind our back: only then can the connection be used again.
      await settle();
    }
    expect(ports.size).toBeLessThan(10);
    hook.server.closeAllConnections();
    expect(await channel.send(messageOf({ seq: 21 }), live)).toEqual({ kind: 'delivered' });
    expect(hook.received).toHaveLength(21);
  });
});

describe('the secrets of a webhook', () => {
  const SECRETS = { URL: '', TOKEN: 'tok-5up3r53cr3t', KEY: 'key-5up3r53cr3t' };

  it('are in no reason and in no log line, however it fails', async () => {
    const log: string[] = [];
    const hook = await receiver(status(500));
    const closed = await closedPort();
    const urls = [
      `http://user:pw-5up3r53cr3t@127.0.0.1:${closed}/path-5up3r53cr3t?q=5up3r53cr3t`,
      `${hook.url.replace('//', '//user:pw-5up3r53cr3t@')}/path-5up3r53cr3t?q=5up3r53cr3t`,
      'ftp://5up3r53cr3t.example/5up3r53cr3t',
      '5up3r53cr3t',
      'http://[5up3r53cr3t',
    ];
    for (const url of urls) {
      for (const TOKEN of [SECRETS.TOKEN, 'tok-5up3r53cr3t-\u4e16']) {
        const time = manualTime();
        const outbox = new MemoryOutbox();
        const sources = { url: variable('URL'), bearer: variable('TOKEN'), hmac: variable('KEY') };
        const deps = { environment: { ...SECRETS, URL: url, TOKEN }, logger: logTo(log), timeoutMs: 2000 };
        const made = new Dispatcher({
          outbox,
          channels: [webhook('', sources, deps)],
          logger: logTo(log),
          openMessages: () => [],
          clock: time.clock,
          sleep: time.sleep,
        });
        outbox.record([entry(1, 1, ['hook'])]);
        made.start();
        await expect.poll(() => outbox.reasons.length, PATIENT).toBeGreaterThan(0);
        await made.stop();
        expect(outbox.reasons.join('')).not.toContain('5up3r53cr3t');
      }
    }
    expect(log.length).toBeGreaterThanOrEqual(urls.length);
    expect(log.join('')).not.toContain('5up3r53cr3t');
  });

  it('are read when they are used; a missing one is a retry that names where it should be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freehold-alert-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'token');
    const hook = await receiver();
    const channel = webhook(hook.url, { bearer: { kind: 'file', path } });
    const reasonOf = async (): Promise<string> => {
      const outcome = await channel.send(messageOf(), live);
      return outcome.kind === 'retry' ? outcome.reason : outcome.kind;
    };
    expect(await reasonOf()).toContain(path);
    writeFileSync(path, 'first\n', { mode: 0o644 });
    expect(await reasonOf()).toContain(`chmod o-rw ${path}`);
    chmodSync(path, 0o600);
    expect(await reasonOf()).toBe('delivered');
    writeFileSync(path, 'second\n');
    expect(await reasonOf()).toBe('delivered');
    expect(hook.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    const unset = webhook(hook.url, { hmac: variable('NOT_SET') });
    expect(await unset.send(messageOf(), live)).toMatchObject({ kind: 'retry', reason: expect.stringContaining('NOT_SET') });
  });
});

describe('the webhook with the dispatcher', () => {
  it('delivers all in order after a receiver that was in trouble in every way', async () => {
    const hook = await receiver();
    const troubles = [
      status(500),
      status(302, { location: 'http://127.0.0.1:9/' }),
      () => undefined,
      (response: { destroy(): void }) => response.destroy(),
      status(429, { 'retry-after': '30' }),
    ];
    let tries = 0;
    const got: string[] = [];
    hook.answer = (response, { headers }) => {
      const trouble = troubles[tries++];
      if (trouble !== undefined) {
        trouble(response, { method: '', path: '', headers, body: '' });
        return;
      }
      got.push(String(headers['idempotency-key']).replace(/-[^-]*$/, ''));
      response.writeHead(204).end();
    };
    const time = manualTime();
    const outbox = new MemoryOutbox();
    const made = new Dispatcher({
      outbox,
      channels: [webhook(hook.url, {}, { timeoutMs: 1500 })],
      logger: logTo([]),
      openMessages: () => [],
      clock: time.clock,
      sleep: time.sleep,
      random: () => 1,
    });
    onTestFinished(() => made.stop());
    outbox.record([entry(1, 1, ['hook']), entry(1, 2, ['hook'])]);
    made.start();
    await expect
      .poll(
        async () => {
          await time.pass(10_000);
          return got;
        },
        { timeout: 20_000, interval: 20 },
      )
      .toEqual(['1-1', '1-2']);
    expect(outbox.depth().size).toBe(0);
  });

  it('begins the first try with the call, on the clock and the timers of the system', async () => {
    const hook = await receiver();
    const outbox = new MemoryOutbox();
    const latencies: (number | null)[] = [];
    const made = new Dispatcher({
      outbox,
      channels: [webhook(hook.url, {}, { clock: systemClock })],
      logger: logTo([]),
      openMessages: () => [],
      onSettled: (_, __, latencyMs) => void latencies.push(latencyMs),
    });
    onTestFinished(() => made.stop());
    made.start();
    for (let id = 1; id <= 20; id++) {
      const entries = [entry(id, 1, ['hook'])];
      outbox.record(entries);
      made.wake(entries);
      await expect.poll(() => latencies.length, { ...PATIENT, interval: 1 }).toBe(id);
    }
    expect(hook.received.map(({ body }) => (JSON.parse(body) as { id: string }).id)).toEqual(
      Array.from({ length: 20 }, (_, n) => `${n + 1}-1`),
    );
  });
});
