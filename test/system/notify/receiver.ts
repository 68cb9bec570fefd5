/**
 * A service manager's end of $NOTIFY_SOCKET: a real AF_UNIX datagram socket, read without waiting. For tests only.
 */
import { createRequire } from 'node:module';

export interface Receiver {
  /** As it stands in the environment: `/path` or `@name`. */
  readonly name: string;
  /** All that has arrived since the last call, one string a datagram. */
  take(): string[];
  close(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;

/** @param small a queue that is soon full */
export function receiver(name: string, { small = false } = {}): Receiver {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const libc = koffi.load(null);
  // As the C library would have it laid out: not what the code under test makes.
  const SockaddrUn = koffi.struct({ family: 'uint16_t', path: koffi.array('char', 108) });
  const socket = libc.func('int socket(int, int, int)');
  const bind = libc.func('bind', 'int', ['int', koffi.pointer(SockaddrUn), 'uint32_t']);
  const recv = libc.func('intptr_t recv(int, void *, size_t, int)');
  const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
  const close = libc.func('int close(int)');

  const fd: number = socket(AF_UNIX, SOCK_DGRAM, 0);
  const path = [...Buffer.from(name.replace(/^@/, '\0'))];
  const length = 2 + path.length + (name.startsWith('@') ? 0 : 1);
  if (small) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, Int32Array.of(1), 4);
  if (bind(fd, { family: AF_UNIX, path: [...path, ...Array(108 - path.length).fill(0)] }, length) !== 0) {
    throw new Error(`bind ${name}: errno ${koffi.errno()}`);
  }
  return {
    name,
    take() {
      const datagrams: string[] = [];
      const bytes = Buffer.alloc(4096);
      for (;;) {
        const size = Number(recv(fd, bytes, bytes.length, MSG_DONTWAIT));
        if (size < 0) return datagrams;
        datagrams.push(bytes.toString('utf8', 0, size));
      }
    },
    close: () => void close(fd),
  };
}
