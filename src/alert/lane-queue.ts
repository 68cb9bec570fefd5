/**
 * What one channel still has to tell, in memory: the oldest part of its outbox, and what the disk refused to keep. Decides what may be
 * sent next: of one conflict one message after the other, of different conflicts whichever is due. Sends nothing, asks no clock.
 */
import type { AlertMessage, Delivery } from '../core/conflict/alert-message.ts';

export type Settled = 'delivered' | 'rejected';

export interface Held {
  /** The message's id: `<conflict>-<seq>`. */
  readonly key: string;
  readonly conflictId: number;
  readonly seq: number;
  readonly message: AlertMessage;
  readonly causedMs: number;
  /** In the outbox; null while it is only in memory. */
  alertId: number | null;
  sending: boolean;
  attempts: number;
  /** Monotonic ms; not before. */
  dueMs: number;
}

/** Done, but the outbox does not know it yet. */
interface Unsettled {
  readonly alertId: number;
  readonly outcome: Settled;
}

/** What another queue of the same channel must know when it takes over: all that no outbox holds. */
export interface HandOver {
  readonly untold: readonly Pick<Held, 'conflictId' | 'message' | 'causedMs'>[];
  /** By message. */
  readonly told: ReadonlyMap<string, Settled>;
}

/** Of one channel: beyond it, the rest waits in the ledger, or with who offered it. */
export const MAX_VOLATILE = 10_000;
export const MAX_HELD = 10_000;
/** Told from memory: which rows must not be sent again once they are stored. Forgetting one costs a repetition. */
const MAX_TOLD = 10_000;
/** Conflicts of which it is remembered how far they were told. Forgetting one costs a delay while the disk refuses. */
const MAX_PROGRESS = 10_000;

export class LaneQueue {
  readonly #byKey = new Map<string, Held>();
  /** By conflict, each ascending by seq. In the order in which the conflicts came. */
  readonly #conflicts = new Map<number, Held[]>();
  readonly #unsettled = new Map<string, Unsettled>();
  readonly #told = new Map<string, Settled>();
  /** By conflict: the seq of what was told last. */
  readonly #progress = new Map<number, number>();
  #volatile = 0;

  /** Rows of the outbox that are in memory, sent or not. */
  get durable(): number {
    return this.#byKey.size - this.#volatile + this.#unsettled.size;
  }

  /** Messages that are only in memory. */
  get volatile(): number {
    return this.#volatile;
  }

  /** Something was told that may lie in the outbox by now. */
  get remembers(): boolean {
    return this.#told.size > 0;
  }

  holds(conflictId: number): boolean {
    return this.#conflicts.has(conflictId);
  }

  /** Whether all that belongs before this message, the head of its conflict, was told. */
  follows({ conflictId, seq }: Held): boolean {
    return seq <= 1 || this.#progress.get(conflictId) === seq - 1;
  }

  /** A row of the outbox, in any order, again or for the first time. @param dueMs monotonic */
  addDurable({ alertId, conflictId, message, causedMs, attempts }: Delivery, dueMs: number): void {
    const key = message.id;
    if (this.#unsettled.has(key)) return;
    const told = this.#told.get(key);
    if (told !== undefined) {
      this.#told.delete(key);
      this.#unsettled.set(key, { alertId, outcome: told });
      return;
    }
    const held = this.#byKey.get(key);
    if (held === undefined) {
      const seq = message.conflict?.seq ?? 0;
      this.#insert({ key, conflictId, seq, message, causedMs, alertId, sending: false, attempts, dueMs });
    } else if (held.alertId === null) {
      held.alertId = alertId;
      this.#volatile--;
    }
  }

  /** A message that could not be stored. @returns false where there is no room for it; true also where it is known already. */
  addVolatile(conflictId: number, message: AlertMessage, causedMs: number, dueMs: number): boolean {
    const key = message.id;
    if (this.#byKey.has(key) || this.#told.has(key) || this.#unsettled.has(key)) return true;
    if (this.#volatile >= MAX_VOLATILE) return false;
    const seq = message.conflict?.seq ?? 0;
    this.#insert({ key, conflictId, seq, message, causedMs, alertId: null, sending: false, attempts: 0, dueMs });
    this.#volatile++;
    return true;
  }

  /**
   * The next message that may be sent, or null. What was never tried goes first: whether the channel works must not hang on one
   * message. Among the others it is the one that was tried least.
   * @param isHeldBack whether something speaks against it now
   */
  next(nowMs: number, isHeldBack: (held: Held) => boolean): Held | null {
    let best: Held | null = null;
    for (const [head] of this.#conflicts.values()) {
      if (head === undefined || head.sending || head.dueMs > nowMs) continue;
      if ((best !== null && head.attempts >= best.attempts) || isHeldBack(head)) continue;
      if (head.attempts === 0) return head;
      best = head;
    }
    return best;
  }

  /** Monotonic ms at which the next message that waits for its time is due; Infinity for none. */
  nextDueMs(nowMs: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [head] of this.#conflicts.values()) {
      if (head !== undefined && !head.sending && head.dueMs > nowMs && head.dueMs < earliest) earliest = head.dueMs;
    }
    return earliest;
  }

  done(held: Held, outcome: Settled): void {
    this.#byKey.delete(held.key);
    this.#progress.delete(held.conflictId);
    this.#progress.set(held.conflictId, held.seq);
    forgetOldest(this.#progress, MAX_PROGRESS);
    const rest = (this.#conflicts.get(held.conflictId) ?? []).filter((other) => other !== held);
    if (rest.length === 0) this.#conflicts.delete(held.conflictId);
    else this.#conflicts.set(held.conflictId, rest);
    if (held.alertId !== null) {
      this.#unsettled.set(held.key, { alertId: held.alertId, outcome });
      return;
    }
    this.#volatile--;
    this.#remember(held.key, outcome);
  }

  handOver(): HandOver {
    const untold = [...this.#conflicts.values()].flat().filter(({ alertId }) => alertId === null);
    const unsettled = [...this.#unsettled].map(([key, { outcome }]) => [key, outcome] as const);
    return { untold, told: new Map([...this.#told, ...unsettled]) };
  }

  /** @returns how many there was no room for */
  takeOver({ untold, told }: HandOver, nowMs: number): number {
    for (const [key, outcome] of told) this.#remember(key, outcome);
    return untold.filter(({ conflictId, message, causedMs }) => !this.addVolatile(conflictId, message, causedMs, nowMs)).length;
  }

  #remember(key: string, outcome: Settled): void {
    this.#told.set(key, outcome);
    forgetOldest(this.#told, MAX_TOLD);
  }

  /** What the outbox must be told, until it takes it. Ends where `settle` throws, and throws the same. */
  settleAll(settle: (alertId: number, outcome: Settled) => void): void {
    for (const [key, { alertId, outcome }] of this.#unsettled) {
      settle(alertId, outcome);
      this.#unsettled.delete(key);
    }
  }

  #insert(held: Held): void {
    this.#byKey.set(held.key, held);
    const queue = this.#conflicts.get(held.conflictId);
    if (queue === undefined) {
      this.#conflicts.set(held.conflictId, [held]);
      return;
    }
    const after = queue.findIndex((other) => other.seq > held.seq);
    if (after < 0) queue.push(held);
    else queue.splice(after, 0, held);
  }
}

function forgetOldest<K>(map: Map<K, unknown>, limit: number): void {
  if (map.size <= limit) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
