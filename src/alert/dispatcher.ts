/**
 * Brings alerts from the outbox to the channels: one lane for each channel. Knows nothing of conflicts and of where the outbox
 * lies; decides nothing about what is told to whom.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Outbox } from '../core/conflict/alert-message.ts';
import { type Clock, systemClock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import { type Sleep, systemSleep } from './backoff.ts';
import { Lane, type LaneOptions, type LaneState } from './lane.ts';
import { SEND_LIMIT_MS } from './limit.ts';
import type { AlertEntry, Channel, OpenAlert } from './types.ts';

/** The daemon ends within two seconds; channels get half of one for what is under way, and as much for closing. */
const STOP_MS = 450;

export interface DispatcherOptions {
  readonly outbox: Outbox;
  /** Names are unique. The dispatcher closes them. */
  readonly channels: readonly Channel[];
  readonly logger: Logger;
  /** What is open now, for channels that must be told again and again. */
  readonly openMessages: () => readonly OpenAlert[];
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly sleep?: Sleep;
  /** 0 .. 1, for jitter. */
  readonly random?: () => number;
  /** ms: a send that has no outcome by then is given up, whatever the channel does. Default 60 s; a refresh has twice as much. */
  readonly limitMs?: number;
  /**
   * A channel is done with a message. `latencyMs`: from the frame that caused it to the receipt; null for rejected ones.
   */
  readonly onSettled?: (channel: string, outcome: 'delivered' | 'rejected', latencyMs: number | null) => void;
  /** A try failed; the message is kept. */
  readonly onRetry?: (channel: string) => void;
}

export class Dispatcher {
  readonly #options: LaneOptions;
  readonly #lanes = new Map<string, Lane>();
  #stopped: Promise<void> | null = null;
  /** Lanes that are being replaced. */
  #replacing: Promise<void> = Promise.resolve();
  #started = false;

  constructor(options: DispatcherOptions) {
    this.#options = {
      outbox: options.outbox,
      clock: options.clock ?? systemClock,
      sleep: options.sleep ?? systemSleep,
      random: options.random ?? Math.random,
      logger: options.logger,
      openMessages: options.openMessages,
      limitMs: options.limitMs ?? SEND_LIMIT_MS,
      onSettled: options.onSettled ?? (() => undefined),
      onRetry: options.onRetry ?? (() => undefined),
    };
    for (const channel of options.channels) this.#lanes.set(channel.name, new Lane(channel, this.#options));
  }

  /** Begins with what an earlier run left in the outbox. */
  start(): void {
    if (this.#started || this.#stopped !== null) return;
    this.#started = true;
    for (const lane of this.#lanes.values()) lane.start();
  }

  /**
   * The outbox was written: the first try begins at once. Also after a disk that refused took everything at last: what was told
   * from memory meanwhile is settled, and not sent again.
   * @param entries what was written; without it every channel looks.
   */
  wake(entries?: readonly Pick<AlertEntry, 'channels'>[]): void {
    for (const [name, lane] of this.#lanes) {
      if (entries === undefined || entries.some(({ channels }) => channels.includes(name))) lane.wake();
    }
  }

  /**
   * The outbox refused these: they are told from memory. Again is allowed. Beyond 10,000 for a channel they wait until they are
   * stored. Whoever offers goes on trying to store them, and calls `wake` then.
   */
  offerVolatile(entries: readonly AlertEntry[]): void {
    for (const entry of entries) {
      for (const name of entry.channels) this.#lanes.get(name)?.offer(entry);
    }
  }

  /** By channel: for metrics and `/readyz`. */
  states(): ReadonlyMap<string, LaneState> {
    return new Map([...this.#lanes].map(([name, lane]) => [name, lane.state]));
  }

  /**
   * Other channels from now on. Those that are kept go on as if nothing had happened. A new one with the name of one that ends takes
   * over what that one knew and the outbox does not. Returns when the new ones run, within a second.
   * @param keep names of channels that stay as they are; all others end
   */
  async replace(keep: ReadonlySet<string>, channels: readonly Channel[]): Promise<void> {
    if (this.#stopped !== null) {
      await Promise.allSettled(channels.map((channel) => channel.close()));
      return;
    }
    const before = new Map([...this.#lanes].filter(([name]) => !keep.has(name)));
    const made = channels.map((channel) => new Lane(channel, this.#options));
    for (const name of before.keys()) this.#lanes.delete(name);
    for (const lane of made) this.#lanes.set(lane.channel.name, lane);
    const ending = endLanes([...before.values()]);
    this.#replacing = ending;
    await ending;
    for (const lane of made) {
      const predecessor = before.get(lane.channel.name);
      if (predecessor !== undefined) lane.takeOver(predecessor.handOver());
      if (this.#started && this.#stopped === null) lane.start();
    }
  }

  /** Within a second, whatever the channels do. What was under way is sent again by the next run. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    await Promise.all([endLanes([...this.#lanes.values()]), this.#replacing]);
  }
}

async function endLanes(lanes: readonly Lane[]): Promise<void> {
  await within(STOP_MS, Promise.allSettled(lanes.map((lane) => lane.stop())));
  for (const lane of lanes) lane.end();
  await within(STOP_MS, Promise.allSettled(lanes.map((lane) => lane.channel.close())));
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const limit = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: limit.signal }).catch(() => undefined)]);
  limit.abort();
}
