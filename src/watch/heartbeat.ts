/**
 * Whether the daemon's loops still move: each says so as it goes round, and the service manager's watchdog is fed only while
 * all of them have, each within its own allowance. Restarts nothing itself; a loop that waits for the world outside is not stuck.
 */
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { Notifier } from '../system/notify/notifier.ts';

export interface Beat {
  /** The loop has gone round. */
  beat(): void;
  /** From now on it may be silent for this long, in ms; counts as a beat. Infinity: it waits (a link is down), and is not judged. */
  allow(ms: number): void;
  /** The loop is over. Idempotent. */
  end(): void;
}

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notify: Pick<Notifier, 'watchdog' | 'watchdogIntervalMs'>;
}

interface Loop {
  readonly name: string;
  allowanceMs: number;
  lastBeatMs: number;
  stuck: boolean;
}

/** Without a watchdog the loops are looked at all the same, for the log and `/readyz`. */
const UNWATCHED_INTERVAL_MS = 10_000;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #notify: HeartbeatOptions['notify'];
  readonly #intervalMs: number;
  readonly #loops = new Set<Loop>();
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #excused = false;

  constructor({ clock, logger, notify }: HeartbeatOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#notify = notify;
    this.#intervalMs = notify.watchdogIntervalMs ?? UNWATCHED_INTERVAL_MS;
  }

  /** It has just beaten. @param allowanceMs how long it may be silent */
  register(name: string, allowanceMs: number): Beat {
    const loop: Loop = { name, allowanceMs, lastBeatMs: this.#clock.monotonicMs(), stuck: false };
    this.#loops.add(loop);
    const beat = (): void => {
      loop.lastBeatMs = this.#clock.monotonicMs();
    };
    return {
      beat,
      allow: (ms) => {
        loop.allowanceMs = ms;
        beat();
      },
      end: () => void this.#loops.delete(loop),
    };
  }

  /** Feeds at once, and then at the watchdog's interval. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.check(), this.#intervalMs);
    this.check();
  }

  /** Nothing is fed any more. Idempotent. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Names of the loops that are stuck, as of the last look. */
  stuck(): readonly string[] {
    return [...this.#loops].filter(({ stuck }) => stuck).map(({ name }) => name);
  }

  /** Looks at every loop, and feeds the watchdog where none is stuck. */
  check(): void {
    const now = this.#clock.monotonicMs();
    if (this.#frozen(now) || this.#allMove(now)) this.#notify.watchdog();
  }

  /**
   * This look itself came late: the whole process stood still (SIGSTOP, a frozen machine), and the loops have had no chance to beat
   * yet. They get one interval for it, and never two in a row.
   */
  #frozen(now: number): boolean {
    const late = now - this.#dueMs > this.#intervalMs / 2;
    this.#dueMs = now + this.#intervalMs;
    this.#excused = late && !this.#excused;
    if (this.#excused) this.#logger.warn({ intervalMs: this.#intervalMs }, 'the whole process stood still for a while');
    return this.#excused;
  }

  #allMove(now: number): boolean {
    for (const loop of this.#loops) {
      const silentMs = now - loop.lastBeatMs;
      const stuck = silentMs > loop.allowanceMs;
      if (stuck && !loop.stuck) {
        const facts = { loop: loop.name, silentMs: Math.round(silentMs), allowedMs: loop.allowanceMs };
        this.#logger.error(facts, 'a loop of the daemon is stuck: the watchdog is not fed until it moves again');
      } else if (!stuck && loop.stuck) {
        this.#logger.warn({ loop: loop.name }, 'the loop that was stuck moves again');
      }
      loop.stuck = stuck;
    }
    return [...this.#loops].every(({ stuck }) => !stuck);
  }
}
