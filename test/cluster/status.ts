/**
 * What an API server answers when it refuses: `Status` documents with the texts of the real one (apimachinery, api/errors). Decides
 * nothing.
 */
import type { JsonObject } from './json.ts';

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Thrown by everything that handles a request. */
export class ApiError extends Error {
  readonly code: number;
  /** A Status, or the plain text of a path that nobody serves. */
  readonly body: JsonObject | string;

  constructor(code: number, body: JsonObject | string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.body = body;
  }
}

/** How a kind is named in texts: `ipaddresspools.metallb.io`, and in details: `ipaddresspools` of `metallb.io`. */
export interface Named {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

const qualified = ({ plural, group }: Named): string => (group === '' ? plural : `${plural}.${group}`);

/** @param reason empty: left out, as for errors that the server did not foresee */
export function failure(code: number, reason: string, message: string, details?: JsonObject): ApiError {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
  return new ApiError(code, body, message);
}

const about = ({ group, plural }: Named, name: string): JsonObject => ({
  ...(name === '' ? {} : { name }),
  ...(group === '' ? {} : { group }),
  kind: plural,
});

export const nobodyServes = (): ApiError => new ApiError(404, '404 page not found\n', '404 page not found');
export const unauthorized = (): ApiError => failure(401, 'Unauthorized', 'Unauthorized');
export const badRequest = (message: string): ApiError => failure(400, 'BadRequest', message);
export const internal = (message: string): ApiError => failure(500, '', message);
export const methodNotAllowed = (): ApiError =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

export const notFound = (resource: Named, name: string): ApiError =>
  failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, about(resource, name));

export const alreadyExists = (resource: Named, name: string): ApiError =>
  failure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, about(resource, name));

export const conflict = (resource: Named, name: string, why: string): ApiError =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, about(resource, name));

export const modified = (resource: Named, name: string): ApiError =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');

/** @param name empty: of a list or a creation without a name */
export const forbidden = (resource: Named, name: string, why: string): ApiError =>
  failure(
    403,
    'Forbidden',
    `${qualified(resource)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`,
    about(resource, name),
  );

export const forbiddenPath = (why: string): ApiError => failure(403, 'Forbidden', `forbidden: ${why}`, {});

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    {},
  );

export const tooLarge = (limit: number): ApiError =>
  failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`, {});

/** @param causes at least one */
export function invalid({ group, kind }: Named, name: string, causes: readonly Cause[]): ApiError {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const told = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const full = group === '' ? kind : `${kind}.${group}`;
  return failure(422, 'Invalid', `${full} "${name}" is invalid: ${told}`, {
    name,
    ...(group === '' ? {} : { group }),
    kind,
    causes,
  });
}

export const webhookFailed = (webhook: string, why: string): ApiError => {
  const message = `failed calling webhook "${webhook}": failed to call webhook: ${why}`;
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
};

export const webhookDenied = (webhook: string, why: string): ApiError =>
  failure(403, 'Forbidden', `admission webhook "${webhook}" denied the request: ${why}`);

export const continueExpired = (): ApiError =>
  failure(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
  );

/** The object of an ERROR event. */
export const tooOld = (asked: number, oldest: number): ApiError =>
  failure(410, 'Expired', `too old resource version: ${asked} (${oldest})`);

export const success = (resource: Named, name: string, uid: string | undefined): JsonObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { ...about(resource, name), ...(uid === undefined ? {} : { uid }) },
});
