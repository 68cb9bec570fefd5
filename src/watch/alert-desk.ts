/**
 * What makes alerts of changes, and has them told: the channels of the configuration, their filters, and the dispatcher that brings
 * alerts to them. Knows no conflict, and keeps nothing: the outbox does.
 */
import { hostname } from 'node:os';
import { createChannel } from '../alert/channels.ts';
import { Dispatcher } from '../alert/dispatcher.ts';
import { channelsFor } from '../alert/filter.ts';
import { alertMessage } from '../alert/message.ts';
import type { Channel } from '../alert/types.ts';
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { Conflict, ConflictChange } from '../core/conflict/types.ts';
import type { ConflictEntry, GuardStore } from '../ledger/guard-types.ts';
import type { Clock } from '../system/clock.ts';
import type { AlertsConfig, ChannelConfig } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import { vendorOf } from '../system/vendors.ts';
import type { AlertDesk } from './change-book.ts';

export interface ChannelDeskOptions {
  readonly store: GuardStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** What is open now, for channels that must be told again and again. */
  readonly open: () => readonly Conflict[];
  readonly onSettled: (channel: string, outcome: 'delivered' | 'rejected', latencyMs: number | null) => void;
  readonly onRetry: (channel: string) => void;
}

export class ChannelDesk implements AlertDesk {
  readonly #options: ChannelDeskOptions;
  readonly #host = hostname();
  readonly #dispatcher: Dispatcher;
  #config: AlertsConfig;
  /** Reloads, one after the other. */
  #configured: Promise<void> = Promise.resolve();
  /** The outbox may hold what nobody is to tell any more. */
  #untidy = false;

  constructor(config: AlertsConfig, options: ChannelDeskOptions) {
    this.#options = options;
    this.#config = config;
    const { store, clock, logger, open, onSettled, onRetry } = options;
    this.#dispatcher = new Dispatcher({
      outbox: store,
      channels: config.channels.map((channel) => this.#channelOf(channel)),
      logger,
      clock,
      openMessages: () => open().map((conflict) => ({ conflictId: conflict.id, make: () => this.message(asOpened(conflict)) })),
      onSettled,
      onRetry,
    });
  }

  /** Begins with what an earlier run left in the outbox. */
  start(): void {
    this.#keepChannels();
    this.#dispatcher.start();
  }

  /**
   * The configuration was read again. Channels that stay as they are go on; what was under way in others is sent again by what takes
   * their place, which also takes over what they had in memory only.
   */
  configure(config: AlertsConfig): Promise<void> {
    const before = new Set(this.#config.channels.map((channel) => JSON.stringify(channel)));
    this.#config = config;
    const isKept = (channel: ChannelConfig): boolean => before.has(JSON.stringify(channel));
    const keep = new Set(config.channels.filter(isKept).map(({ name }) => name));
    const made = config.channels.filter((channel) => !isKept(channel));
    this.#configured = this.#configured.then(async () => {
      await this.#dispatcher.replace(
        keep,
        made.map((channel) => this.#channelOf(channel)),
      );
      this.#keepChannels();
    });
    return this.#configured;
  }

  /** By channel: what its last try failed with, and what is only in memory. */
  states(): ReturnType<Dispatcher['states']> {
    return this.#dispatcher.states();
  }

  stop(): Promise<void> {
    return this.#dispatcher.stop();
  }

  message(change: ConflictChange): AlertMessage | null {
    return alertMessage(change, {
      vendorOf,
      host: this.#host,
      version: this.#options.version,
      nowMs: this.#options.clock.nowMs(),
    });
  }

  channelsFor(change: ConflictChange): readonly string[] {
    return channelsFor(this.#config.channels, change);
  }

  wake(entries: readonly ConflictEntry[]): void {
    this.#dispatcher.wake(entries);
    const names = new Set(this.#config.channels.map(({ name }) => name));
    // They may have waited for the disk since before a reload.
    if (this.#untidy || entries.some(({ channels }) => channels.some((name) => !names.has(name)))) this.#keepChannels();
  }

  offerVolatile(entries: readonly ConflictEntry[]): void {
    this.#dispatcher.offerVolatile(entries);
  }

  #keepChannels(): void {
    const { store, logger } = this.#options;
    try {
      const dropped = store.keepChannels(this.#config.channels.map(({ name }) => name));
      this.#untidy = false;
      if (dropped > 0) logger.warn({ dropped }, 'alerts for channels that are not configured any more were dropped');
    } catch (error) {
      this.#untidy = true;
      logger.warn({ err: error }, 'the alert outbox could not be tidied up');
    }
  }

  #channelOf(config: ChannelConfig): Channel {
    const { clock, logger, version } = this.#options;
    return createChannel(config, { clock, logger, version });
  }
}

/** As if it had been opened as it is now. */
const asOpened = (conflict: Conflict): ConflictChange => ({
  event: 'opened',
  conflict,
  from: null,
  causedMs: conflict.lastSeenMs,
});
