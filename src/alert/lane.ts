/**
 * Delivers what one channel has to tell: reads its outbox, sends, settles, backs off. One loop of its own, so that nothing which
 * happens to one channel delays another. At least once: a message is done when the outbox knows it, and a crash in between repeats it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Outbox } from '../core/conflict/alert-message.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { Sleep } from './backoff.ts';
import { LONGEST_RETRY_AFTER_MS } from './http-post.ts';
import { type HandOver, type Held, LaneQueue, MAX_HELD, type Settled } from './lane-queue.ts';
import { withinLimit } from './limit.ts';
import { Pace } from './pace.ts';
import { makeAll } from './refresh.ts';
import { type AlertEntry, type Channel, DELIVERED, type OpenAlert, type SendOutcome } from './types.ts';

const CONCURRENCY = 8;
/** A refresh is many requests. */
const REFRESH_LIMITS = 2;
/** Rows read at a time: enough to keep all sends busy between two reads. */
const READ_AHEAD = 64;
/** While the outbox cannot be read or written. */
const OUTBOX_RETRY_MS = 1000;
const TURNS_IN_A_ROW = 16;
/** The loop looks at its clocks at least this often. */
const LONGEST_REST_MS = 60_000;
/** How often the log repeats that a channel still fails. */
const REMIND_MS = 600_000;

export interface LaneOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
  readonly openMessages: () => readonly OpenAlert[];
  /** ms: a send that has no outcome by then is given up. */
  readonly limitMs: number;
  readonly onSettled: (channel: string, outcome: Settled, latencyMs: number | null) => void;
  readonly onRetry: (channel: string) => void;
}

export interface LaneState {
  /** Why the last try failed; null while the channel works. */
  readonly failing: string | null;
  /** Messages that are only in memory. */
  readonly volatile: number;
}

export class Lane {
  readonly channel: Channel;
  readonly #options: LaneOptions;
  readonly #queue = new LaneQueue();
  readonly #pace: Pace;
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  /** Conflicts that a refresh under way tells: what became of them must not arrive before it. */
  #refreshing: ReadonlySet<number> | null = null;
  /** In the air: never tried before, and tried before. */
  #sendingFresh = 0;
  #sendingTried = 0;
  /** The last row that was read: those up to it are in memory, or done. */
  #cursor = 0;
  /** The outbox may hold rows that are not in memory. */
  #unread = true;
  /** Some did not fit into memory: until the outbox was written again nothing later may overtake them. */
  #overflowed = false;
  #rest: AbortController | null = null;
  #nudged = false;
  #reason: string | null = null;
  /** Why the last refresh was rejected; null where it was not. */
  #refreshReason: string | null = null;
  #remindMs = 0;
  /** Monotonic ms; the outbox's refusals are not logged before. */
  #complainMs = Number.NEGATIVE_INFINITY;
  #readDueMs = 0;
  #settleDueMs = 0;
  #refreshDueMs = 0;
  /** Refreshes that failed, in a row. */
  #refreshTries = 0;
  #ended = false;

  constructor(channel: Channel, options: LaneOptions) {
    this.channel = channel;
    this.#options = options;
    // What is told again must be told before it expires.
    this.#pace = new Pace({ random: options.random, longestMs: channel.refreshMs });
  }

