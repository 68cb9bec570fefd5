import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { connectToEvents, type EventConnection, type ServerEvent } from '../../src/http/event-client.ts';
import { EventStreams, type StreamLimits } from '../../src/http/event-streams.ts';
import { eventText, resumptionOf } from '../../src/http/event-text.ts';
import { listen, type RunningServer } from '../../src/http/server.ts';
import type { LiveEventStream } from '../../src/watch/guard-types.ts';
import { createLiveEvents, LIVE_EVENTS_KEPT } from '../../src/watch/live-events.ts';
import { mac } from '../ledger/fixtures.ts';
import { fakeService } from './fake-service.ts';
import { AT_MS, conflictEvent, fakeGuard, noticeEvent, sightingEvent, sweepRecord } from './guard-fixtures.ts';

const LOOPBACK = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const logger = pino({ level: 'silent' });

let live: LiveEventStream;
let open: RunningServer[] = [];
beforeEach(() => {
  live = createLiveEvents({ run: 'run1' });
});
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
});

const appOf = (eventStreams: Partial<StreamLimits> = {}, token: string | null = null) =>
  createApp({
    service: { ...fakeService(), guard: fakeGuard(() => undefined, live) },
    token,
    logger,
    version: '1',
    eventStreams,
  });

/** @returns its URL */
async function serve(eventStreams: Partial<StreamLimits> = {}, token: string | null = null): Promise<string> {
  const server = await listen(appOf(eventStreams, token), LOOPBACK, { closeGraceMs: 60_000 });
  open.push(server);
  return server.url;
}

const publish = (...texts: readonly string[]): void => {
  for (const text of texts) live.publish(noticeEvent(text), AT_MS);
};

async function follow(
  url: string,
  { lastEventId = null, types }: { readonly lastEventId?: string | null; readonly types?: string } = {},
): Promise<EventConnection> {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  return connectToEvents({ url, token: null }, { types, lastEventId, signal: controller.signal });
}

/** Reads on where an earlier call stopped. */
async function take(connection: EventConnection, count: number): Promise<ServerEvent[]> {
  const iterator = connection.events[Symbol.asyncIterator]();
  const events: ServerEvent[] = [];
  while (events.length < count) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    events.push(value);
  }
  return events;
}

const said = (events: readonly ServerEvent[]): unknown[] =>
  events.map(({ type, data }) => (type === 'notice' ? (data as { text: string }).text : type));

/** What the daemon sends, as it sends it, until `until` is in it. */
async function raw(url: string, until: string, headers: Record<string, string> = {}): Promise<string> {
  return read(await fetch(url, { headers }), until);
}

async function read(response: Response, until: string): Promise<string> {
  let text = '';
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (text.includes(until)) break;
  }
  return text;
}

