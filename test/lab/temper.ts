/**
 * How a simulated host takes ARP requests: whether it answers this one, and after how long. Deterministic: counters, and a
 * seeded sequence for delays. Knows no frames and no clock.
 */

export type Temper =
  | { readonly kind: 'prompt' }
  /** Answers after a delay drawn evenly from `minMs` .. `maxMs`. */
  | { readonly kind: 'slow'; readonly minMs: number; readonly maxMs: number }
  /** Hears only each `oneOf`th request for an address: the first `oneOf - 1` are lost. */
  | { readonly kind: 'lossy'; readonly oneOf: number }
  /** Answers nothing until it is woken (given another temper). */
  | { readonly kind: 'asleep' }
  /** Answers from the `wakesAt`th request in a row on; a row breaks where more than `withinMs` pass between two. */
  | { readonly kind: 'drowsy'; readonly wakesAt: number; readonly withinMs: number };

/** What a temper remembers of one address. */
export interface TemperMemory {
  requests: number;
  inARow: number;
  lastAtMs: number;
}

export const freshMemory = (): TemperMemory => ({ requests: 0, inARow: 0, lastAtMs: Number.NEGATIVE_INFINITY });

/** mulberry32: an even sequence in 0 (included) .. 1 (excluded) from a 32-bit seed. */
export function seededSequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * Notes one more request in `memory` and says after how many ms it is answered; null for never.
 * @param random 0 .. 1, for `slow`
 */
export function answerDelay(temper: Temper, memory: TemperMemory, atMs: number, random: () => number): number | null {
  const pauseMs = atMs - memory.lastAtMs;
  memory.requests += 1;
  memory.lastAtMs = atMs;
  switch (temper.kind) {
    case 'prompt':
      return 0;
    case 'slow':
      return temper.minMs + random() * (temper.maxMs - temper.minMs);
    case 'lossy':
      return memory.requests % temper.oneOf === 0 ? 0 : null;
    case 'asleep':
      return null;
    case 'drowsy':
      memory.inARow = pauseMs <= temper.withinMs ? memory.inARow + 1 : 1;
      return memory.inARow >= temper.wakesAt ? 0 : null;
  }
}