  get state(): LaneState {
    return { failing: this.#reason ?? this.#refreshReason, volatile: this.#queue.volatile };
  }

  start(): void {
    this.#track(this.#run());
  }

  /** The outbox was written. */
  wake(): void {
    this.#unread = true;
    this.#overflowed = false;
    this.#readDueMs = 0;
    this.#settleDueMs = 0;
    this.#nudge();
  }

  /** The outbox refused it. */
  offer({ change, message }: AlertEntry): void {
    if (message === null || this.#overflowed) return;
    const { conflict, causedMs } = change;
    if (this.#queue.addVolatile(conflict.id, message, causedMs, this.#now())) {
      this.#nudge();
      return;
    }
    this.#overflow();
  }

  #overflow(): void {
    this.#overflowed = true;
    this.#options.logger.warn({ channel: this.channel.name }, 'too many alerts wait in memory: further ones wait for the disk');
  }

  /** What only this lane knows, for the one that comes after it. Once it has stopped. */
  handOver(): HandOver {
    return this.#queue.handOver();
  }

  /** Before it is started. */
  takeOver(before: HandOver): void {
    if (this.#queue.takeOver(before, this.#now()) > 0) this.#overflow();
  }

  /** Aborts what is under way; it will be sent again. Resolves when all of it has ended. */
  async stop(): Promise<void> {
    // What was told from memory, and stored since, must not be told again by the next run.
    while (this.#queue.remembers && this.#read());
    this.#stop.abort();
    this.#nudge();
    await Promise.all(this.#running);
  }

  /** From now on the outbox is not touched any more. */
  end(): void {
    this.#ended = true;
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }

  #nudge(): void {
    this.#nudged = true;
    this.#rest?.abort();
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => {
      this.#options.logger.error({ channel: this.channel.name, err: error }, 'delivering alerts failed unexpectedly');
    });
    this.#running.add(tracked);
    void tracked.then(() => this.#running.delete(tracked));
  }

  async #run(): Promise<void> {
    for (let turn = 1; !this.#stop.signal.aborted; turn++) {
      this.#nudged = false;
      this.#settle();
      this.#sendDue();
      this.#refresh();
      // A channel that needs no waiting (the journal) must not keep the event loop from everybody else.
      if (turn % TURNS_IN_A_ROW === 0) await nextTurn();
      if (!this.#nudged) await this.#restUntil(this.#nextTurnMs());
    }
  }

  async #restUntil(untilMs: number): Promise<void> {
    const rest = new AbortController();
    this.#rest = rest;
    await this.#options.sleep(Math.min(Math.max(untilMs - this.#now(), 1), LONGEST_REST_MS), rest.signal);
    this.#rest = null;
  }

  #nextTurnMs(): number {
    const now = this.#now();
    const moments = [this.#settleDueMs, this.#refreshDueMs, ...this.#pace.moments(), this.#queue.nextDueMs(now)];
    if (this.#unread) moments.push(this.#readDueMs);
    return Math.min(...moments.filter((ms) => ms > now), Number.POSITIVE_INFINITY);
  }

  #sendDue(): void {
    const concurrency = this.channel.concurrency ?? CONCURRENCY;
    while (this.#sendingFresh + this.#sendingTried < concurrency && this.#pace.isOpen(this.#now())) {
      let held = this.#next();
      // What was never tried is better than what failed, so it must be known.
      if ((held === null || held.attempts > 0) && this.#read()) {
        held = this.#next();
        // It may lie further on, behind many that failed: the next turn reads more.
        if (held === null && this.#unread && this.#pace.mayTry('', 0, this.#now())) this.#nudge();
      }
      if (held === null) return;
      this.#track(this.#send(held));
    }
  }

  #next(): Held | null {
    const now = this.#now();
    const isHeldBack = (held: Held): boolean =>
      this.#refreshing?.has(held.conflictId) === true ||
      // An earlier message of its conflict may lie in the outbox, not read yet.
      (held.alertId === null && this.#unread && !this.#queue.follows(held)) ||
      // While the channel is in trouble, one is in the air; one more, so that what is new need not wait for what failed already.
      (this.#pace.failing && this.#sendingFresh + (held.attempts > 0 ? this.#sendingTried : 0) > 0) ||
      !this.#pace.mayTry(held.key, held.attempts, now);
    return this.#queue.next(now, isHeldBack);
  }

  /** Takes rows of the outbox into memory. @returns whether there may be something new to send */
  #read(): boolean {
    const now = this.#now();
    if (!this.#unread || now < this.#readDueMs || this.#queue.durable >= MAX_HELD) return false;
    const { outbox, clock } = this.#options;
    try {
      const rows = outbox.pending(this.channel.name, READ_AHEAD, this.#cursor);
      const epochMs = clock.nowMs();
      for (const row of rows) {
        // Bounded: whoever sets the clock back must not put an alert off for a year.
        const waitMs = Math.min(Math.max(row.nextTryMs - epochMs, 0), LONGEST_RETRY_AFTER_MS);
        this.#queue.addDurable(row, now + waitMs);
        this.#cursor = row.alertId;
      }
      this.#unread = rows.length >= READ_AHEAD;
    } catch (error) {
      this.#outboxFails(error);
      this.#readDueMs = now + OUTBOX_RETRY_MS;
      return false;
    }
    this.#settle();
    return true;
  }

  async #send(held: Held): Promise<void> {
    const { round } = this.#pace;
    const fresh = held.attempts === 0;
    held.sending = true;
    this.#inTheAir(fresh, 1);
    const send = (signal: AbortSignal): Promise<SendOutcome> => this.channel.send(held.message, signal);
    const outcome = await withinLimit(send, this.#options.limitMs, this.#stop.signal);
    held.sending = false;
    this.#inTheAir(fresh, -1);
    try {
      if (!this.#ended) this.#take(held, outcome, round);
    } finally {
      this.#nudge();
    }
  }

  #inTheAir(fresh: boolean, by: 1 | -1): void {
    if (fresh) this.#sendingFresh += by;
    else this.#sendingTried += by;
  }

  #take(held: Held, outcome: SendOutcome, round: number): void {
    switch (outcome.kind) {
      case 'retry':
        // Stopped: it stays as it is in the outbox, and is sent again by the next run.
        if (this.#stop.signal.aborted) break;
        this.#failed(outcome, held.key, held.attempts, round);
        this.#postpone(held, outcome.reason, outcome.afterMs ?? 0);
        break;
      case 'rejected':
        this.#options.logger.error(
          { channel: this.channel.name, alert: held.key, reason: outcome.reason },
          'an alert was rejected for good: it is not sent again',
        );
        // That it was refused does not show that the channel works.
        this.#finish(held, outcome.kind, null);
        break;
      case 'delivered':
        this.#works();
        this.#finish(held, outcome.kind, Math.max(0, this.#options.clock.nowMs() - held.causedMs));
        break;
    }
  }

  #finish(held: Held, outcome: Settled, latencyMs: number | null): void {
    this.#queue.done(held, outcome);
    this.#settle();
    this.#options.onSettled(this.channel.name, outcome, latencyMs);
  }

  #postpone(held: Held, reason: string, askedMs: number): void {
    const { outbox, clock, onRetry } = this.#options;
    held.attempts++;
    const waitMs = this.#pace.waitMs(held.attempts, askedMs);
    held.dueMs = this.#now() + waitMs;
    onRetry(this.channel.name);
    if (held.alertId === null) return;
    try {
      outbox.postpone(held.alertId, this.channel.name, held.attempts, clock.nowMs() + waitMs, reason);
    } catch (error) {
      this.#outboxFails(error);
    }
  }

  #failed(outcome: Extract<SendOutcome, { kind: 'retry' }>, key: string, attempts: number, round: number): void {
    const now = this.#now();
    this.#pace.failed(outcome, key, attempts, round, now);
    if (this.#reason === null || now >= this.#remindMs) {
      this.#options.logger.warn(
        { channel: this.channel.name, reason: outcome.reason, failures: this.#pace.failures },
        'alerts cannot be delivered: they are kept and tried again',
      );
      this.#remindMs = now + REMIND_MS;
    }
    this.#reason = outcome.reason;
  }

  #works(): void {
    if (this.#reason !== null) this.#options.logger.info({ channel: this.channel.name }, 'alerts are delivered again');
    this.#reason = null;
    // What could not be told again meanwhile may have expired by now.
    if (this.#pace.worked()) this.#refreshDueMs = 0;
  }

  #settle(): void {
    if (this.#now() < this.#settleDueMs) return;
    const { outbox, clock } = this.#options;
    try {
      this.#queue.settleAll((alertId, outcome) => outbox.settle(alertId, this.channel.name, outcome, clock.nowMs()));
    } catch (error) {
      this.#outboxFails(error);
      this.#settleDueMs = this.#now() + OUTBOX_RETRY_MS;
    }
  }

  #outboxFails(error: unknown): void {
    const now = this.#now();
    if (now < this.#complainMs) return;
    this.#complainMs = now + REMIND_MS;
    this.#options.logger.error(
      { channel: this.channel.name, err: error },
      'the alert outbox refuses: alerts go out all the same',
    );
  }

  #refresh(): void {
    const { refreshMs } = this.channel;
    const now = this.#now();
    if (refreshMs === null || this.#refreshing !== null || now < this.#refreshDueMs || now < this.#pace.blockedUntilMs) return;
    this.#refreshDueMs = now + refreshMs;
    const open = this.#openAlerts();
    if (open.length === 0) return;
    this.#refreshing = new Set(open.map(({ conflictId }) => conflictId));
    this.#track(this.#sendRefresh(open));
  }

  /** What waits for its own delivery, or is being told now, tells itself. */
  #openAlerts(): readonly OpenAlert[] {
    try {
      return this.#options.openMessages().filter(({ conflictId }) => !this.#queue.holds(conflictId));
    } catch (error) {
      this.#options.logger.error({ channel: this.channel.name, err: error }, 'what is open could not be told again');
      return [];
    }
  }

