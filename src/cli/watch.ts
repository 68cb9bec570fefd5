/**
 * `freehold watch`: what the guard sees, live, until Ctrl-C. Comes back after the daemon was away, and says what is not known of
 * the time between.
 */
import type { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { type ClientOptions, createClient } from '../http/client.ts';
import { connectToEvents, type EventConnection, type ServerEvent } from '../http/event-client.ts';
import type { ConflictsAnswer } from '../http/guard-service.ts';
import { openHeadline } from './conflict-words.ts';
import { conflictRemarks, conflictsTable } from './conflicts-text.ts';
import { type ConnectOptions, clientOptions } from './connect.ts';
import type { Output } from './output.ts';
import { noticeLines } from './proof-text.ts';
import { eventLine } from './watch-text.ts';

export interface WatchOptions extends ConnectOptions {
  /** Comma-separated. */
  readonly types?: string | undefined;
  /** NDJSON: one object a line, `type` first. */
  readonly json?: boolean | undefined;
}

/** The daemon may ask for another. */
const RETRY_MS = 3000;
const MOST_RETRY_MS = 60_000;
const MOST_LISTED = 1000;

/** Aborts at Ctrl-C and SIGTERM, and where nobody reads any more (`| head`): watching on would be for nobody. */
export function untilInterrupted(signals: EventEmitter, stdout: EventEmitter): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  signals.once('SIGINT', stop).once('SIGTERM', stop);
  stdout.once('error', stop).once('close', stop);
  return controller.signal;
}

/** Exit 0 once `until` aborts. @throws FreeholdError where the daemon cannot be followed from the start, or lets us in no more */
export async function watchCommand(
  options: WatchOptions,
  output: Output,
  until: AbortSignal,
  wait: (ms: number, until: AbortSignal) => Promise<void> = (ms, signal) => pause(ms, undefined, { signal }),
): Promise<ExitCode> {
  const client = clientOptions(options, process.env);
  const screen = createScreen(options, client, output);
  let lastEventId: string | null = null;
  let connected = false;
  let away = false;
  let crowded = false;
  let retryMs = RETRY_MS;
  while (!until.aborted) {
    try {
      const connection = await connectToEvents(client, { types: options.types, lastEventId, signal: until });
      if (away) output.note('freehold: connected again.');
      away = false;
      crowded = false;
      try {
        await screen.listIfDue();
        connected = true;
        await screen.follow(connection);
      } finally {
        lastEventId = connection.lastEventId;
        retryMs = Math.min(connection.retryMs ?? retryMs, MOST_RETRY_MS);
      }
    } catch (error) {
      if (until.aborted) break;
      if (error instanceof FreeholdError && error.code === 'too-many-streams') {
        if (!crowded) output.note(`freehold: ${error.message} Trying again until there is room.`);
        crowded = true;
        await wait(retryMs, until).catch(() => undefined);
        continue;
      }
      if (!connected || !mayPass(error)) throw error;
    }
    if (until.aborted) break;
    if (!away) output.note('freehold: disconnected: the daemon ended the connection, or is away. Trying again until it is back.');
    away = true;
    await wait(retryMs, until).catch(() => undefined);
  }
  return EXIT.ok;
}

/** Whether it may be otherwise in a moment. */
const mayPass = (error: unknown): boolean =>
  error instanceof FreeholdError && (error.exitCode === EXIT.unreachable || error.exitCode === EXIT.failure);

interface Screen {
  /** What is open: at the start, and again where that failed. */
  listIfDue(): Promise<void>;
  follow(connection: EventConnection): Promise<void>;
}

function createScreen({ types, json }: WatchOptions, client: ClientOptions, output: Output): Screen {
  const line = (value: object): void => output.text(JSON.stringify(value));
  let due = types?.split(',').includes('conflict') ?? true;
  const asksForConflicts = due;

  async function listIfDue(): Promise<void> {
    if (!due) return;
    const answer = await createClient(client).get<ConflictsAnswer>('/conflicts', { limit: MOST_LISTED });
    due = false;
    if (json) {
      for (const text of answer.notices) line({ type: 'warning', text });
      for (const conflict of [...answer.conflicts].reverse()) line({ type: 'open', conflict });
      return;
    }
    for (const text of noticeLines(answer.notices, output.colors)) output.text(text);
    output.text(openHeadline(answer));
    if (answer.conflicts.length === 0) return;
    const remarks = conflictRemarks(answer.conflicts);
    output.text(conflictsTable(answer.conflicts, output.colors, answer));
    output.text(`${remarks.map((remark) => `${remark}\n`).join('')}\n`);
  }

  async function show(event: ServerEvent): Promise<void> {
    if (json && typeof event.data === 'object' && event.data !== null) line({ type: event.type, id: event.id, ...event.data });
    if (event.type === 'reset') {
      output.note('freehold: the daemon was started anew; what happened meanwhile is not shown.');
    } else if (event.type === 'missed') {
      output.note('freehold: too much happened meanwhile to show all of it.');
    } else if (!json) {
      const text = eventLine(event, output.colors);
      if (text !== null) output.text(text);
    }
    if (event.type !== 'reset' && event.type !== 'missed') return;
    due = asksForConflicts;
    await listIfDue();
  }

  return {
    listIfDue,
    async follow(connection) {
      for await (const event of connection.events) await show(event);
    },
  };
}
