/**
 * Posts one body over HTTP or HTTPS and says what came of it, for every channel that is a URL. Connections are kept, since the next
 * alert must not wait for a handshake. Follows no redirect: body and token go where the configuration says, and nowhere else. Of
 * an answer only status and Retry-After are used. Reasons name the host, never path, query or user of the URL.
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { FreeholdError } from '../core/error.ts';
import type { Clock } from '../system/clock.ts';
import { DELIVERED, rejected, retry, type SendOutcome } from './types.ts';

export const TIMEOUT_MS = 10_000;
/** A receiver may ask for more patience, but not for more than this. */
export const LONGEST_RETRY_AFTER_MS = 600_000;
/** Of an answer's body; read only so that the connection can be used again. */
const LARGEST_BODY = 64 * 1024;
const DRAIN_MS = 1000;
const MAX_DRAINING = 8;
/** Shorter than what firewalls forget a connection after: a message on a forgotten one would wait for the timeout. */
const IDLE_MS = 30_000;
/** Refusals of this very content: too large, of a type that is not taken, not to be processed, with too much in its headers. */
const FOR_GOOD = new Set([413, 415, 422, 431]);

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** The other side closed the connection while it lay unused; so the request was probably never seen. */
class StaleConnection extends Error {}

/** The connection ended without an answer, and without an error either. */
class NoAnswer extends Error {
  readonly code = 'no answer';
}

export class HttpPoster {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #plain = new HttpAgent({ keepAlive: true, timeout: IDLE_MS });
  readonly #secure = new HttpsAgent({ keepAlive: true, timeout: IDLE_MS });
  #draining = 0;
  /** The receiver took something: a 400 is about the message then, and not about where or how it is sent. */
  #tookOne = false;

  constructor(clock: Clock, timeoutMs: number = TIMEOUT_MS) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Never throws.
   * @param prepare makes the request; what it throws as FreeholdError (a secret that is missing) is a retry.
   */
  async post(prepare: () => Post, signal: AbortSignal): Promise<SendOutcome> {
    let host = 'the receiver';
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#timeoutMs);
    const stop = (): void => timeout.abort();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      const post = prepare();
      host = post.url.host;
      return this.#judge(await this.#exchange(post, timeout.signal), host);
    } catch (error) {
      if (signal.aborted) return retry('stopped');
      if (timeout.signal.aborted) return wide(`${host} did not answer within ${this.#timeoutMs / 1000} s`);
      if (error instanceof FreeholdError) return wide([error.message, error.hint].filter(Boolean).join(' '));
      const code = codeOf(error);
      if (code === 'ERR_INVALID_CHAR') return wide('a secret holds a character that no HTTP header takes');
      return wide(`${host} cannot be reached (${code})`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  async #exchange(post: Post, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#tryOnce(post, signal, false);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      return await this.#tryOnce(post, signal, true);
    }
  }

  /** @param fresh on a connection of its own */
  #tryOnce({ url, headers, body }: Post, signal: AbortSignal, fresh: boolean): Promise<Answer> {
    const secure = url.protocol === 'https:';
    const agent = secure ? this.#secure : this.#plain;
    return new Promise((resolve, reject) => {
      const request = (secure ? requestHttps : requestHttp)(url, {
        method: 'POST',
        agent: fresh ? false : agent,
        signal,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      });
      request.on('response', (response) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        this.#drain(response);
      });
      // Not asked for, and no answer to a POST: but Node tells of it here, and of nothing else after it.
      request.on('upgrade', (response, socket) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: undefined });
        socket.destroy();
      });
      // Whatever else may end it: nothing happens where it was settled before.
      request.on('close', () => reject(new NoAnswer()));
      request.on('error', (error) => {
        const stale = !fresh && request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error));
        reject(stale ? new StaleConnection() : error);
      });
      request.end(body);
    });
  }

  #drain(response: IncomingMessage): void {
    response.on('error', () => undefined);
    if (this.#draining >= MAX_DRAINING) {
      response.destroy();
      return;
    }
    this.#draining++;
    let length = 0;
    const timer = setTimeout(() => response.destroy(), DRAIN_MS);
    response.once('close', () => {
      clearTimeout(timer);
      this.#draining--;
    });
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LARGEST_BODY) response.destroy();
    });
  }

  #judge({ status, retryAfter }: Answer, host: string): SendOutcome {
    if (status >= 200 && status < 300) {
      this.#tookOne = true;
      return DELIVERED;
    }
    if (status >= 300 && status < 400) {
      return retry(`${host} answered ${status}: redirects are never followed, so the configuration must name the new address`);
    }
    const reason = `${host} answered ${status}`;
    if (FOR_GOOD.has(status) || (status === 400 && this.#tookOne)) return rejected(reason);
    return retry(reason, retryAfterMs(retryAfter, this.#clock.nowMs()));
  }
}

/** Nothing that another message could not meet as well. */
const wide = (reason: string): SendOutcome => retry(reason, null, 'channel');

/** RFC 9110 section 10.2.3: seconds or a date. @returns ms, 0 .. LONGEST_RETRY_AFTER_MS; null where there is none to understand */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

/** Only the code: messages of Node may hold what was asked for. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no connection';
}