  async #sendRefresh(open: readonly OpenAlert[]): Promise<void> {
    const { round } = this.#pace;
    const { channel } = this;
    const tell = async (signal: AbortSignal): Promise<SendOutcome> =>
      (await channel.refresh?.(await makeAll(open, signal), signal)) ?? DELIVERED;
    const outcome = await withinLimit(tell, REFRESH_LIMITS * this.#options.limitMs, this.#stop.signal);
    this.#refreshing = null;
    if (this.#stop.signal.aborted) return;
    switch (outcome.kind) {
      case 'retry':
        this.#failed(outcome, 'refresh', 1, round);
        this.#options.onRetry(channel.name);
        this.#refreshTries++;
        this.#refreshDueMs = Math.max(this.#pace.blockedUntilMs, this.#now() + this.#pace.waitMs(this.#refreshTries, 0));
        break;
      case 'rejected':
        this.#refreshReason = outcome.reason;
        this.#options.onSettled(channel.name, 'rejected', null);
        this.#options.logger.error({ channel: channel.name, reason: outcome.reason }, 'telling again what is open was rejected');
        break;
      case 'delivered': {
        const dueMs = this.#refreshDueMs;
        this.#refreshTries = 0;
        this.#refreshReason = null;
        this.#works();
        // All of it was told just now: not again at once.
        this.#refreshDueMs = dueMs;
        break;
      }
    }
    this.#nudge();
  }
}
