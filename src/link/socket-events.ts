/**
 * Tells when a socket can be read or has failed, from the event loop and without a thread. Knows nothing of what is read.
 * It cannot spin: a pending error is taken off the socket each time, and where there is none to take it pauses.
 */
import type { Libc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const PAUSE_MS = 100;

export interface SocketHandlers {
  /** Once per turn of the event loop while there is something to read. */
  readonly onReadable: () => void;
  /** An errno name; taken off the socket, so it comes once per fault. */
  readonly onError: (errorCode: string) => void;
}

/** @returns the way to stop; call it before the socket is closed. Idempotent. */
export function watchSocket(libc: Libc, fd: number, handlers: SocketHandlers): () => void {
  let turn: NodeJS.Immediate | undefined;
  let pause: NodeJS.Timeout | undefined;
  let failed = false;

  const recover = (): void => {
    const errorCode = takeSocketError(libc, fd);
    if (errorCode === null) {
      pause = setTimeout(() => handle.restart(), PAUSE_MS);
      return;
    }
    handle.restart();
    handlers.onError(errorCode);
  };

  // The library's callback runs outside of Node's own scope, where promises would not go on and an exception would be lost:
  // the work is done in the same turn, right after.
  const handle = libc.poll(fd, (event) => {
    // It may come while a turn is due for something to read; the handle has stopped by then, and only `recover` starts it again.
    failed ||= event.failed;
    turn ??= setImmediate(() => {
      turn = undefined;
      const recovering = failed;
      failed = false;
      if (recovering) recover();
      else handlers.onReadable();
    });
  });

  return () => {
    clearImmediate(turn);
    clearTimeout(pause);
    handle.close();
  };
}

function takeSocketError(libc: Libc, fd: number): string | null {
  const value = new Uint8Array(4);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value) < 0) return libc.errno();
  const number = new DataView(value.buffer).getInt32(0, true);
  return number === 0 ? null : libc.errnoName(number);
}
