/**
 * The clock, passed to whoever needs the time, so that tests can bring their own. Nothing else asks the machine for it.
 */
export interface Clock {
  /** Epoch milliseconds. May jump when somebody sets the time. */
  nowMs(): number;
  /** Milliseconds since some moment; never jumps, never runs backwards. For waits and for measuring. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
