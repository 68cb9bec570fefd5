/**
 * The few calls of the C library that the wire needs, typed. The only file of this room that knows the foreign-function library: it loads
 * on first use, so importing this room costs nothing and fails nowhere. Decides nothing: every call answers as C does.
 */
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { FreeholdError } from '../core/error.ts';

/** What the event loop reports about a descriptor. */
export interface PollEvent {
  readonly readable: boolean;
  /** The descriptor has an error pending: read it with `takeSocketError`, then `restart` the handle. */
  readonly failed: boolean;
}

export interface PollHandle {
  /** Needed after `failed`: the event loop has stopped watching the descriptor. */
  restart(): void;
  /** Idempotent. Call it before the descriptor is closed. */
  close(): void;
}

/** A call that can fail answers -1 and leaves its reason in `errno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  bind(fd: number, address: Uint8Array): number;
  /** Fills `address`. */
  getsockname(fd: number, address: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Fills `value`. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  send(fd: number, bytes: Uint8Array, flags: number): number;
  recv(fd: number, into: Uint8Array, flags: number): number;
  /** @param messages address of an array of `struct mmsghdr` */
  sendmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  /** A shared, writable mapping of all of the descriptor; null where it failed. */
  map(fd: number, length: number): Mapping | null;
  /** Octets. */
  pageSize(): number;
  /** 0 where there is no such interface. */
  interfaceIndex(name: string): number;
  /** Whether an interface has this index in the network namespace of the process. */
  interfaceExists(index: number): boolean;
  /** The name of the last failed call's reason: `ENETDOWN`. */
  errno(): string;
  errnoName(number: number): string;
  /** Where the buffer lies. Stable as long as the buffer lives: its memory is not on the collector's heap. */
  addressOf(buffer: ArrayBuffer): bigint;
  /** Calls back from the event loop, level-triggered: as long as there is something to read, once a turn. */
  poll(fd: number, onEvent: (event: PollEvent) => void): PollHandle;
}

export interface Mapping {
  readonly buffer: ArrayBuffer;
  /** Takes the memory away: every view of it becomes empty instead of pointing at nothing. */
  unmap(): void;
}

const PROT_READ_WRITE = 0x3;
const MAP_SHARED = 0x1;
const MAP_FAILED = 0xffffffffffffffffn;
const IF_NAMESIZE = 16;

let loaded: Libc | undefined;

/** @throws FreeholdError `native-library-missing` or `unsupported-platform` */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  // The struct layouts of this room are those of 64-bit little-endian Linux.
  if (process.platform !== 'linux' || endianness() !== 'LE' || !['x64', 'arm64', 'riscv64', 'loong64'].includes(process.arch)) {
    throw new FreeholdError('unsupported-platform', `Freehold cannot reach the network on ${process.platform}/${process.arch}`, {
      hint: 'Run it on 64-bit Linux: x64 or arm64.',
    });
  }
  try {
    return bindings(createRequire(import.meta.url)('koffi') as typeof import('koffi'));
  } catch (cause) {
    throw new FreeholdError('native-library-missing', 'The native library that reaches the network (koffi) cannot be loaded', {
      hint: 'Install the dependencies again on this machine, without leaving out optional ones: npm ci --include=optional',
      cause,
    });
  }
}

type Call<A extends readonly unknown[], R = number> = (...args: A) => R;
type Option = Call<[number, number, number, Uint8Array, number]>;

function bindings(koffi: typeof import('koffi')): Libc {
  // The process itself has its C library loaded: this finds glibc and musl alike.
  const self = koffi.load(null);
  const close: Call<[number]> = self.func('int close(int)');
  const socket: Call<[number, number, number]> = self.func('int socket(int, int, int)');
  const bind: Call<[number, Uint8Array, number]> = self.func('int bind(int, const void *, uint32_t)');
  const getsockname: Call<[number, Uint8Array, Uint32Array]> = self.func('int getsockname(int, void *, void *)');
  const setsockopt: Option = self.func('int setsockopt(int, int, int, const void *, uint32_t)');
  const getsockopt: Call<[number, number, number, Uint8Array, Uint32Array]> = self.func(
    'int getsockopt(int, int, int, void *, void *)',
  );
  const send: Call<[number, Uint8Array, number, number]> = self.func('intptr_t send(int, const void *, size_t, int)');
  const recv: Call<[number, Uint8Array, number, number]> = self.func('intptr_t recv(int, void *, size_t, int)');
  const sendmmsg: Call<[number, bigint, number, number]> = self.func('int sendmmsg(int, void *, unsigned int, int)');
  const mmap: Call<[null, number, number, number, number, number], bigint | null> = self.func(
    'void *mmap(void *, size_t, int, int, int, int64_t)',
  );
  const munmap: Call<[bigint, number]> = self.func('int munmap(void *, size_t)');
  const pageSize: Call<[]> = self.func('int getpagesize()');
  const nameToIndex: Call<[string]> = self.func('unsigned int if_nametoindex(const char *)');
  const indexToName: Call<[number, Uint8Array], bigint | null> = self.func('void *if_indextoname(unsigned int, void *)');

  const names = new Map<number, string>();
  // Some numbers have two names (EAGAIN, EWOULDBLOCK); the first in the alphabet is the one that people know.
  for (const [name, number] of Object.entries(koffi.os.errno).sort()) if (!names.has(number)) names.set(number, name);
  const errnoName = (number: number): string => names.get(number) ?? `E${number}`;

  return {
    socket,
    close,
    bind: (fd, address) => bind(fd, address, address.length),
    getsockname: (fd, address) => getsockname(fd, address, Uint32Array.of(address.length)),
    setsockopt: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
    getsockopt: (fd, level, option, value) => getsockopt(fd, level, option, value, Uint32Array.of(value.length)),
    send: (fd, bytes, flags) => Number(send(fd, bytes, bytes.length, flags)),
    recv: (fd, into, flags) => Number(recv(fd, into, into.length, flags)),
    sendmmsg,
    map(fd, length) {
      const address = mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
      if (address === null || address === MAP_FAILED) return null;
      return mapping(koffi.view(address, length), () => munmap(address, length));
    },
    pageSize,
    interfaceIndex: (name) => (name.length === 0 || name.length >= IF_NAMESIZE ? 0 : nameToIndex(name)),
    interfaceExists: (index) => indexToName(index, new Uint8Array(IF_NAMESIZE)) !== null,
    errno: () => errnoName(koffi.errno()),
    errnoName,
    addressOf: (buffer) => koffi.address(buffer),
    poll: (fd, onEvent) => pollHandle(koffi, fd, onEvent),
  };
}

function mapping(buffer: ArrayBuffer, unmap: () => void): Mapping {
  let mapped = true;
  return {
    buffer,
    unmap() {
      if (!mapped) return;
      mapped = false;
      // Moving the buffer away detaches the views that others still hold.
      buffer.transfer();
      unmap();
    },
  };
}

/** The library calls back with (status, events), and stops the handle where the status is negative. Its typings say otherwise. */
function pollHandle(koffi: typeof import('koffi'), fd: number, onEvent: (event: PollEvent) => void): PollHandle {
  const callback = (...args: unknown[]): void => {
    const [status, events] = args as [number, { readonly readable: boolean }];
    onEvent({ readable: events.readable, failed: status < 0 });
  };
  const handle = koffi.node.poll(fd, { readable: true }, callback);
  let open = true;
  return {
    restart() {
      if (open) handle.start({ readable: true }, callback);
    },
    close() {
      if (!open) return;
      open = false;
      handle.close();
    },
  };
}
