/**
 * Sockets of the kernel's route netlink: a dump at once, and a subscription. Knows nothing of what the messages mean beyond
 * the end of a dump. Works in whatever network namespace the process is in.
 */
import { FreeholdError } from '../core/error.ts';
import type { Libc } from './libc.ts';
import { type DumpSubject, decodeRouteMessages, encodeDumpRequest, type RouteMessage } from './rtnetlink-codec.ts';
import { watchSocket } from './socket-events.ts';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const MSG_TRUNC = 0x20;
/** RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE */
const GROUPS = 0x1 | 0x10 | 0x40;

const RECEIVE_BUFFER = 1024 * 1024;
/** The kernel makes no datagram of a dump larger than 32 KiB, but for a single larger message. */
const DATAGRAM_LENGTH = 64 * 1024;
const DUMP_ATTEMPTS = 5;
const DUMP_TIMEOUT_SECONDS = 2;
const DATAGRAMS_PER_TURN = 256;

/** Everything the kernel has on a subject, right now. @throws FreeholdError `netlink-failed` */
export function dump(libc: Libc, subject: DumpSubject): readonly RouteMessage[] {
  const fd = openSocket(libc, 0);
  try {
    const timeout = new Uint8Array(BigInt64Array.of(BigInt(DUMP_TIMEOUT_SECONDS), 0n).buffer);
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout);
    for (let attempt = 1; ; attempt++) {
      const messages = dumpOnce(libc, fd, subject, attempt);
      if (attempt === DUMP_ATTEMPTS || !messages.some(({ kind }) => kind === 'interrupted')) return messages;
    }
  } finally {
    libc.close(fd);
  }
}

function dumpOnce(libc: Libc, fd: number, subject: DumpSubject, sequence: number): readonly RouteMessage[] {
  if (libc.send(fd, encodeDumpRequest(subject, sequence), 0) < 0) throw failed(`asking for ${subject}`, libc.errno());
  const messages: RouteMessage[] = [];
  const buffer = new Uint8Array(DATAGRAM_LENGTH);
  for (;;) {
    const length = libc.recv(fd, buffer, 0);
    if (length < 0) {
      if (libc.errno() === 'EINTR') continue;
      throw failed(`reading ${subject}`, libc.errno());
    }
    for (const message of decodeRouteMessages(buffer.subarray(0, length))) {
      if (message.kind !== 'end') messages.push(message);
      else if (message.errno === 0) return messages;
      else throw failed(`reading ${subject}`, libc.errnoName(message.errno));
    }
  }
}

export interface SubscriptionHandlers {
  /** All that was there to read, in order. */
  readonly onMessages: (messages: readonly RouteMessage[]) => void;
  /** Messages were lost, and those that were left are thrown away: dump again. */
  readonly onLost: () => void;
}

/** @returns the way to stop. @throws FreeholdError `netlink-failed` */
export function subscribe(libc: Libc, handlers: SubscriptionHandlers): () => void {
  const fd = openSocket(libc, SOCK_NONBLOCK);
  const address = new Uint8Array(Uint32Array.of(AF_NETLINK, 0, GROUPS).buffer);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, new Uint8Array(Uint32Array.of(RECEIVE_BUFFER).buffer));
  if (libc.bind(fd, address) < 0) {
    const errorCode = libc.errno();
    libc.close(fd);
    throw failed('subscribing to changes', errorCode);
  }
  const buffer = new Uint8Array(DATAGRAM_LENGTH);

  let lost = false;
  let again: NodeJS.Immediate | undefined;
  const read = (): void => {
    const messages: RouteMessage[] = [];
    let empty = false;
    clearImmediate(again);
    for (let i = 0; i < DATAGRAMS_PER_TURN && !empty; i++) {
      const length = libc.recv(fd, buffer, MSG_TRUNC);
      if (length < 0) {
        const errorCode = libc.errno();
        // ENOBUFS says that messages were lost, and is followed by those that were not.
        if (errorCode !== 'ENOBUFS') empty = true;
        if (errorCode !== 'EAGAIN') lost = true;
      } else if (length > buffer.length) lost = true;
      else messages.push(...decodeRouteMessages(buffer.subarray(0, length)));
    }
    if (!lost) {
      if (messages.length > 0) handlers.onMessages(messages);
      return;
    }
    // What was queued before the loss is older than a dump: taken in after it, it would undo it. So the queue is emptied first.
    if (!empty) {
      again = setImmediate(read);
      return;
    }
    lost = false;
    handlers.onLost();
  };

  const stopWatching = watchSocket(libc, fd, {
    onReadable: read,
    onError: () => {
      lost = true;
      read();
    },
  });
  return () => {
    clearImmediate(again);
    stopWatching();
    libc.close(fd);
  };
}

function openSocket(libc: Libc, flags: number): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0) throw failed('opening a socket', libc.errno());
  return fd;
}

const failed = (doing: string, errorCode: string): FreeholdError =>
  new FreeholdError('netlink-failed', `The kernel's interface table cannot be read: ${doing} failed (${errorCode})`, {
    hint: 'A container or systemd unit that limits address families must allow AF_NETLINK.',
  });
