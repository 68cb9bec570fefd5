/**
 * What every request must pass before anybody looks at what it asks: against web pages that reach for a daemon on the
 * machine of whoever visits them.
 */
import type { RequestHandler } from 'express';
import { EXIT, FreeholdError } from '../core/error.ts';

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set(HEADERS);
  next();
};

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_ADDRESS = /^(127\.|::ffff:127\.|::1$)/;

/**
 * Against DNS rebinding: a page of evil.example whose name has just become 127.0.0.1 still sends `Host: evil.example`.
 * Only for requests that come in on loopback: a unix socket has no address, and beyond loopback a token is needed, which
 * such a page does not have.
 */
export const checkHost: RequestHandler = (request, _response, next) => {
  const { localAddress } = request.socket;
  if (localAddress === undefined || !LOOPBACK_ADDRESS.test(localAddress)) return next();
  if (LOOPBACK_HOST.test(request.headers.host ?? '')) return next();
  throw new FreeholdError('host-not-allowed', 'This daemon answers to localhost, 127.x.x.x and [::1] only.', {
    exitCode: EXIT.notPermitted,
    hint: 'Use one of these names in the URL, or configure http.tokenFile.',
  });
};

/**
 * A page of another origin cannot read a stream of events, but it could hold every one of the few that there are. Browsers say
 * where a request comes from (Fetch Metadata); other clients say nothing, and are let in.
 */
export const refuseForeignPages: RequestHandler = (request, _response, next) => {
  const site = request.get('Sec-Fetch-Site');
  if (site === undefined || site === 'same-origin' || site === 'none') return next();
  throw new FreeholdError('foreign-page', 'A page of another origin may not follow the events.', { exitCode: EXIT.notPermitted });
};

/**
 * A page can send a form or plain text to any address unasked, but not this content type. Nothing at all needs no type, but a page
 * can send that too: browsers then say where it comes from.
 */
export const requireJson: RequestHandler = (request, _response, next) => {
  const { 'transfer-encoding': encoding, 'content-length': length = '0', origin } = request.headers;
  const isEmpty = encoding === undefined && length === '0';
  if (isEmpty && origin === undefined && request.get('Sec-Fetch-Site') === undefined) return next();
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((parameter) => parameter.trim()).filter((parameter) => parameter.startsWith('charset='));
  const utf8 = charset.every((parameter) => parameter === 'charset=utf-8' || parameter === 'charset="utf-8"');
  if (type.trim() === 'application/json' && utf8) return next();
  throw new FreeholdError('unsupported-media-type', 'A POST needs "Content-Type: application/json".', { exitCode: EXIT.usage });
};
