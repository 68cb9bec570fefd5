/**
 * Reads the configuration: file -> YAML -> checked values. The only reader of that file. Refuses what it does not know;
 * never changes the file, and opens nothing that the file names.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { EXIT, FreeholdError } from '../core/error.ts';
import { NOT_SHOWN } from './config-alert-fields.ts';
import { readDocument } from './config-document.ts';
import { ConfigError, type ConfigProblem, formatPath, sayGiven } from './config-error.ts';
import { brokenRules } from './config-rules.ts';
import { DEFAULT_CONFIG_PATH, documentSchema } from './config-schema.ts';
import type { Config } from './config-types.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** `defaults`: there is no file at the default path, `path`. */
  readonly source: { readonly kind: 'file' | 'defaults'; readonly path: string };
}

const LARGEST_FILE = 1024 * 1024;

/**
 * @param path null: the default path, where a missing file is no error.
 * @param defaultPath for tests.
 * @throws FreeholdError `config-not-found`, `config-unreadable`, `config-invalid` (a ConfigError).
 */
export function loadConfig(path: string | null, defaultPath = DEFAULT_CONFIG_PATH): LoadedConfig {
  const file = path ?? defaultPath;
  const text = readConfigFile(file);
  if (text !== null) return { config: parseConfig(text, file), source: { kind: 'file', path: file } };
  if (path === null) return { config: parseConfig('', file), source: { kind: 'defaults', path: file } };
  throw new FreeholdError('config-not-found', `There is no configuration file at ${file}.`, {
    exitCode: EXIT.usage,
    hint: `Check the path, or leave it out to use ${defaultPath}.`,
  });
}

/** The text of a configuration, checked. @param file its name, for messages. @throws ConfigError */
export function parseConfig(text: string, file: string): Config {
  const { value, problems, lineOf } = readDocument(text);
  if (problems.length > 0)
    throw new ConfigError(
      file,
      problems.map((problem) => ({ ...problem, path: '' })),
    );
  const document = withoutEmptySections(value ?? {});
  const parsed = documentSchema.safeParse(document);
  const found: ConfigProblem[] = [];
  const note = (path: readonly PropertyKey[], message: string): void => {
    const steps = path.filter((step) => typeof step !== 'symbol');
    const problem = {
      line: lineOf(steps),
      path: formatPath(steps),
      message: withGiven(message, valueAt(document, steps), mayHoldSecrets(steps)),
    };
    if (!found.some((other) => other.path === problem.path && other.message === problem.message)) found.push(problem);
  };
  for (const issue of parsed.error?.issues ?? []) noteIssue(issue, note);
  for (const { path, message } of brokenRules(document)) {
    if (!found.some((other) => other.path === formatPath(path))) note(path, message);
  }
  if (parsed.success && found.length === 0) return parsed.data;
  throw new ConfigError(
    file,
    found.sort((a, b) => a.line - b.line),
  );
}

function noteIssue(issue: z.core.$ZodIssue, note: (path: readonly PropertyKey[], message: string) => void): void {
  const inner = issue.code === 'invalid_union' ? fittingForm(issue.errors) : undefined;
  if (inner !== undefined) {
    for (const one of inner) noteIssue(one, (path, message) => note([...issue.path, ...path], message));
    return;
  }
  if (issue.code !== 'unrecognized_keys') {
    note(issue.path, issue.message);
    return;
  }
  // config-fields.ts writes one line for each key.
  const messages = issue.message.split('\n');
  for (const [index, key] of issue.keys.entries()) {
    const message = messages[index] ?? 'unknown key';
    if (!mayHoldSecrets(issue.path.filter((step) => typeof step !== 'symbol')) || isWord(key))
      note([...issue.path, key], message);
    else note(issue.path, `has an ${message}; ${NOT_SHOWN}`);
  }
}

/** Of the forms that a value may have (a text or a mapping, say): what is wrong with the one that was meant, told by its type. */
function fittingForm(forms: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const isOtherType = ({ path, code }: z.core.$ZodIssue): boolean =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  const fitting = forms.filter((issues) => !issues.some(isOtherType));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** A message that says what was expected also says what was given; the others hold it already. */
function withGiven(message: string, given: unknown, secret: boolean): string {
  if (!message.startsWith('expected')) return message;
  if (secret && given !== null && ['string', 'number', 'bigint'].includes(typeof given)) return message;
  return given === undefined ? `is required: ${message}` : `${message}, got ${sayGiven(given)}`;
}

/** Below `alerts` anything may be a secret in the wrong place. */
const mayHoldSecrets = ([section, key]: readonly (string | number)[]): boolean =>
  section === 'alerts' || (section === 'http' && key === 'tokenFile');

/** A word, as keys are; anything else may be a secret that lost its key (`url:https://...` without the space, say). */
const isWord = (key: string): boolean => /^[A-Za-z]{1,24}$/.test(key);

/** `dhcp:` with all of its keys commented out is the same as no `dhcp` at all. */
const withoutEmptySections = (value: unknown): unknown =>
  typeof value === 'object' && !Array.isArray(value) && value !== null
    ? Object.fromEntries(Object.entries(value).filter(([key, section]) => section !== null || !(key in documentSchema.shape)))
    : value;

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[step];
  }
  return here;
}

/** null where there is no such file. */
function readConfigFile(file: string): string | null {
  const unreadable = (why: string, cause?: unknown): FreeholdError =>
    new FreeholdError('config-unreadable', `The configuration file ${file} cannot be read: ${why}.`, {
      exitCode: EXIT.usage,
      hint: 'It must be a plain text file that this user may read.',
      cause,
    });
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    throw unreadable(code === 'EACCES' ? 'permission denied' : String(code), error);
  }
  try {
    const facts = fstatSync(descriptor);
    if (facts.isDirectory()) throw unreadable('it is a directory');
    if (facts.size > LARGEST_FILE) throw unreadable('it is larger than 1 MiB');
    return readFileSync(descriptor, 'utf8').replace(/^\uFEFF/, '');
  } finally {
    closeSync(descriptor);
  }
}
