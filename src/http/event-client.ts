/**
 * The command line's reader of GET /events: one connection, as an iteration over events. Does not come back by itself: whoever
 * reads decides when, and with which id.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createParser } from 'eventsource-parser';
import { FreeholdError } from '../core/error.ts';
import { type ClientOptions, readAnswer, readText, searchOf, type Target, targetOf, timedOut, unreachable } from './client.ts';

export interface ServerEvent {
  readonly type: string;
  /** null where the event has none. */
  readonly id: string | null;
  /** Its JSON; undefined where that is not JSON. */
  readonly data: unknown;
}

export interface EventConnection {
  /** Ends when the daemon, or `signal`, ends it. @throws FreeholdError `daemon-unreachable` where the connection breaks */
  readonly events: AsyncIterable<ServerEvent>;
  /** To come back with; grows while events are read. null: none yet. */
  readonly lastEventId: string | null;
  /** How long the daemon asks to wait before coming back. */
  readonly retryMs: number | null;
}

export interface EventsRequest {
  /** Comma-separated; undefined: all. */
  readonly types: string | undefined;
  readonly lastEventId: string | null;
  readonly signal: AbortSignal;
  /** Heartbeats come every 15 s: after so long without a byte the connection is dead. */
  readonly silenceMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_MS = 45_000;
/** The longest event, a conflict with 16 MACs, has about 2 KiB. */
const LARGEST_EVENT = 1 << 20;

/** @throws FreeholdError of the daemon, or `daemon-unreachable`, `daemon-timeout`, `not-a-daemon` */
export async function connectToEvents(options: ClientOptions, request: EventsRequest): Promise<EventConnection> {
  const target = targetOf(options);
  const incoming = await open(target, options.token, request);
  const [type = ''] = (incoming.headers['content-type'] ?? '').split(';');
  if (incoming.statusCode !== 200 || type.trim() !== 'text/event-stream') {
    const text = await readText(incoming);
    const contentType = type.trim() === 'application/json' ? '' : type;
    return readAnswer<never>({ status: incoming.statusCode ?? 0, contentType, text }, target.name);
  }
  incoming.setTimeout(request.silenceMs ?? SILENCE_MS, () => incoming.destroy(new Error('silent')));
  return connection(incoming, target.name, request);
}

function open(target: Target, token: string | null, { types, lastEventId, signal }: EventsRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = target.secure ? requestHttps : requestHttp;
    const outgoing = send({
      ...target.where,
      method: 'GET',
      path: `${target.prefix}/events${searchOf({ types })}`,
      agent: false,
      signal,
      headers: {
        accept: 'text/event-stream, application/problem+json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      },
    });
    const late = setTimeout(() => {
      reject(timedOut(target.name, CONNECT_TIMEOUT_MS, null));
      outgoing.destroy();
    }, CONNECT_TIMEOUT_MS);
    outgoing.once('response', (incoming) => {
      clearTimeout(late);
      resolve(incoming);
    });
    outgoing.on('error', (error) => {
      clearTimeout(late);
      reject(unreachable(target.name, error));
    });
    outgoing.end();
  });
}

function connection(incoming: IncomingMessage, name: string, request: EventsRequest): EventConnection {
  let lastEventId = request.lastEventId;
  let retryMs: number | null = null;
  let parsed: ServerEvent[] = [];
  const parser = createParser({
    maxBufferSize: LARGEST_EVENT,
    onEvent: ({ event, id, data }) => {
      parsed.push({ type: event ?? 'message', id: id ?? null, data: fromJson(data) });
    },
    onId: (id) => {
      lastEventId = id === '' ? null : id;
    },
    onRetry: (ms) => {
      retryMs = ms;
    },
  });
  async function* events(): AsyncGenerator<ServerEvent> {
    try {
      for await (const chunk of incoming.setEncoding('utf8') as AsyncIterable<string>) {
        parser.feed(chunk);
        const ready = parsed;
        parsed = [];
        yield* ready;
      }
    } catch (error) {
      if (request.signal.aborted) return;
      throw error instanceof FreeholdError ? error : unreachable(name, error);
    } finally {
      incoming.destroy();
    }
  }
  return {
    events: events(),
    get lastEventId() {
      return lastEventId;
    },
    get retryMs() {
      return retryMs;
    },
  };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
