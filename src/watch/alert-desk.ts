/**
 * What makes alerts of changes, and has them told: the channels of the configuration, their filters, and the dispatcher that brings
 * alerts to them. Knows no conflict, and keeps nothing: the outbox does.
 */
import { hostname } from 'node:os';
import { createChannel } from '../alert/channels.ts';
import { Dispatcher } from '../alert/dispatcher.ts';
import { channelsFor } from '../alert/filter.ts';
import { alertMessage } from '../alert/message.ts';
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { Conflict, ConflictChange } from '../core/conflict/types.ts';
import type { ConflictEntry, GuardStore } from '../ledger/guard-types.ts';
import type { Clock } from '../system/clock.ts';
import type { AlertsConfig } from '../system/config-types.ts';
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
  #config: AlertsConfig;
  #dispatcher: Dispatcher;

  constructor(config: AlertsConfig, options: ChannelDeskOptions) {
    this.#options = options;
    this.#config = config;
    this.#dispatcher = this.#dispatcherOf(config);
  }

  /** Begins with what an earlier run left in the outbox. */
  start(): void {
    this.#keepChannels();
    this.#dispatcher.start();
  }

  /** The configuration was read again: what is under way is sent again by the new channels. */
  async configure(config: AlertsConfig): Promise<void> {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    const before = this.#dispatcher;
    this.#config = config;
    this.#dispatcher = this.#dispatcherOf(config);
    await before.stop();
    this.start();
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
  }

  offerVolatile(entries: readonly ConflictEntry[]): void {
    this.#dispatcher.offerVolatile(entries);
  }

  #keepChannels(): void {
    const { store, logger } = this.#options;
    try {
      const dropped = store.keepChannels(this.#config.channels.map(({ name }) => name));
      if (dropped > 0) logger.warn({ dropped }, 'alerts for channels that are not configured any more were dropped');
    } catch (error) {
      logger.warn({ err: error }, 'the alert outbox could not be tidied up');
    }
  }

  #dispatcherOf({ channels }: AlertsConfig): Dispatcher {
    const { store, clock, logger, version, open, onSettled, onRetry } = this.#options;
    return new Dispatcher({
      outbox: store,
      channels: channels.map((channel) => createChannel(channel, { clock, logger, version })),
      logger,
      clock,
      openMessages: () => open().flatMap((conflict) => this.message(asOpened(conflict)) ?? []),
      onSettled,
      onRetry,
    });
  }
}

/** As if it had been opened as it is now. */
const asOpened = (conflict: Conflict): ConflictChange => ({
  event: 'opened',
  conflict,
  from: null,
  causedMs: conflict.lastSeenMs,
});
