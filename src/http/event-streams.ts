/**
 * The open answers of GET /events. Writes what happened since the reader's last event, then what happens, and a heartbeat. Bounds
 * how many there are and how much waits for a reader that does not read. Knows nothing of what the events say.
 */
import type { ServerResponse } from 'node:http';
import { FreeholdError } from '../core/error.ts';
import type { LiveEvent, LiveEventStream } from '../watch/guard-types.ts';
import { eventBlock, eventId, eventText, type LiveEventType, resumptionOf } from './event-text.ts';

export interface StreamLimits {
  readonly maxStreams: number;
  /** From one remote address, so that one machine cannot take them all. A unix socket has no address. */
  readonly maxStreamsEach: number;
  readonly heartbeatMs: number;
  /** A reader for whom more than this waits is cut off; it can come back with its last id. Bytes. */
  readonly maxWaitingBytes: number;
}

const LIMITS: StreamLimits = { maxStreams: 32, maxStreamsEach: 8, heartbeatMs: 15_000, maxWaitingBytes: 1 << 20 };
/** How long a reader waits before it comes back (`retry:`). */
const RETRY_MS = 3000;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  // nginx would collect the stream otherwise.
  'X-Accel-Buffering': 'no',
  // Nothing else is ever answered on this connection: it ends with the stream.
  Connection: 'close',
} as const;

export interface EventsWanted {
  readonly live: LiveEventStream;
  /** null: all. */
  readonly types: ReadonlySet<LiveEventType> | null;
  /** `<run>-<seq>` of the last event that the reader has; null for a new one. */
  readonly lastEventId: string | null;
}

export class EventStreams {
  readonly #limits: StreamLimits;
  readonly #streams = new Map<EventStream, string | undefined>();
  #heartbeat: NodeJS.Timeout | null = null;

  constructor(limits: Partial<StreamLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Answers until one of the two ends leaves. @throws FreeholdError `too-many-streams`, before anything is written */
  open(response: ServerResponse, wanted: EventsWanted): void {
    const { maxStreams, maxStreamsEach, heartbeatMs, maxWaitingBytes } = this.#limits;
    // The reader may have left already: nothing would ever take its stream off again.
    if (response.destroyed) return;
    if (this.#streams.size >= maxStreams) {
      throw new FreeholdError('too-many-streams', `${maxStreams} readers follow the events already.`, {
        hint: 'Close one of them, or ask for GET /conflicts now and then.',
      });
    }
    const from = response.req.socket.remoteAddress;
    if (from !== undefined && [...this.#streams.values()].filter((other) => other === from).length >= maxStreamsEach) {
      throw new FreeholdError('too-many-streams', `${maxStreamsEach} readers of your address follow the events already.`, {
        hint: 'Close one of them, or ask for GET /conflicts now and then.',
      });
    }
    const stream = new EventStream(response, wanted, maxWaitingBytes);
    this.#streams.set(stream, from);
    response.once('close', () => {
      stream.stop();
      this.#streams.delete(stream);
      if (this.#streams.size === 0 && this.#heartbeat !== null) {
        clearInterval(this.#heartbeat);
        this.#heartbeat = null;
      }
    });
    this.#heartbeat ??= setInterval(() => {
      for (const each of this.#streams.keys()) each.beat();
    }, heartbeatMs).unref();
  }
}

class EventStream {
  readonly #response: ServerResponse;
  readonly #live: LiveEventStream;
  readonly #types: ReadonlySet<LiveEventType> | null;
  readonly #maxWaitingBytes: number;
  readonly #unsubscribe: () => void;
  /** Of the last event that was written, or left out as not wanted. */
  #seq: number;
  /** Until then what is kept is written only as fast as the reader reads. */
  #caughtUp = false;
  #seqAtLastBeat = -1;

  /** @throws FreeholdError `too-many-streams`, before anything is written */
  constructor(response: ServerResponse, { live, types, lastEventId }: EventsWanted, maxWaitingBytes: number) {
    this.#response = response;
    this.#live = live;
    this.#types = types;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#unsubscribe = live.subscribe((event) => this.#happened(event));
    const resumption = resumptionOf(lastEventId, live);
    this.#seq = resumption.kind === 'after' ? resumption.seq : live.newest;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    response.writeHead(200);
    response.write(`retry: ${RETRY_MS}\n: Freehold's events\n\n`);
    const id = eventId(live.run, this.#seq);
    // The id alone, so that a reader which never got an event can come back too.
    if (resumption.kind === 'new') response.write(`id: ${id}\n\n`);
    if (resumption.kind === 'reset') response.write(eventBlock(id, 'reset', { run: live.run }));
    this.#catchUp();
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** A comment keeps proxies from ending the stream; the id lets a reader whose events are rare come back to here. */
  beat(): void {
    if (this.#caughtUp) {
      this.#write(`: \nid: ${eventId(this.#live.run, this.#seq)}\n\n`);
    } else if (this.#seq === this.#seqAtLastBeat) {
      // Not one event taken since the last beat.
      this.#response.destroy();
    }
    this.#seqAtLastBeat = this.#seq;
  }

  #happened(event: LiveEvent): void {
    if (!this.#caughtUp) return;
    this.#seq = event.seq;
    if (this.#wants(event)) this.#write(eventText(event, this.#live.run));
  }

  /** Writes what is kept; goes on when the reader has taken it, and until nothing is left. */
  #catchUp(): void {
    while (!this.#gone) {
      const { events, missed } = this.#live.since(this.#seq);
      const [first] = events;
      if (missed && first !== undefined) {
        const data = { missed: first.seq - 1 - this.#seq };
        this.#seq = first.seq - 1;
        this.#response.write(eventBlock(eventId(this.#live.run, this.#seq), 'missed', data));
      }
      if (first === undefined) {
        this.#caughtUp = true;
        return;
      }
      for (const event of events) {
        this.#seq = event.seq;
        if (!this.#wants(event) || this.#response.write(eventText(event, this.#live.run))) continue;
        this.#response.once('drain', () => this.#catchUp());
        return;
      }
    }
  }

  #wants(event: LiveEvent): boolean {
    return this.#types?.has(event.type) ?? true;
  }

  #write(text: string): void {
    if (this.#gone) return;
    this.#response.write(text);
    if (this.#response.writableLength > this.#maxWaitingBytes) this.#response.destroy();
  }

  get #gone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }
}
