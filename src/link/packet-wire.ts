/**
 * Layer 2 of one interface: opens the socket, delivers each frame of others once with the kernel's stamp, hands frames to
 * the kernel and counts. Knows nothing of what a frame means, and decides nothing about errors: it reports them.
 */
import { frameSender } from './frame-sender.ts';
import { type Libc, libc } from './libc.ts';
import { packetRing, type RingShape } from './packet-ring.ts';
import { openPacketSocket, type PacketSocket, takeKernelDrops } from './packet-socket.ts';
import { watchSocket } from './socket-events.ts';
import type { PacketWire, PacketWireHandlers } from './types.ts';

export interface PacketWireOptions {
  /** How long a frame may wait in the kernel for others, ms: 1 .. 1000. Default 4. */
  readonly blockTimeoutMs?: number;
  /** Octets of the receive ring, a multiple of 64 KiB. Default 10 MiB: 81,280 ARP frames. */
  readonly ringLength?: number;
}

/**
 * Room for a whole /16 that answers at once. The kernel may drop a frame while it closes a block by time, but only once
 * three quarters of the ring wait to be read (tpacket_rcv and prb_close_block of Linux 6.18): 60,960 frames are safe.
 */
const RING_LENGTH = 10 * 1024 * 1024;
/** Small: a trickle fills one block per timeout, so many blocks outlast a long stall (2.5 s) where few large ones do not. */
const BLOCK_SIZE = 16 * 1024;
const BLOCK_TIMEOUT_MS = 4;
/** What one wake-up reads at most, so that timers and requests get their turn: 4,064 ARP frames. */
const LENGTH_PER_TURN = 512 * 1024;

/**
 * @throws FreeholdError `not-permitted`, `no-such-interface`, `not-ethernet`, `packet-socket-failed`,
 * `native-library-missing` or `unsupported-platform`
 */
export function openPacketWire(interfaceName: string, handlers: PacketWireHandlers, options: PacketWireOptions = {}): PacketWire {
  const c = libc();
  const blockSize = Math.max(BLOCK_SIZE, c.pageSize());
  const shape = { blockSize, blockCount: Math.floor((options.ringLength ?? RING_LENGTH) / blockSize) };
  const socket = openPacketSocket(c, interfaceName, { ...shape, blockTimeoutMs: options.blockTimeoutMs ?? BLOCK_TIMEOUT_MS });
  return wireOn(c, interfaceName, socket, shape, handlers);
}

/** The wire on an open socket, which is the wire's from now on. */
export function wireOn(
  c: Libc,
  interfaceName: string,
  socket: PacketSocket,
  shape: RingShape,
  handlers: PacketWireHandlers,
): PacketWire {
  const { fd, interfaceIndex } = socket;
  const sender = frameSender(c);
  const ring = packetRing(socket.ring.buffer, shape, {
    visit: handlers.onFrame,
    onVisitorError: handlers.onHandlerError ?? throwLater,
    onMalformedBlock: () => handlers.onError('EBADMSG'),
  });
  let open = true;
  let kernelDrops = 0;
  let framesSent = 0;
  let sendErrors = 0;

  /** Reading resets the kernel's counter. Where it cannot be read, each reading says so: nobody knows then what was lost. */
  const readDrops = (): void => {
    const drops = takeKernelDrops(c, fd);
    if (drops.ok) kernelDrops += drops.value;
    else handlers.onError(drops.error);
  };

  const stopWatching = watchSocket(c, fd, {
    onReadable: () => ring.drain(LENGTH_PER_TURN / shape.blockSize),
    // The kernel says ENETDOWN both for a link that went down and for an interface that is no more.
    onError: (errorCode) =>
      handlers.onError(errorCode === 'ENETDOWN' && !c.interfaceExists(interfaceIndex) ? 'ENODEV' : errorCode),
  });

  return {
    interfaceName,
    interfaceIndex,
    send(frames, frameLength) {
      if (!open) return { sent: 0, errorCode: 'EBADF' };
      const outcome = sender.send(fd, frames, frameLength);
      framesSent += outcome.sent;
      if (outcome.errorCode !== null) sendErrors++;
      return outcome;
    },
    drain: () => ring.drain(shape.blockCount),
    stats() {
      if (open) readDrops();
      return { framesReceived: ring.framesVisited(), kernelDrops: kernelDrops + ring.malformedBlocks(), framesSent, sendErrors };
    },
    close() {
      if (!open) return;
      readDrops();
      open = false;
      stopWatching();
      ring.stop();
      socket.ring.unmap();
      c.close(fd);
    },
  };
}

/** A fault in a handler is never swallowed; it must not end the reading of the ring either. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
