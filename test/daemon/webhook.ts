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
  close(): Promise<void>;
}

export async function startWebhook(): Promise<Webhook> {
  const received: Received[] = [];
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
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    received,
    behave(how) {
      behaviour = how;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
