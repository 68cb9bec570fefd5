/**
 * Reads query and body strictly: unknown or repeated names are refused, and every problem is told at once, by field.
 */
import type { z } from 'zod';
import { formatPath, sayGiven } from '../system/config-error.ts';
import { nearestName } from '../system/nearest-name.ts';
import { type FieldError, InputError } from './problem.ts';

/** A request may be wrong in a thousand ways; this many are told. */
const MOST_ERRORS = 20;

/** @throws InputError `invalid-query` */
export function readQuery<Schema extends z.ZodObject>(schema: Schema, search: string): z.output<Schema> {
  const given: Record<string, string> = Object.create(null);
  const errors = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (!Object.hasOwn(schema.shape, name)) errors.set(name, unknownName('parameter', name, Object.keys(schema.shape)));
    else if (name in given) errors.set(name, 'given more than once');
    given[name] = value;
  }
  const parsed = schema.safeParse({ ...given });
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') continue;
    const field = formatPath(issue.path);
    if (!errors.has(field)) errors.set(field, withGiven(issue.message, given[field]));
  }
  if (parsed.success && errors.size === 0) return parsed.data;
  throw refusal(
    'invalid-query',
    [...errors].map(([field, message]) => ({ field, message })),
  );
}

/** @throws InputError `invalid-body` */
export function readBody<Schema extends z.ZodObject>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const values: Readonly<Record<string, unknown>> = typeof body === 'object' && body !== null ? { ...body } : {};
  const errors = parsed.error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: key, message: unknownName('member', key, Object.keys(schema.shape)) }))
      : [{ field: formatPath(issue.path), message: withGiven(issue.message, values[String(issue.path[0])]) }],
  );
  throw refusal('invalid-body', errors);
}

const refusal = (code: string, errors: readonly FieldError[]): InputError =>
  new InputError(
    code,
    errors.slice(0, MOST_ERRORS).map(({ field, message }) => ({ field: field.slice(0, 100), message })),
  );

function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  const list = known.length === 0 ? 'none' : known.join(', ');
  return `unknown ${what} (${near === undefined ? '' : `did you mean "${near}"? `}known here: ${list})`;
}

function withGiven(message: string, given: unknown): string {
  if (given === undefined) return `is required: ${message}`;
  return message.startsWith('expected') ? `${message}, got ${sayGiven(given)}` : message.slice(0, 300);
}
