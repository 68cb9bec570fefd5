/**
 * Where HTTP listens, as people write it: `127.0.0.1:5227`, `[::1]:5227`, `localhost:5227` or `unix:/run/freehold.sock`.
 * Opens nothing: see http/server.ts.
 */
import { isIP, isIPv6 } from 'node:net';
import { err, ok, type Result } from '../core/result.ts';
import type { ListenAddress, ListenSocket } from './config-types.ts';

/** sun_path of unix(7), its terminating zero taken off. */
const LONGEST_SOCKET_PATH = 107;
const HOST_PORT = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
const EXPECTED = 'expected HOST:PORT like 127.0.0.1:5227, [IPV6]:PORT like [::1]:5227, or unix:/absolute/path';

export function parseListen(text: string): Result<ListenAddress | ListenSocket> {
  if (text.startsWith('unix:')) return parseSocket(text.slice('unix:'.length));
  const parts = HOST_PORT.exec(text);
  if (parts === null) return err(EXPECTED);
  const [, bracketed, plain, portText] = parts;
  const port = Number(portText);
  if (port > 65_535) return err(`${EXPECTED}; a port is at most 65535`);
  if (bracketed !== undefined) return isIPv6(bracketed) ? ok({ kind: 'tcp', host: bracketed, port }) : err(EXPECTED);
  const host = plain ?? '';
  // Digits and dots that are no address would be looked up as a name: 127.0.0.300 is a slip of the finger.
  if (isIP(host) === 0 && (/^[\d.]*$/.test(host) || !HOST_NAME.test(host))) return err(EXPECTED);
  return ok({ kind: 'tcp', host, port });
}

function parseSocket(path: string): Result<ListenSocket> {
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0')) return err(`${EXPECTED}; a socket path is absolute`);
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
    return err(`${EXPECTED}; a socket path has at most ${LONGEST_SOCKET_PATH} bytes`);
  return ok({ kind: 'unix', path });
}

export function formatListen(listen: ListenAddress | ListenSocket): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  return isIPv6(listen.host) ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
}

/** Whether only this machine can reach it. A name other than `localhost` counts as reachable from outside. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
