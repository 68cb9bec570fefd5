/**
 * Errors as RFC 9457 problem documents with a stable `code`. The one table of codes and statuses. Never shows a stack trace,
 * nor the message of an error that was not written for people.
 */
import { STATUS_CODES } from 'node:http';
import { EXIT, FreeholdError } from '../core/error.ts';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface Problem {
  /** `urn:freehold:problem:` and the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable, kebab-case: for programs. */
  readonly code: string;
  /** The next step, for people. */
  readonly hint?: string;
  readonly errors?: readonly FieldError[];
}

/** Input that was refused, field by field. Codes `invalid-query`, `invalid-body`, `invalid-address`, `invalid-conflict-id`, `invalid-claim-id`. */
export class InputError extends FreeholdError {
  readonly errors: readonly FieldError[];

  constructor(code: string, errors: readonly FieldError[]) {
    super(code, errors.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; '), {
      exitCode: EXIT.usage,
    });
    this.errors = errors;
  }
}

const STATUS_OF: Readonly<Record<string, number>> = {
  'invalid-query': 400,
  'invalid-body': 400,
  'invalid-address': 400,
  'invalid-conflict-id': 400,
  'invalid-claim-id': 400,
  'malformed-json': 400,
  'malformed-request': 400,
  'bad-criteria': 400,
  'segment-ambiguous': 400,
  'verify-not-on-link': 400,
  'verify-range-too-large': 400,
  unauthorized: 401,
  'host-not-allowed': 403,
  'foreign-page': 403,
  'not-found': 404,
  'segment-unknown': 404,
  'address-not-watched': 404,
  'conflict-unknown': 404,
  'claim-unknown': 404,
  'method-not-allowed': 405,
  'no-segments': 409,
  'conflict-closed': 409,
  'claim-ended': 409,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'verify-busy': 429,
  'sweep-busy': 429,
  'too-many-streams': 429,
  'not-permitted': 503,
  'segment-not-ready': 503,
  'ledger-not-writable': 503,
  'segment-waiting': 503,
  'internal-error': 500,
};

const STATUS_OF_EXIT: Readonly<Record<number, number>> = {
  [EXIT.usage]: 400,
  [EXIT.no]: 409,
  [EXIT.notPermitted]: 503,
  [EXIT.unreachable]: 503,
};

export function problemOf(thrown: unknown): Problem {
  const error = asFreeholdError(thrown);
  const status = STATUS_OF[error.code] ?? STATUS_OF_EXIT[error.exitCode] ?? 500;
  return {
    type: `urn:freehold:problem:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error instanceof InputError ? { errors: error.errors } : {}),
  };
}

/** What Express and its body parser refuse carries a 4xx status; anything else is a fault of ours. */
function asFreeholdError(thrown: unknown): FreeholdError {
  if (thrown instanceof FreeholdError) return thrown;
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined;
  const type = thrown instanceof Error && 'type' in thrown ? thrown.type : undefined;
  const usage = { exitCode: EXIT.usage };
  if (status === 413) return new FreeholdError('body-too-large', 'The body of a request has at most 16 KiB.', usage);
  if (status === 415) return new FreeholdError('unsupported-media-type', 'A body is JSON in UTF-8, not compressed.', usage);
  if (type === 'entity.parse.failed') return new FreeholdError('malformed-json', 'The body is not a JSON object.', usage);
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new FreeholdError('malformed-request', 'The request cannot be read.', usage);
  }
  return new FreeholdError('internal-error', 'Something went wrong inside Freehold.', {
    hint: 'The log of the daemon says more.',
  });
}