describe('what goes out', () => {
  it('starts with the time to come back after, a comment and an id; no cache and no proxy keeps it', async () => {
    const url = await serve();
    publish('before');
    const response = await fetch(`${url}/events`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    expect(response.headers.has('content-encoding')).toBe(false);
    await response.body?.cancel();
    expect(await raw(`${url}/events`, 'id:')).toBe("retry: 3000\n: Freehold's events\n\nid: run1-1\n\n");
  });

  it('is id, name and one line of JSON, whatever a hostname holds', () => {
    const hostname = 'a\nb\r\n\ndata: x\u001b[2J<script>\u0000\u202e"\\';
    live.publish(sightingEvent({ hostname, mac: mac('00:00:0c:01:02:03') }), AT_MS);
    live.publish(conflictEvent({ hostname }), AT_MS);
    for (const event of live.since(0).events) {
      const text = eventText(event, live.run);
      expect(text).toMatch(/^id: run1-\d\nevent: (sighting|conflict)\ndata: [^\r\n]+\n\n$/);
      expect(text).not.toMatch(/\\u00[01]|\u202e|\\n|\\r/);
    }
    const [sighting] = live.since(0).events.map((event) => JSON.parse(eventText(event, 'x').replace(/^.*?\ndata: /s, '')));
    expect(sighting).toEqual({
      segment: 'lan',
      address: '192.0.2.201',
      pool: 'production-pool',
      mac: '00:00:0c:01:02:03',
      vendor: 'Cisco Systems, Inc',
      hostname: 'abdata: x[2J<script>"\\',
      source: 'arp-reply',
      speaker: false,
      at: '2026-05-05T10:00:00.000Z',
    });
  });

  it('has a form for each type', async () => {
    const connection = await follow(await serve());
    live.publish(sightingEvent({ mac: null, client: mac('02:00:00:00:00:07'), source: 'dhcp-decline' }), AT_MS);
    live.publish(conflictEvent({ id: 7 }), AT_MS);
    live.publish({ type: 'sweep', segment: 'lan', sweep: sweepRecord }, AT_MS);
    publish('a second server');
    expect(await take(connection, 4)).toEqual([
      { type: 'sighting', id: 'run1-1', data: expect.objectContaining({ mac: '02:00:00:00:00:07', source: 'dhcp-decline' }) },
      {
        type: 'conflict',
        id: 'run1-2',
        data: {
          event: 'opened',
          from: null,
          at: '2026-05-05T10:00:00.000Z',
          conflict: expect.objectContaining({ id: 7, state: 'open' }),
        },
      },
      {
        type: 'sweep',
        id: 'run1-3',
        data: expect.objectContaining({ segment: 'lan', id: null, durationMs: 1500, answered: 12, valid: true }),
      },
      {
        type: 'notice',
        id: 'run1-4',
        data: { segment: 'lan', code: 'test', text: 'a second server', at: '2026-05-05T10:00:00.000Z' },
      },
    ]);
    expect(connection).toMatchObject({ lastEventId: 'run1-4', retryMs: 3000 });
  });

  it('has a heartbeat that brings the id up to now', async () => {
    const url = await serve({ heartbeatMs: 20 });
    const response = await fetch(`${url}/events?types=conflict`);
    publish('left out');
    const text = await read(response, ': \nid: run1-1\n\n');
    expect(text).toMatch(/Freehold's events\n\nid: run1-0\n\n(: \nid: run1-0\n\n)*: \nid: run1-1\n\n$/);
  });
});

describe('coming back', () => {
  it.each([
    [null, { kind: 'new' }],
    ['', { kind: 'new' }],
    ['run1-0', { kind: 'after', seq: 0 }],
    ['run1-5', { kind: 'after', seq: 5 }],
    ['run1-6', { kind: 'reset' }],
    ['run2-3', { kind: 'reset' }],
    ['run1', { kind: 'reset' }],
    ['run1--1', { kind: 'reset' }],
    ['run1-1e0', { kind: 'reset' }],
    ['run1-99999999999999999999', { kind: 'reset' }],
    ['garbage \u0000', { kind: 'reset' }],
  ])('with %j after five events: %j', (id, resumption) => {
    expect(resumptionOf(id, { run: 'run1', newest: 5 })).toEqual(resumption);
  });

  it('without an id: only what is new', async () => {
    const url = await serve();
    publish('before');
    const connection = await follow(url);
    publish('after');
    expect(said(await take(connection, 1))).toEqual(['after']);
  });

  it('with the id of this run: all that was missed, then what is new, nothing twice', async () => {
    const url = await serve();
    publish('one', 'two', 'three');
    const connection = await follow(url, { lastEventId: 'run1-1' });
    publish('four');
    expect(said(await take(connection, 3))).toEqual(['two', 'three', 'four']);
  });

  it('says how many are not kept any more, and goes on with those that are', async () => {
    const url = await serve();
    publish(...Array.from({ length: LIVE_EVENTS_KEPT + 10 }, (_, i) => String(i + 1)));
    const events = await take(await follow(url, { lastEventId: 'run1-4' }), LIVE_EVENTS_KEPT + 1);
    expect(events[0]).toEqual({ type: 'missed', id: 'run1-10', data: { missed: 6 } });
    expect(said(events.slice(1))).toEqual(Array.from({ length: LIVE_EVENTS_KEPT }, (_, i) => String(i + 11)));
  });

  it.each(['run0-3', 'garbage'])('with %s, of another run: a reset, and then only what is new', async (lastEventId) => {
    const url = await serve();
    publish('one');
    const connection = await follow(url, { lastEventId });
    publish('two');
    const events = await take(connection, 2);
    expect(events[0]).toEqual({ type: 'reset', id: 'run1-1', data: { run: 'run1' } });
    expect(said(events)).toEqual(['reset', 'two']);
  });

  it('by the query too; the header comes first, as a browser comes back with both', async () => {
    const url = await serve();
    publish('one', 'two', 'three');
    expect(await raw(`${url}/events?lastEventId=run1-2`, 'three')).not.toContain('"two"');
    expect(await raw(`${url}/events?lastEventId=run1-0`, 'three', { 'Last-Event-ID': 'run1-2' })).not.toContain('"two"');
    expect(await raw(`${url}/events?lastEventId=run9-2`, 'reset')).toContain('event: reset');
  });

  it('with a filter: only these types, live and kept', async () => {
    const url = await serve();
    publish('one');
    live.publish(conflictEvent({ id: 1 }), AT_MS);
    live.publish({ type: 'sweep', segment: 'lan', sweep: sweepRecord }, AT_MS);
    const connection = await follow(url, { lastEventId: 'run1-0', types: 'conflict,sweep' });
    publish('two');
    live.publish(conflictEvent({ id: 2 }), AT_MS);
    expect((await take(connection, 3)).map(({ id }) => id)).toEqual(['run1-2', 'run1-3', 'run1-5']);
  });
});

describe('bounds', () => {
  it('refuses one reader too many with a problem, until one leaves', async () => {
    const url = await serve({ maxStreams: 2 });
    const first = await follow(url);
    await follow(url);
    expect(await request(url).get('/events')).toMatchObject({
      status: 429,
      type: 'application/problem+json',
      body: { code: 'too-many-streams' },
      headers: { 'retry-after': expect.any(String) },
    });
    await expect(follow(url)).rejects.toMatchObject({ code: 'too-many-streams', exitCode: 1 });
    const leaving = first.events[Symbol.asyncIterator]();
    publish('one');
    await leaving.next();
    await leaving.return?.();
    await expect
      .poll(() =>
        follow(url).then(
          () => 'let in',
          (error: Error) => error.message,
        ),
      )
      .toBe('let in');
  });

  it('takes 32 readers by default', () => {
    const streams = new EventStreams();
    const wanted = { live, types: null, lastEventId: null };
    for (let n = 0; n < 32; n++) streams.open(deafResponse(), wanted);
    const refused = deafResponse();
    expect(() => streams.open(refused, wanted)).toThrow(expect.objectContaining({ code: 'too-many-streams' }));
    expect(refused.headersSent).toBe(false);
  });

  it('takes 8 readers from one address by default, and other addresses all the same', () => {
    const streams = new EventStreams();
    const wanted = { live, types: null, lastEventId: null };
    const open = (remoteAddress: string): void => {
      const response = deafResponse();
      Object.defineProperty(response.req.socket, 'remoteAddress', { value: remoteAddress });
      streams.open(response, wanted);
    };
    for (let n = 0; n < 8; n++) open('192.0.2.1');
    expect(() => open('192.0.2.1')).toThrow(expect.objectContaining({ code: 'too-many-streams' }));
    for (let n = 0; n < 8; n++) open('192.0.2.2');
    expect(streams.size).toBe(16);
  });

  it('cuts off a reader for whom more than 1 MiB waits, and no other', () => {
    const streams = new EventStreams();
    const slow = deafResponse();
    streams.open(slow, { live, types: null, lastEventId: null });
    const picky = deafResponse();
    streams.open(picky, { live, types: new Set(['conflict'] as const), lastEventId: null });
    let most = 0;
    for (let n = 0; n < 5000 && !slow.destroyed; n++) {
      most = slow.writableLength;
      publish('x'.repeat(500));
    }
    expect([slow.destroyed, picky.destroyed]).toEqual([true, false]);
    expect(most).toBeGreaterThan((1 << 20) - 1000);
    expect(most).toBeLessThanOrEqual(1 << 20);
    publish('nobody is hurt');
  });

  it('cuts off a real one too, and it can come back with its last id', async () => {
    const streams = new EventStreams({ maxWaitingBytes: 100_000 });
    const server = createServer((incoming, response) =>
      streams.open(response, { live, types: null, lastEventId: incoming.headers['last-event-id']?.toString() ?? null }),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const sleeper = connect(port, '127.0.0.1');
    onTestFinished(() => void sleeper.destroy());
    sleeper.on('error', () => undefined).pause();
    sleeper.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(() => streams.size).toBe(1);
    // The kernel keeps a few MB for it before anything waits here.
    for (let n = 0; n < 400_000 && streams.size > 0; n += 100) {
      publish(...Array.from({ length: 100 }, () => 'x'.repeat(500)));
      await nextTurn();
    }
    expect(streams.size).toBe(0);
    const again = await follow(`http://127.0.0.1:${port}`, { lastEventId: 'run1-3' });
    expect(said(await take(again, 2))).toEqual(['missed', 'x'.repeat(500)]);
  });

  it('gives what is kept only as fast as it is read', async () => {
    publish(...Array.from({ length: LIVE_EVENTS_KEPT }, () => 'x'.repeat(500)));
    const streams = new EventStreams({ heartbeatMs: 20 });
    const response = deafResponse();
    streams.open(response, { live, types: null, lastEventId: 'run1-0' });
    publish('while it waits');
    expect(response.writableLength).toBeLessThan(200_000);
    expect(response.destroyed).toBe(false);
    // Nothing was taken between two heartbeats.
    await expect.poll(() => response.destroyed).toBe(true);
  });

  it('opens nothing for HEAD', async () => {
    const app = appOf({ maxStreams: 1 });
    for (let n = 0; n < 3; n++) {
      const answer = await request(app).head('/events');
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    }
  });

  it.each([
    ['cross-site', 403],
    ['same-site', 403],
    ['same-origin', 200],
    ['none', 200],
  ])('of a page that is %s: status %d', async (site, status) => {
    const answer = await request(appOf()).head('/events').set('Sec-Fetch-Site', site);
    expect(answer.status).toBe(status);
  });

  it('asks for the token and the name of the host like every other operation', async () => {
    const url = await serve({}, 'a-token-of-16-letters');
    await expect(follow(url)).rejects.toMatchObject({ code: 'unauthorized', exitCode: 4 });
    expect(await request(appOf()).get('/events').set('Host', 'evil.example')).toMatchObject({ status: 403 });
  });
});

describe('when the daemon stops', () => {
  it('streams end at once, live or full, and nobody waits for their readers', async () => {
    const url = await serve();
    const connection = await follow(url);
    publish('last words');
    expect(await take(connection, 1)).toHaveLength(1);
    const sleeper = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    sleeper.pause();
    sleeper.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    onTestFinished(() => void sleeper.destroy());
    // The grace for other answers is a minute here: this ends in time only if nothing waits for it.
    await open.pop()?.close();
    expect(await take(connection, 1)).toEqual([]);
  });
});

describe('the client', () => {
  it.each([
    ['HTML', 200, 'text/html', '<html></html>', 'not-a-daemon'],
    ['JSON', 200, 'application/json', '{}', 'not-a-daemon'],
    ['a redirect', 302, 'text/event-stream', '', 'not-a-daemon'],
    ['a problem', 503, 'application/problem+json', '{"code":"some-fault","detail":"What happened."}', 'some-fault'],
  ])('refuses %s', async (_, status, type, text, code) => {
    const url = await serveRaw((_incoming, response) => void response.writeHead(status, { 'content-type': type }).end(text));
    await expect(follow(url)).rejects.toMatchObject({ code });
  });

  it('says where nobody answers', async () => {
    await expect(follow('unix:/nonexistent/freehold.sock')).rejects.toMatchObject({ code: 'daemon-unreachable', exitCode: 5 });
  });

  it('does not hold more than 1 MiB of an event that never ends, and ends where nothing is heard for long', async () => {
    const endless = await serveRaw((_incoming, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        while (!response.destroyed && response.write(`data: ${'x'.repeat(10_000)}\n`));
        response.once('drain', more);
      };
      more();
    });
    await expect(take(await follow(endless), 1)).rejects.toMatchObject({ code: 'daemon-unreachable' });
    const silent = await serveRaw(
      (_incoming, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n'),
    );
    const connection = await connectToEvents(
      { url: silent, token: null },
      { types: undefined, lastEventId: null, signal: new AbortController().signal, silenceMs: 50 },
    );
    await expect(take(connection, 1)).rejects.toMatchObject({ code: 'daemon-unreachable' });
  });

  it('takes what is no JSON for no data', async () => {
    const url = await serveRaw(
      (_incoming, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: x\ndata: {\n\n'),
    );
    expect(await take(await follow(url), 2)).toEqual([{ type: 'x', id: null, data: undefined }]);
  });
});

/** Nobody reads from it, and it holds all that is written. */
const deafResponse = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));

async function serveRaw(handle: (incoming: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
