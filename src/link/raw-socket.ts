/**
 * The optional package `raw-socket`, typed, and loaded only when asked for. Says nothing of what is sent through it.
 */
import { createRequire } from 'node:module';

export interface RawSocket {
  on(event: 'message', listener: (packet: Uint8Array, source: string) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  /** Queues without bound; the callback is not called for what is queued when the socket closes. */
  send(
    packet: Uint8Array,
    offset: number,
    length: number,
    address: string,
    callback: (error: Error | null, bytes: number) => void,
  ): unknown;
  setOption(level: number, option: number, value: Uint8Array, length: number): void;
  close(): unknown;
}

export interface RawSocketPackage {
  /** @throws Error with the C library's text, and no code */
  createSocket(options: { readonly protocol: number }): RawSocket;
}

/** Null where the package is missing, or was not built for this runtime. */
export function loadRawSocket(): RawSocketPackage | null {
  try {
    const loaded: Partial<RawSocketPackage> = createRequire(import.meta.url)('raw-socket');
    return loaded.createSocket === undefined ? null : { createSocket: loaded.createSocket };
  } catch {
    return null;
  }
}
