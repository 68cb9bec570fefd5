/**
 * The bearer token (RFC 6750), where one is configured. Compares digests in constant time; never logs what was sent.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { EXIT, FreeholdError } from '../core/error.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * @param token null: everybody may ask; only ever on loopback or a unix socket.
 * @param openPaths answer without a token all the same.
 */
export function authenticate(token: string | null, openPaths: ReadonlySet<string>): RequestHandler {
  if (token === null) return (_request, _response, next) => next();
  const expected = digest(token);
  return (request, response, next) => {
    if (openPaths.has(request.path)) return next();
    const [, sent] = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    if (sent !== undefined && timingSafeEqual(digest(sent), expected)) return next();
    response.set('WWW-Authenticate', `Bearer realm="freehold"${sent === undefined ? '' : ', error="invalid_token"'}`);
    const message = sent === undefined ? 'This needs a token.' : 'The token is not the right one.';
    throw new FreeholdError('unauthorized', message, {
      exitCode: EXIT.notPermitted,
      hint: 'Send "Authorization: Bearer TOKEN" with the token of the file that http.tokenFile names.',
    });
  };
}
