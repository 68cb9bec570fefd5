/** What could not be read, as a check gets it: the reason and what it would need. Pure. */
import type { Known } from '../../cluster/doctor/types.ts';
import { EXIT, type ExitCode, FreeholdError } from '../../core/error.ts';

type Unknown = Extract<Known<unknown>, { readonly known: false }>;

export const known = <T>(value: T): Known<T> => ({ known: true, value });

export const unknown = (
  why: string,
  needs: string,
  { exitCode = EXIT.unreachable, unasked = false }: Partial<Pick<Unknown, 'exitCode' | 'unasked'>> = {},
): Unknown => ({
  known: false,
  why: sentence(why),
  needs,
  exitCode,
  unasked,
});

/** Of an error that a person may see; others are faults of the program, and go on. @throws what it is not meant for */
export function unknownOf(error: unknown): Unknown {
  if (!(error instanceof FreeholdError)) throw error;
  return unknown(error.message, error.hint ?? 'Try again.', { exitCode: error.exitCode satisfies ExitCode });
}

const sentence = (text: string): string => (/[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
