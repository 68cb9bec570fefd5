/**
 * What a command does to a cluster, step by step: each with how it ended and what was seen, told as soon as it is known.
 */

export type StepStatus =
  | 'ok'
  | 'failed'
  /** It could not be looked at, or was not come to; `detail` says why. Never the same as ok. */
  | 'skipped';

export interface Step {
  /** Stable, kebab-case. */
  readonly name: string;
  readonly title: string;
  readonly status: StepStatus;
  /** What was seen, or why it failed; may be empty. */
  readonly detail: string;
  readonly seconds: number;
}

export interface StepListener {
  /** A step has begun. */
  onStart?(title: string): void;
  /** What the running step waits for, whenever that changes. */
  onWhy?(title: string, why: string): void;
  onStep(step: Step): void;
}

/** What a step amounts to. */
export interface Outcome {
  readonly status: StepStatus;
  readonly detail: string;
}

export const ok = (detail = ''): Outcome => ({ status: 'ok', detail });
export const failed = (detail: string): Outcome => ({ status: 'failed', detail });
export const skipped = (detail: string): Outcome => ({ status: 'skipped', detail });

export class StepLog {
  readonly #listener: StepListener;
  readonly #nowMs: () => number;
  readonly #steps: Step[] = [];

  /** @param nowMs a clock that never jumps */
  constructor(listener: StepListener, nowMs: () => number) {
    this.#listener = listener;
    this.#nowMs = nowMs;
  }

  get all(): readonly Step[] {
    return this.#steps;
  }

  /** An error that `work` throws is noted as the step's failure and thrown on. */
  async run(name: string, title: string, work: (say: (why: string) => void) => Promise<Outcome>): Promise<Step> {
    const startedMs = this.#nowMs();
    this.#listener.onStart?.(title);
    const note = ({ status, detail }: Outcome): Step => {
      const seconds = Math.round((this.#nowMs() - startedMs) / 100) / 10;
      const step = { name, title, status, detail, seconds };
      this.#steps.push(step);
      this.#listener.onStep(step);
      return step;
    };
    try {
      return note(await work((why) => this.#listener.onWhy?.(title, why)));
    } catch (error) {
      note(failed(error instanceof Error ? error.message : String(error)));
      throw error;
    }
  }

  /** A step that was not come to. */
  skip(name: string, title: string, why: string): void {
    const step: Step = { name, title, status: 'skipped', detail: why, seconds: 0 };
    this.#steps.push(step);
    this.#listener.onStep(step);
  }
}
