/** The contract of a channel: one way to tell people of a conflict. And what is handed to the dispatcher. */
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { ConflictChange } from '../core/conflict/types.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';

/**
 * What came of one try. `retry`: later, at the earliest after `afterMs`; `scope` says whose trouble it is: `message` where the
 * receiver answered and did not take this one, `channel` where no message would have fared better (no connection, no answer, no
 * secret). `rejected`: the receiver will never take this one.
 */
export type SendOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs: number | null; readonly scope: 'message' | 'channel' }
  | { readonly kind: 'rejected'; readonly reason: string };

export interface Channel {
  /** As configured, or `<type>`, `<type>-2` …; unique. The key of its deliveries in the ledger. */
  readonly name: string;
  readonly type: 'webhook' | 'alertmanager' | 'slack' | 'email' | 'journal';
  /** Messages of different conflicts that it takes at a time. Default 8. */
  readonly concurrency?: number;
  /** Never throws, never names a secret in a reason; ends soon after `signal` aborts. */
  send(message: AlertMessage, signal: AbortSignal): Promise<SendOutcome>;
  /** Alertmanager: tells again of what is open, before it would expire. Called every `refreshMs`, where that is not null. */
  readonly refreshMs: number | null;
  refresh?(open: readonly AlertMessage[], signal: AbortSignal): Promise<SendOutcome>;
  close(): Promise<void>;
}

/** What a channel is made with, beside its configuration. */
export interface ChannelDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Where secrets of kind `environment` are looked up. Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** For one try, until the answer's status is there. Default 10 s; e-mail takes three times as long. */
  readonly timeoutMs?: number;
}

/** An alert of something that is open now, made when it is needed: there may be thousands. */
export interface OpenAlert {
  readonly conflictId: number;
  /** null: it is not told. */
  make(): AlertMessage | null;
}

/** A change with the alert that it makes, as it goes into the ledger (`ConflictEntry` there). */
export interface AlertEntry {
  readonly change: ConflictChange;
  /** null for `updated` and `acknowledged`. */
  readonly message: AlertMessage | null;
  /** Names of the channels that are to tell it. */
  readonly channels: readonly string[];
}

export const DELIVERED: SendOutcome = { kind: 'delivered' };
export const retry = (
  reason: string,
  afterMs: number | null = null,
  scope: 'message' | 'channel' = 'message',
): Extract<SendOutcome, { kind: 'retry' }> => ({ kind: 'retry', reason, afterMs, scope });
export const rejected = (reason: string): SendOutcome => ({ kind: 'rejected', reason });
