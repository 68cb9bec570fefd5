/** A webhook's receiver on this machine's loopback: keeps what it got and when. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AlertMessage } from '../../src/core/conflict/alert-message.ts';

export interface Received {
  readonly message: AlertMessage;
  /** Epoch ms with a fraction. */
  readonly atMs: number;
}

export interface Webhook {
  readonly url: string;
  readonly received: readonly Received[];
  /** What it does with a request; answers 204 by default. */
  behave(how: ((request: IncomingMessage, response: ServerResponse) => void) | null): void;
  /** How long its answers take once it has taken a message, ms: asked for each. At once by default. */
  answerAfter(waitMs: () => number): void;
  /** Closes the port, and everything that is connected to it: refuses until `open`. */
  shut(): Promise<void>;
  /** The same port again. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function startWebhook(): Promise<Webhook> {
  const received: Received[] = [];
  let patience = (): number => 0;
  let behaviour: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  const server = createServer((request, response) => {
    if (behaviour !== null) {
      behaviour(request, response);
      return;
    }
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const atMs = performance.timeOrigin + performance.now();
      received.push({ message: JSON.parse(Buffer.concat(pieces).toString('utf8')) as AlertMessage, atMs });
      const waitMs = patience();
      if (waitMs <= 0) response.writeHead(204).end();
      else setTimeout(() => response.writeHead(204).end(), waitMs);
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const shut = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    received,
    behave(how) {
      behaviour = how;
    },
    answerAfter(waitMs) {
      patience = waitMs;
    },
    shut,
    open: () => listen(port),
    close: shut,
  };
}
