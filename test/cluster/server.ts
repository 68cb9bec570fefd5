/**
 * The HTTPS side of the double: connections, credentials, bodies, faults. What a request means is in handler.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { parse } from 'yaml';
import type { Authority } from './certificates.ts';
import { type Answer, answerTo, type Parts } from './handler.ts';
import { ANONYMOUS, type User } from './rbac.ts';
import type { RecordedRequest, Requests } from './requests.ts';
import { ApiError, failure, internal, tooLarge, unauthorized } from './status.ts';
import type { Users } from './users.ts';
import type { WatchStreams } from './watch-streams.ts';

const MOST_BODY_BYTES = 3 * 1024 * 1024;

export interface ApiServer {
  readonly port: number;
  /** Stops listening and breaks every connection. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
}

export async function startApiServer(
  host: string,
  authority: Authority,
  credentials: Users,
  requests: Requests,
  watches: WatchStreams,
  parts: Parts,
): Promise<ApiServer> {
  const { key, certificate } = authority.server;
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(request, response).catch(() => response.destroy());
  const options = { key, cert: certificate, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const login = whoIs(request, credentials);
    const contentType = (request.headers['content-type'] ?? '').split(';')[0] ?? '';
    const text = await bodyOf(request);
    const read = text === null || text === '' ? { value: undefined, isBroken: false } : parsed(text);
    const record: RecordedRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      user: login?.account ?? '',
      contentType,
      body: read.value,
      status: 0,
    };
    requests.record(record);
    const send = (answer: Answer): void => {
      if (answer.kind === 'watch') record.status = 200;
      else record.status = answer.status;
      if (answer.kind === 'watch') watches.start(answer.request, response);
      else respond(response, answer);
    };
    await requests.act(record);
    const fault = requests.faultFor(record);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    let answer: Answer;
    try {
      if (text === null) throw tooLarge(MOST_BODY_BYTES);
      if (fault?.kind === 'status') throw failure(fault.status, fault.reason ?? '', fault.message ?? '', fault.details);
      if (login === null) throw unauthorized();
      const userAgent = request.headers['user-agent'] ?? '';
      const asked = {
        method: record.method,
        path: url.pathname,
        query: url.searchParams,
        user: login.user,
        userAgent,
        contentType,
      };
      answer = await answerTo({ ...asked, body: read.value, isBroken: read.isBroken }, parts);
    } catch (error) {
      const refused = error instanceof ApiError ? error : internal(String(error instanceof Error ? error.stack : error));
      answer = { kind: 'document', status: refused.code, body: refused.body, warnings: [] };
    }
    if (fault?.kind === 'reset-after') return void request.socket.destroy();
    send(answer);
  }

  const sockets = new Set<Socket>();
  const created = (): Server =>
    createServer(options, handle).on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });

  let server = await listening(created(), host, 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async stop() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.once('close', resolve));
      server.close();
      // Those still shaking hands are no connections yet to the server of HTTP, which would wait for them for ever.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async restart() {
      if (!server.listening) server = await listening(created(), host, port);
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<Server> {
  // A watch is quiet for as long as nothing happens.
  server.requestTimeout = 0;
  server.on('tlsClientError', () => undefined);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

/** null: a token that is not accepted. */
function whoIs(request: IncomingMessage, credentials: Users): { readonly account: string; readonly user: User } | null {
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (token !== undefined) return credentials.userOf(token);
  const socket = request.socket as TLSSocket;
  const subject = socket.authorized ? socket.getPeerCertificate().subject : undefined;
  if (subject === undefined) return { account: '', user: ANONYMOUS };
  const groups = [subject.O ?? []].flat();
  return { account: String(subject.CN), user: { name: String(subject.CN), groups: [...groups, 'system:authenticated'] } };
}

/** null: too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BODY_BYTES) chunks.push(chunk);
  }
  return size > MOST_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): { readonly value: unknown; readonly isBroken: boolean } {
  try {
    return {
      value: text.trimStart().startsWith('{') || text.trimStart().startsWith('[') ? JSON.parse(text) : parse(text),
      isBroken: false,
    };
  } catch {
    return { value: undefined, isBroken: true };
  }
}

function respond(response: ServerResponse, { status, body, warnings }: Extract<Answer, { readonly kind: 'document' }>): void {
  const isText = typeof body === 'string';
  for (const warning of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
  response.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}
