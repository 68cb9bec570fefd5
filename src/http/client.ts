/**
 * The command line's client of a running daemon: JSON over HTTP, HTTPS or a unix socket. Turns problem documents back into
 * FreeholdErrors. Follows no redirect and tries nothing twice.
 */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';

export interface ClientOptions {
  /** `http://HOST:PORT`, `https://HOST:PORT` or `unix:/path`. */
  readonly url: string;
  /** A unix socket to ask instead of the host of `url`. */
  readonly socketPath?: string | null;
  readonly token: string | null;
  /** From the request to the end of the answer. Default 30 s. */
  readonly timeoutMs?: number;
}

/** A member that is undefined is left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface HttpClient {
  /**
   * @returns the answer, whose form the caller names (service.ts).
   * @throws FreeholdError with the daemon's own code; or `daemon-unreachable` (exit 5), `daemon-timeout` (exit 5),
   *   `not-a-daemon` (exit 5).
   */
  get<T>(path: string, query?: QueryValues): Promise<T>;
  post<T>(path: string, body: Readonly<Record<string, unknown>>): Promise<T>;
}

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The longest honest answer (4,096 addresses) is about 2 MB. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

export function createClient(options: ClientOptions): HttpClient {
  const target = targetOf(options);
  const ask = async <T>(method: string, path: string, body: string | null): Promise<T> => {
    const headers = {
      accept: 'application/json, application/problem+json',
      connection: 'close',
      ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
      ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const answer = await exchange(
      target,
      { method, path: target.prefix + path, headers },
      body,
      options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    );
    return readAnswer<T>(answer, target.name);
  };
  return {
    get: (path, query = {}) => ask('GET', path + searchOf(query), null),
    post: (path, body) => ask('POST', path, JSON.stringify(body)),
  };
}

/** Where a request goes; also for event-client.ts. */
export interface Target {
  readonly name: string;
  readonly secure: boolean;
  readonly where: RequestOptions;
  /** The path of the URL, for a daemon behind a proxy; no slash at its end. */
  readonly prefix: string;
}

/** @throws FreeholdError `invalid-url` */
export function targetOf({ url, socketPath }: ClientOptions): Target {
  const path = socketPath ?? (url.startsWith('unix:') ? url.slice('unix:'.length) : null);
  if (path !== null) return { name: `unix:${path}`, secure: false, where: { socketPath: path, host: 'localhost' }, prefix: '' };
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new FreeholdError('invalid-url', `"${url}" is not the address of a daemon.`, {
      exitCode: EXIT.usage,
      hint: 'Expected http://HOST:PORT, https://HOST:PORT or unix:/PATH.',
    });
  }
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const where = parsed.port === '' ? { host } : { host, port: Number(parsed.port) };
  return { name: parsed.origin, secure: parsed.protocol === 'https:', where, prefix: parsed.pathname.replace(/\/+$/, '') };
}

export function searchOf(query: QueryValues): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.append(name, String(value));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

async function exchange(target: Target, request: RequestOptions, body: string | null, timeoutMs: number): Promise<RawAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await new Promise<RawAnswer>((resolve, reject) => {
      const send = target.secure ? requestHttps : requestHttp;
      const outgoing = send({ ...target.where, ...request, agent: false, signal }, (incoming) => {
        readText(incoming).then((text) => {
          resolve({ status: incoming.statusCode ?? 0, contentType: incoming.headers['content-type'] ?? '', text });
        }, reject);
      });
      outgoing.once('error', reject);
      outgoing.end(body ?? undefined);
    });
  } catch (error) {
    if (error instanceof FreeholdError) throw error;
    throw signal.aborted ? timedOut(target.name, timeoutMs, error) : unreachable(target.name, error);
  }
}

/** @throws FreeholdError `answer-too-large` */
export async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_ANSWER) throw new FreeholdError('answer-too-large', 'The answer of the daemon is larger than 64 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws FreeholdError of the problem document, or `not-a-daemon` */
export function readAnswer<T>({ status, contentType, text }: RawAnswer, name: string): T {
  const value = parseObject(text);
  const [type = ''] = contentType.split(';');
  if (value !== null && type.trim() === 'application/json') return value as T;
  if (value !== null && type.trim() === 'application/problem+json') throw asError(status, value);
  throw new FreeholdError(
    'not-a-daemon',
    `What answers at ${name} is not Freehold (status ${status}, ${contentType || 'no content type'}).`,
    {
      exitCode: EXIT.unreachable,
      hint: 'Check the address: `freehold run` prints it when it starts.',
    },
  );
}

function asError(status: number, problem: Readonly<Record<string, unknown>>): FreeholdError {
  const text = (key: string): string | undefined => (typeof problem[key] === 'string' ? problem[key] : undefined);
  const hint = text('hint');
  return new FreeholdError(text('code') ?? 'unknown-problem', text('detail') ?? `The daemon answered with status ${status}.`, {
    exitCode: exitCodeOf(status, text('code')),
    ...(hint === undefined ? {} : { hint }),
  });
}

function exitCodeOf(status: number, code: string | undefined): ExitCode {
  if (status === 401 || status === 403 || code === 'not-permitted') return EXIT.notPermitted;
  if (status === 429) return EXIT.failure;
  return status >= 400 && status < 500 ? EXIT.usage : EXIT.failure;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function unreachable(name: string, cause: unknown): FreeholdError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection';
  const hint =
    code === 'EACCES'
      ? 'This user may not use the socket: ask as root, or as a member of its group.'
      : 'Start it with `freehold run` (or `systemctl start freehold`), or name its address with --url.';
  return new FreeholdError('daemon-unreachable', `No daemon answers at ${name} (${code}).`, {
    exitCode: EXIT.unreachable,
    hint,
    cause,
  });
}

export const timedOut = (name: string, timeoutMs: number, cause: unknown): FreeholdError =>
  new FreeholdError('daemon-timeout', `The daemon at ${name} did not answer within ${Math.ceil(timeoutMs / 1000)} s.`, {
    exitCode: EXIT.unreachable,
    hint: 'Its log says what it is doing.',
    cause,
  });
