/**
 * Delivers what one channel has to tell: reads its outbox, sends, settles, backs off. One loop of its own, so that nothing which
 * happens to one channel delays another. At least once: a message is done when the outbox knows it, and a crash in between repeats it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AlertMessage, Outbox } from '../core/conflict/alert-message.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import { retryDelayMs, type Sleep } from './backoff.ts';
import { LONGEST_RETRY_AFTER_MS } from './http-post.ts';
import { type Held, LaneQueue, MAX_HELD, type Settled } from './lane-queue.ts';
import { type AlertEntry, type Channel, DELIVERED, retry, type SendOutcome } from './types.ts';

const CONCURRENCY = 8;
/** Rows read beyond what is in memory already: enough to keep all sends busy between two reads. */
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
  readonly openMessages: () => readonly AlertMessage[];
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
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  /** Conflicts that a refresh under way tells: what became of them must not arrive before it. */
  #refreshing: ReadonlySet<number> | null = null;
  #sending = 0;
  /** The outbox may hold rows that are not in memory. */
  #unread = true;
  /** Some did not fit into memory: until the outbox was written again nothing later may overtake them. */
  #overflowed = false;
  #rest: AbortController | null = null;
  #nudged = false;
  /** Rounds that failed, in a row; what was in the air together counts once. */
  #failures = 0;
  #round = 0;
  #reason: string | null = null;
  #remindMs = 0;
  /** Monotonic ms; the outbox's refusals are not logged before. */
  #complainMs = Number.NEGATIVE_INFINITY;
  /** The one message that failed since the channel worked last: the fault may be its own, so another is tried at once. */
  #suspect: string | null = null;
  /** Monotonic ms; not before. By back-off, and because the receiver asked for it. */
  #blockedUntilMs = 0;
  #askedUntilMs = 0;
  #readDueMs = 0;
  #settleDueMs = 0;
  #refreshDueMs = 0;
  #ended = false;

  constructor(channel: Channel, options: LaneOptions) {
    this.channel = channel;
    this.#options = options;
  }

  get state(): LaneState {
    return { failing: this.#reason, volatile: this.#queue.volatile };
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
    this.#overflowed = true;
    this.#options.logger.warn({ channel: this.channel.name }, 'too many alerts wait in memory: further ones wait for the disk');
  }

  /** Aborts what is under way; it will be sent again. Resolves when all of it has ended. */
  async stop(): Promise<void> {
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
    const moments = [this.#settleDueMs, this.#refreshDueMs, this.#blockedUntilMs, this.#queue.nextDueMs(now)];
    if (this.#unread) moments.push(this.#readDueMs);
    return Math.min(...moments.filter((ms) => ms > now), Number.POSITIVE_INFINITY);
  }

  #sendDue(): void {
    const probing = this.#failures > 0;
    const concurrency = probing ? 1 : (this.channel.concurrency ?? CONCURRENCY);
    while (this.#sending < concurrency && this.#now() >= this.#askedUntilMs) {
      const blocked = this.#now() < this.#blockedUntilMs;
      if (blocked && this.#suspect === null) return;
      // What was never tried is the better probe, so it must be known.
      if (probing) this.#read();
      const held = this.#next() ?? (this.#read() ? this.#next() : null);
      if (held === null || (blocked && held.attempts > 0)) return;
      this.#track(this.#send(held));
    }
  }

  #next(): Held | null {
    const isHeldBack = ({ alertId, seq, conflictId }: Held): boolean =>
      this.#refreshing?.has(conflictId) === true ||
      // An earlier message of its conflict may lie in the outbox, not read yet.
      (alertId === null && seq > 1 && this.#unread);
    return this.#queue.next(this.#now(), isHeldBack, this.#failures > 0);
  }

  /** Takes rows of the outbox into memory. @returns whether there may be something new to send */
  #read(): boolean {
    const now = this.#now();
    if (!this.#unread || now < this.#readDueMs || this.#queue.durable >= MAX_HELD) return false;
    const { outbox, clock } = this.#options;
    const limit = this.#queue.durable + READ_AHEAD;
    try {
      const rows = outbox.pending(this.channel.name, limit);
      const epochMs = clock.nowMs();
      for (const row of rows) {
        // Bounded: whoever sets the clock back must not put an alert off for a year.
        const waitMs = Math.min(Math.max(row.nextTryMs - epochMs, 0), LONGEST_RETRY_AFTER_MS);
        this.#queue.addDurable(row, now + waitMs);
      }
      this.#unread = rows.length >= limit;
    } catch (error) {
      this.#outboxFails(error);
      this.#readDueMs = now + OUTBOX_RETRY_MS;
      return false;
    }
    this.#settle();
    return true;
  }

  async #send(held: Held): Promise<void> {
    const round = this.#round;
    held.sending = true;
    this.#sending++;
    const outcome = await this.#try((signal) => this.channel.send(held.message, signal));
    held.sending = false;
    this.#sending--;
    try {
      if (!this.#ended) this.#take(held, outcome, round);
    } finally {
      this.#nudge();
    }
  }

  #take(held: Held, outcome: SendOutcome, round: number): void {
    switch (outcome.kind) {
      case 'retry':
        // Stopped: it stays as it is in the outbox, and is sent again by the next run.
        if (!this.#stop.signal.aborted) this.#postpone(held, outcome.reason, this.#failed(outcome, round, held.key));
        break;
      case 'rejected':
        this.#options.logger.error(
          { channel: this.channel.name, alert: held.key, reason: outcome.reason },
          'an alert was rejected for good: it is not sent again',
        );
        this.#finish(held, outcome.kind, null);
        break;
      case 'delivered':
        this.#finish(held, outcome.kind, Math.max(0, this.#options.clock.nowMs() - held.causedMs));
        break;
    }
  }

  async #try(work: (signal: AbortSignal) => Promise<SendOutcome>): Promise<SendOutcome> {
    try {
      return await work(this.#stop.signal);
    } catch (error) {
      // Its text is not shown: it may hold what was sent, or where to.
      return retry(`unexpected failure (${error instanceof Error ? error.name : typeof error})`);
    }
  }

  #finish(held: Held, outcome: Settled, latencyMs: number | null): void {
    this.#works();
    this.#queue.done(held, outcome);
    this.#settle();
    this.#options.onSettled(this.channel.name, outcome, latencyMs);
  }

  #postpone(held: Held, reason: string, afterMs: number): void {
    const { outbox, clock, random, onRetry } = this.#options;
    held.attempts++;
    const waitMs = Math.max(retryDelayMs(held.attempts, random), afterMs);
    held.dueMs = this.#now() + waitMs;
    onRetry(this.channel.name);
    if (held.alertId === null) return;
    try {
      outbox.postpone(held.alertId, this.channel.name, held.attempts, clock.nowMs() + waitMs, reason);
    } catch (error) {
      this.#outboxFails(error);
    }
  }

  /** Backs the whole channel off. @returns what the receiver asked for, ms */
  #failed({ reason, afterMs }: Extract<SendOutcome, { kind: 'retry' }>, round: number, what: string): number {
    const now = this.#now();
    const asked = afterMs ?? 0;
    this.#suspect = this.#reason === null || this.#suspect === what ? what : null;
    this.#askedUntilMs = Math.max(this.#askedUntilMs, now + asked);
    if (round === this.#round) {
      this.#round++;
      this.#failures++;
      this.#blockedUntilMs = now + retryDelayMs(this.#failures, this.#options.random);
    }
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, this.#askedUntilMs);
    if (this.#reason === null || now >= this.#remindMs) {
      this.#options.logger.warn(
        { channel: this.channel.name, reason, failures: this.#failures },
        'alerts cannot be delivered: they are kept and tried again',
      );
      this.#remindMs = now + REMIND_MS;
    }
    this.#reason = reason;
    return asked;
  }

  #works(): void {
    if (this.#reason !== null) this.#options.logger.info({ channel: this.channel.name }, 'alerts are delivered again');
    this.#reason = null;
    this.#failures = 0;
    this.#blockedUntilMs = 0;
    this.#askedUntilMs = 0;
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
    if (refreshMs === null || this.#refreshing !== null || now < this.#refreshDueMs || now < this.#blockedUntilMs) return;
    this.#refreshDueMs = now + refreshMs;
    const open = this.#openMessages();
    if (open.length === 0) return;
    this.#refreshing = new Set(open.map(({ conflict }) => conflict?.id ?? 0));
    this.#track(this.#sendRefresh(open));
  }

  /** What waits for its own delivery, or is being told now, tells itself. */
  #openMessages(): readonly AlertMessage[] {
    try {
      return this.#options.openMessages().filter(({ conflict }) => conflict !== null && !this.#queue.holds(conflict.id));
    } catch (error) {
      this.#options.logger.error({ channel: this.channel.name, err: error }, 'what is open could not be told again');
      return [];
    }
  }

  async #sendRefresh(open: readonly AlertMessage[]): Promise<void> {
    const round = this.#round;
    const { channel } = this;
    const outcome = await this.#try(async (signal) => (await channel.refresh?.(open, signal)) ?? DELIVERED);
    this.#refreshing = null;
    switch (outcome.kind) {
      case 'retry':
        if (this.#stop.signal.aborted) return;
        this.#failed(outcome, round, 'refresh');
        this.#refreshDueMs = this.#blockedUntilMs;
        break;
      case 'rejected':
        this.#options.logger.error({ channel: channel.name, reason: outcome.reason }, 'telling again what is open was rejected');
        break;
      case 'delivered':
        this.#works();
        break;
    }
    this.#nudge();
  }
}
