/**
 * One socket of Node's missing kind: AF_UNIX, SOCK_DGRAM. Only sends, never blocks, never throws for what the receiver does.
 * Loads the foreign-function library when the first one is opened: a process that nobody supervises never does.
 */
import { createRequire } from 'node:module';

export interface DatagramSocket {
  /** null: sent. Else the errno name: `ENOENT`, `ECONNREFUSED`, `EAGAIN` (the receiver's queue is full) … */
  send(bytes: Uint8Array, address: Uint8Array): string | null;
  /** Idempotent. */
  close(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** @throws where the library cannot be loaded or the kernel gives no socket. */
export function openDatagramSocket(): DatagramSocket {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const self = koffi.load(null);
  const socket: (domain: number, type: number, protocol: number) => number = self.func('int socket(int, int, int)');
  const close: (fd: number) => number = self.func('int close(int)');
  const sendto: (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ) => number | bigint = self.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)');
  const errno = (): string => {
    const number = koffi.errno();
    return Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `E${number}`;
  };

  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket: ${errno()}`);
  let open = true;
  return {
    send(bytes, address) {
      if (!open) return 'EBADF';
      const sent = sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
      return Number(sent) < 0 ? errno() : null;
    },
    close() {
      if (!open) return;
      open = false;
      close(fd);
    },
  };
}
