/**
 * Why a claim is not made: one error that holds every reason, each with its code and its next step. Exit 3 unless it says otherwise.
 */
import { EXIT, type ExitCode, FreeholdError } from '../../core/error.ts';

export type ApplyStep = 'history' | 'cluster' | 'live' | 'dry-run' | 'confirm' | 'push' | 'read-back';

export interface Reason {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly text: string;
  readonly fix: string | null;
}

export class Refusal extends FreeholdError {
  readonly step: ApplyStep;
  readonly reasons: readonly Reason[];

  constructor(
    step: ApplyStep,
    code: string,
    message: string,
    reasons: readonly Reason[],
    details: { readonly hint?: string; readonly exitCode?: ExitCode } = {},
  ) {
    const lines = reasons.flatMap(({ text, fix }) => [`  - ${text}`, ...(fix === null ? [] : [`    ${fix}`])]);
    super(code, [message, ...lines].join('\n'), { exitCode: EXIT.no, ...details });
    this.step = step;
    this.reasons = reasons;
  }
}
