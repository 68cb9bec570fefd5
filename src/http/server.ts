/**
 * Listens: TCP or a unix socket, with bounds against clients that are slow, many or never done. Knows nothing of what is
 * answered.
 */
import { unlinkSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { EXIT, FreeholdError } from '../core/error.ts';
import type { ListenAddress, ListenSocket } from '../system/config-types.ts';
import { formatListen } from '../system/listen-address.ts';

export interface RunningServer {
  /** `http://127.0.0.1:5227` or `unix:/path`. */
  readonly url: string;
  /** Ends streams of events at once, lets other answers end, for a second at most; then ends every connection. Idempotent. */
  close(): Promise<void>;
}

export interface ServerLimits {
  /** A request's headers must be here within this time. */
  readonly headersTimeoutMs: number;
  /** A request must be here in whole within this time; its answer may take longer. */
  readonly requestTimeoutMs: number;
  /** A connection between two requests is kept this long. */
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  /** What is under way when the server closes gets this long. */
  readonly closeGraceMs: number;
}

const LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  keepAliveTimeoutMs: 5_000,
  maxConnections: 256,
  closeGraceMs: 1_000,
};

const LARGEST_HEADERS = 16_384;
/** Owner and group: who may ask is decided by the directory and the group of the socket. */
const SOCKET_UMASK = 0o117;

/**
 * @throws FreeholdError `address-in-use`, `address-not-available`, `socket-path-taken`, `not-permitted`, `listen-failed`.
 */
export async function listen(
  app: RequestListener,
  where: ListenAddress | ListenSocket,
  limits: Partial<ServerLimits> = {},
): Promise<RunningServer> {
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, maxConnections, closeGraceMs } = { ...LIMITS, ...limits };
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
      maxHeaderSize: LARGEST_HEADERS,
    },
    app,
  );
  server.maxConnections = maxConnections;
  const underWay = new Set<ServerResponse>();
  server.on('request', (_request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
  });
  if (where.kind === 'unix') await removeStaleSocket(where);
  await open(server, where);
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(server, where),
    close() {
      closing ??= close(server, underWay, closeGraceMs);
      return closing;
    },
  };
}

function open(server: Server, where: ListenAddress | ListenSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, where)));
    if (where.kind === 'tcp') {
      server.listen({ host: where.host, port: where.port }, resolve);
      return;
    }
    // The socket is bound within listen(): the narrow umask holds for nothing else.
    const before = process.umask(SOCKET_UMASK);
    try {
      server.listen(where.path, resolve);
    } finally {
      process.umask(before);
    }
  });
}

function close(server: Server, underWay: ReadonlySet<ServerResponse>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    for (const response of underWay) if (isEndless(response)) endNow(response);
    // server.close() ends idle connections itself.
    const force = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

/** Server-sent events: waiting for their end would be waiting for the reader to leave. */
const isEndless = (response: ServerResponse): boolean =>
  response.headersSent && String(response.getHeader('content-type')).startsWith('text/event-stream');

function endNow(response: ServerResponse): void {
  // What a slow reader has not taken by now would only hold the connection.
  if (response.writableLength > 0) response.destroy();
  else response.end();
}

function urlOf(server: Server, where: ListenAddress | ListenSocket): string {
  const bound = server.address();
  if (where.kind === 'unix' || bound === null || typeof bound === 'string') return formatListen(where);
  return `http://${formatListen({ ...where, port: bound.port })}`;
}

/** A daemon that was killed leaves its socket behind. It is removed only where nobody answers on it. */
async function removeStaleSocket(where: ListenSocket): Promise<void> {
  const facts = await lstat(where.path).catch(() => null);
  if (facts === null) return;
  if (!facts.isSocket()) {
    throw new FreeholdError('socket-path-taken', `There is something else than a socket at ${where.path}.`, {
      exitCode: EXIT.usage,
      hint: 'Choose another path for http.listen.',
    });
  }
  const code = await new Promise<string | null>((resolve) => {
    const socket = connect(where.path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
  if (code === 'ECONNREFUSED') unlinkSync(where.path);
  else if (code !== 'ENOENT') throw listenError({ code: code === null ? 'EADDRINUSE' : code }, where);
}

function listenError(error: { readonly code?: string | undefined }, where: ListenAddress | ListenSocket): FreeholdError {
  const text = formatListen(where);
  const cause = error;
  switch (error.code) {
    case 'EADDRINUSE':
      return new FreeholdError('address-in-use', `Somebody else listens on ${text}.`, {
        cause,
        hint: 'Perhaps Freehold runs already. Stop it, or choose another address with http.listen.',
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new FreeholdError('address-not-available', `${text} is not an address of this machine.`, {
        cause,
        exitCode: EXIT.usage,
        hint: 'Choose another address with http.listen, like 127.0.0.1:5227.',
      });
    case 'EACCES':
    case 'EPERM':
      return new FreeholdError('not-permitted', `This user may not listen on ${text}.`, {
        cause,
        exitCode: EXIT.notPermitted,
        hint: 'Choose a port from 1024 on, or a socket in a directory that this user may write to.',
      });
    default:
      return new FreeholdError('listen-failed', `Cannot listen on ${text}: ${error.code ?? 'unknown error'}.`, {
        cause,
        hint: 'Check http.listen; the directory of a socket must exist.',
      });
  }
}
