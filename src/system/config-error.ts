/**
 * What is wrong with a configuration: every problem at once, each with its line, its path, what was expected and what was
 * given.
 */
import { EXIT, FreeholdError } from '../core/error.ts';

export interface ConfigProblem {
  /** From 1. */
  readonly line: number;
  /** `segments[0].rate`; empty for a problem of the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A stranger's file may be wrong in every line; this many problems are enough to go on with. */
const MOST_SHOWN = 50;

/** Code `config-invalid`, exit 2. */
export class ConfigError extends FreeholdError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const shown = problems
      .slice(0, MOST_SHOWN)
      .map(({ line, path, message }) => `\n  line ${line}: ${path === '' ? '' : `${path}: `}${message}`);
    const rest = problems.length - shown.length;
    const count = problems.length === 1 ? 'one error' : `${problems.length} errors`;
    super('config-invalid', `${file} has ${count}:${shown.join('')}${rest > 0 ? `\n  and ${rest} more` : ''}`, {
      exitCode: EXIT.usage,
      hint: 'docs/configuration.md describes every key; `freehold config check` reads the file again.',
    });
    this.problems = problems;
  }
}

/** `segments[0].rate`; a key that is not a plain word is quoted. */
export const formatPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const key = String(step);
    if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');

/** What was given, short enough for a line. */
export function sayGiven(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
