/**
 * What the guard sees, live: a ring of the newest events, and whoever wants the next ones. Keeps nothing on disk; decides
 * nothing. A flood of sightings is cut to what a person can follow, so that it neither pushes conflicts out of the ring nor
 * costs the guard its time.
 */
import { randomBytes } from 'node:crypto';
import { FreeholdError } from '../core/error.ts';
import type { LiveEvent, LiveEventBody, LiveEventStream } from './guard-types.ts';

export const LIVE_EVENTS_KEPT = 2000;
/** More than HTTP lets in: its own bound is the one that a client meets. */
const MOST_LISTENERS = 64;
const SIGHTINGS_A_SECOND = 200;
const WINDOW_MS = 1000;
/** Stamps come from several sockets, each a little late; older than this, somebody set the clock back. */
const OUT_OF_ORDER_MS = 60_000;

export interface LiveEventsOptions {
  /** Told apart from every other run's; letters and digits. */
  readonly run?: string;
  /** What a listener threw. */
  readonly onListenerError?: (error: unknown) => void;
}

export function createLiveEvents(options: LiveEventsOptions = {}): LiveEventStream {
  return new LiveEvents(options.run ?? randomBytes(6).toString('hex'), options.onListenerError ?? (() => undefined));
}

class LiveEvents implements LiveEventStream {
  readonly run: string;
  readonly #onListenerError: (error: unknown) => void;
  /** The event of seq n is at n modulo its length. */
  readonly #ring: LiveEvent[] = [];
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #newest = 0;
  /** Epoch ms at which the running second of sightings began. */
  #windowMs = Number.NEGATIVE_INFINITY;
  #shown = 0;
  #heldBack = 0;
  #heldBackSegment = '';

  constructor(run: string, onListenerError: (error: unknown) => void) {
    this.run = run;
    this.#onListenerError = onListenerError;
  }

  get newest(): number {
    return this.#newest;
  }

  publish(body: LiveEventBody, atMs: number): void {
    if (atMs >= this.#windowMs + WINDOW_MS || atMs < this.#windowMs - OUT_OF_ORDER_MS) this.#nextWindow(atMs);
    if (body.type === 'sighting') {
      if (this.#shown >= SIGHTINGS_A_SECOND) {
        this.#heldBack++;
        this.#heldBackSegment = body.sighting.segment;
        return;
      }
      this.#shown++;
    }
    this.#add(body, atMs);
  }

  since(seq: number): { readonly events: readonly LiveEvent[]; readonly missed: boolean } {
    const oldest = Math.max(1, this.#newest - LIVE_EVENTS_KEPT + 1);
    const events: LiveEvent[] = [];
    for (let next = Math.max(oldest, seq + 1); next <= this.#newest; next++) {
      const event = this.#ring[next % LIVE_EVENTS_KEPT];
      if (event !== undefined) events.push(event);
    }
    return { events, missed: seq + 1 < oldest };
  }

  /** @throws FreeholdError `too-many-streams` */
  subscribe(listener: (event: LiveEvent) => void): () => void {
    if (this.#listeners.size >= MOST_LISTENERS) {
      throw new FreeholdError('too-many-streams', `${MOST_LISTENERS} listeners follow the events already.`, {
        hint: 'Close one of them first.',
      });
    }
    // A function of its own: the same listener may be put on twice, and each is taken off by itself.
    const own = (event: LiveEvent): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #nextWindow(atMs: number): void {
    this.#windowMs = atMs;
    this.#shown = 0;
    if (this.#heldBack === 0) return;
    const text = `${this.#heldBack} more sightings of pool addresses within a second are not shown here; the guard saw them all.`;
    this.#heldBack = 0;
    this.#add({ type: 'notice', segment: this.#heldBackSegment, code: 'sightings-not-shown', text }, atMs);
  }

  #add(body: LiveEventBody, atMs: number): void {
    const event: LiveEvent = { ...body, seq: this.#newest + 1, atMs };
    this.#newest = event.seq;
    this.#ring[event.seq % LIVE_EVENTS_KEPT] = event;
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
