/**
 * When a channel may be tried, and with what. A refusal is taken for the message's own trouble first: only when different messages
 * fail in a row is it the channel's. A message that was never tried waits least, since it tells the two apart. Pure but for the
 * dice that are passed in; all times are monotonic ms.
 */
import { LONGEST_MS, retryDelayMs } from './backoff.ts';
import type { SendOutcome } from './types.ts';

/** So many different messages failed, and none was taken: the channel is in trouble. */
const DIFFERENT = 3;
/** While answers come, but refusals only, a message that was never tried waits for this at most. */
export const LONGEST_FRESH_MS = 25_000;

export interface PaceOptions {
  readonly random: () => number;
  /** ms; of every wait, also of one that the receiver asked for. Default: 5 min, and whatever was asked for. */
  readonly longestMs: number | null;
}

export class Pace {
  readonly #options: PaceOptions;
  /** Which failed since one was taken; at most DIFFERENT. */
  readonly #failed = new Set<string>();
  /** Rounds that failed, in a row; what was in the air together counts once. */
  #failures = 0;
  #round = 0;
  /** Not before: what failed already; what was never tried; anything, because the receiver asked for it. */
  #triedMs = 0;
  #freshMs = 0;
  #askedMs = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** To be handed back with the outcome of what begins now. */
  get round(): number {
    return this.#round;
  }

  /** The channel itself is in trouble, as far as is known. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Whether something may be sent at all. */
  isOpen(nowMs: number): boolean {
    return nowMs >= this.#askedMs;
  }

  /** @param attempts how often it failed so far */
  mayTry(key: string, attempts: number, nowMs: number): boolean {
    if (!this.isOpen(nowMs)) return false;
    if (attempts > 0) return nowMs >= this.#triedMs;
    // Only one failed so far: the fault may be its own, and this one will show it.
    return nowMs >= this.#freshMs || (this.#failed.size === 1 && !this.#failed.has(key));
  }

  /** Moments at which more may be sent than before. */
  moments(): number[] {
    return [this.#triedMs, this.#freshMs, this.#askedMs];
  }

  /** Not before, for what is no message. */
  get blockedUntilMs(): number {
    return Math.max(this.#triedMs, this.#askedMs);
  }

  /** ms until this message may be tried again. @param failures of the message */
  waitMs(failures: number, askedMs: number): number {
    return Math.max(retryDelayMs(failures, this.#options.random, this.#longest()), this.#bounded(askedMs));
  }

  /** @param attempts how often it had failed before */
  failed(outcome: Extract<SendOutcome, { kind: 'retry' }>, key: string, attempts: number, round: number, nowMs: number): void {
    if (this.#failed.size < DIFFERENT) this.#failed.add(key);
    this.#askedMs = Math.max(this.#askedMs, nowMs + this.#bounded(outcome.afterMs ?? 0));
    const wide = outcome.scope === 'channel';
    if (!wide && this.#failed.size < DIFFERENT) return;
    if (round === this.#round) {
      this.#round++;
      this.#failures++;
      this.#triedMs = nowMs + retryDelayMs(this.#failures, this.#options.random, this.#longest());
    }
    if (wide) this.#freshMs = Math.max(this.#freshMs, this.#triedMs);
    else if (attempts === 0) this.#freshMs = Math.max(this.#freshMs, Math.min(this.#triedMs, nowMs + LONGEST_FRESH_MS));
  }

  /** One was taken. What the receiver asked for stands. @returns whether the channel was in trouble */
  worked(): boolean {
    const was = this.failing;
    this.#failed.clear();
    this.#failures = 0;
    this.#triedMs = 0;
    this.#freshMs = 0;
    return was;
  }

  #longest(): number {
    return Math.min(LONGEST_MS, this.#options.longestMs ?? LONGEST_MS);
  }

  #bounded(askedMs: number): number {
    return Math.min(askedMs, this.#options.longestMs ?? askedMs);
  }
}
