/**
 * The one error type that Freehold shows to people: a stable code, what happened, and the next step.
 * It never holds a secret and is never thrown by a decoder.
 */

/** Exit codes of every command; outsiders rely on them (docs/architecture.md). */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  no: 3,
  notPermitted: 4,
  unreachable: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorDetails {
  /** What the person can do about it: one sentence. */
  readonly hint?: string;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

export class FreeholdError extends Error {
  override readonly name = 'FreeholdError';
  /** Stable, kebab-case, never reused for something else. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? EXIT.failure;
  }
}
