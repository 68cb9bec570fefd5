/**
 * The first fault of the wire in each run under way, a sweep or a live run: one that begins never forgives another one's. Knows
 * no wire, and decides nothing about what a fault means.
 */
import type { WireFault } from './faults.ts';

export interface RunFault {
  /** What happened since the run began, if anything. */
  get(): WireFault | null;
  end(): void;
}

export class RunFaults {
  readonly #runs = new Set<{ fault: WireFault | null }>();

  /** @param already what is wrong as the run begins */
  begin(already: WireFault | null): RunFault {
    const run = { fault: already };
    this.#runs.add(run);
    return { get: () => run.fault, end: () => void this.#runs.delete(run) };
  }

  fail(fault: WireFault): void {
    for (const run of this.#runs) run.fault ??= fault;
  }
}
