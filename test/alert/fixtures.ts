/** Conflicts and messages in short, a clock that tests move, an outbox in memory, and receivers on loopback. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Sleep } from '../../src/alert/backoff.ts';
import { alertMessage } from '../../src/alert/message.ts';
import type { AlertEntry, Channel, ChannelDeps, SendOutcome } from '../../src/alert/types.ts';
import type { AlertMessage, Delivery, Outbox } from '../../src/core/conflict/alert-message.ts';
import type { Conflict, ConflictChange } from '../../src/core/conflict/types.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import type { Clock } from '../../src/system/clock.ts';
import { createLogger, type Logger } from '../../src/system/logger.ts';
import { ip, mac } from '../ledger/fixtures.ts';
import { type FakeClock, fakeClock } from '../system/fake-clock.ts';

export { ip, mac };

export const T0 = Date.UTC(2026, 0, 5);
export const STRANGER = mac('00:00:0c:00:00:01');

export const conflict = (over: Partial<Conflict> = {}): Conflict => ({
  id: 7,
  kind: 'squatter',
  segment: 'lan',
  pool: 'production-pool',
  address: ip('192.0.2.201'),
  stranger: STRANGER,
  macs: [STRANGER],
  hostname: 'printer',
  service: null,
  firstSeenMs: T0,
  lastSeenMs: T0 + 5000,
  openedMs: T0 + 1,
  closedMs: null,
  closeReason: null,
  sightings: 12,
  sources: sourceBit('arp-reply'),
  detail: {},
  acknowledged: null,
  seq: 1,
  ...over,
});

export const change = (over: Partial<Conflict> = {}, about: Partial<ConflictChange> = {}): ConflictChange => ({
  event: 'opened',
  conflict: conflict(over),
  from: null,
  causedMs: T0,
  ...about,
});

export const CONTEXT = { vendorOf: () => 'Cisco', host: 'jump', version: '0.1.0', nowMs: T0 + 2 };

export function messageOf(over: Partial<Conflict> = {}, about: Partial<ConflictChange> = {}): AlertMessage {
  const message = alertMessage(change(over, about), CONTEXT);
  if (message === null) throw new Error('this change is not told');
  return message;
}

export const entry = (id: number, seq: number, channels: readonly string[]): AlertEntry => {
  const event = seq === 1 ? 'opened' : 'closed';
  return { change: change({ id, seq }, { event }), message: messageOf({ id, seq }, { event }), channels };
};

/** What a stranger may call itself. All of it, and the longest. */
export const HOSTILE =
  `<script>alert(1)</script>\r\nBcc: all@example.com\r\n\r\n\0\u202e@channel [x](http://evil.example)&"'`.padEnd(255, 'x');

/** A log to look through. */
export function logTo(lines: string[]): Logger {
  return createLogger({ level: 'trace', pretty: false, journal: false, stream: { write: (line) => void lines.push(line) } });
}

export const depsWith = (clock: Clock, over: Partial<ChannelDeps> = {}): ChannelDeps => ({
  clock,
  logger: createLogger({ level: 'silent' }),
  version: '0.1.0',
  environment: {},
  ...over,
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 12; n++) await turn();
}

export interface ManualTime {
  readonly clock: FakeClock;
  readonly sleep: Sleep;
  /** Goes on by this much, from one sleeper's end to the next. */
  pass(ms: number): Promise<void>;
}

export function manualTime(): ManualTime {
  const clock = fakeClock(T0);
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  return {
    clock,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { untilMs: clock.monotonicMs() + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake);
        if (signal.aborted) wake();
      }),
    async pass(ms) {
      const endMs = clock.monotonicMs() + ms;
      for (;;) {
        await settle();
        const [next] = [...sleepers].sort((a, b) => a.untilMs - b.untilMs);
        if (next === undefined || next.untilMs > endMs) break;
        clock.advance(Math.max(0, next.untilMs - clock.monotonicMs()));
        next.wake();
      }
      clock.advance(endMs - clock.monotonicMs());
      await settle();
    },
  };
}

/** Keeps to the contract of Outbox, and throws while `refuses` is true. */
export class MemoryOutbox implements Outbox {
  refuses = false;
  reads = 0;
  rowsRead = 0;
  readonly #rows: { delivery: Delivery; outcome: string | null }[] = [];
  readonly reasons: string[] = [];

  /** As `record` does: what is there already is not written twice. */
  record(entries: readonly AlertEntry[]): void {
    this.#orThrow();
    for (const { change: made, message, channels } of entries) {
      if (message === null || this.#rows.some(({ delivery }) => delivery.message.id === message.id)) continue;
      const alertId = (this.#rows.at(-1)?.delivery.alertId ?? 0) + 1;
      const about = { alertId, conflictId: made.conflict.id, message, causedMs: made.causedMs, attempts: 0, nextTryMs: 0 };
      for (const channel of channels) this.#rows.push({ delivery: { ...about, channel }, outcome: null });
    }
  }

  pending(channel: string, limit: number, afterAlertId = 0): readonly Delivery[] {
    this.#orThrow();
    this.reads++;
    const rows = this.#rows
      .filter(({ delivery, outcome }) => delivery.channel === channel && outcome === null && delivery.alertId > afterAlertId)
      .slice(0, limit)
      .map(({ delivery }) => delivery);
    this.rowsRead += rows.length;
    return rows;
  }

  settle(alertId: number, channel: string, outcome: 'delivered' | 'rejected'): void {
    this.#orThrow();
    const row = this.#rows.find(({ delivery }) => delivery.alertId === alertId && delivery.channel === channel);
    if (row?.outcome === null) row.outcome = outcome;
  }

  postpone(alertId: number, channel: string, attempts: number, nextTryMs: number, reason: string): void {
    this.#orThrow();
    this.reasons.push(reason);
    const row = this.#rows.find(({ delivery }) => delivery.alertId === alertId && delivery.channel === channel);
    if (row !== undefined) row.delivery = { ...row.delivery, attempts, nextTryMs };
  }

  depth(): ReadonlyMap<string, number> {
    const waiting = new Map<string, number>();
    for (const { delivery, outcome } of this.#rows) {
      if (outcome === null) waiting.set(delivery.channel, (waiting.get(delivery.channel) ?? 0) + 1);
    }
    return waiting;
  }

  #orThrow(): void {
    if (this.refuses) throw new Error('no space left');
  }
}

/** A channel that answers as it is told; `told` is what it took. */
export function scripted(
  name: string,
  answer: (message: AlertMessage, signal: AbortSignal) => SendOutcome | Promise<SendOutcome>,
  over: Partial<Channel> = {},
) {
  const tried: string[] = [];
  const told: string[] = [];
  const channel: Channel = {
    name,
    type: 'webhook',
    refreshMs: null,
    async send(message, signal) {
      tried.push(message.id);
      const outcome = await answer(message, signal);
      if (outcome.kind === 'delivered') told.push(message.id);
      return outcome;
    },
    close: async () => undefined,
    ...over,
  };
  return { channel, tried, told };
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answerer = (response: ServerResponse, received: Received) => void;

export interface Receiver {
  readonly url: string;
  readonly server: Server;
  readonly received: Received[];
  answer: Answerer;
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answerer =>
  (response) =>
    void response.writeHead(code, headers).end('{}');

/** An HTTP server on loopback. */
export async function receiver(answer: Answerer = status(200)): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const whole = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(whole);
      made.answer(response, whole);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const made: Receiver = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, received, answer };
  return made;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  for (;;) {
    // Below the ports that the kernel gives to whoever asks for any (32768 and up): no other test gets it meanwhile.
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}
