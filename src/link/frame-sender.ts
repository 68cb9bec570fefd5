/**
 * Hands batches of equally long frames to the kernel with sendmmsg(2), from one arena that is laid out once.
 * Never blocks, never retries, and never throws for a fault of the wire.
 */
import type { Libc } from './libc.ts';
import type { SendOutcome } from './types.ts';

/** One call would take 1,024 (UIO_MAXIOV); 256 frames and their headers stay in the cache, which is measurably faster. */
const MAX_BATCH = 256;
const ARENA_LENGTH = 64 * 1024;
const MSG_DONTWAIT = 0x40;

// struct mmsghdr and struct iovec of 64-bit Linux
const MESSAGE_LENGTH = 64;
const MESSAGE_IOV = 16;
const MESSAGE_IOV_COUNT = 24;
const IOV_LENGTH = 16;

export interface FrameSender {
  /**
   * @param frames whole frames, back to back, each of `frameLength` octets (14 .. 65536)
   * @throws RangeError where `frames` is not a whole number of such frames
   */
  send(fd: number, frames: Uint8Array, frameLength: number): SendOutcome;
}

export function frameSender(libc: Libc): FrameSender {
  // One buffer for all that the kernel follows by address: as long as a part of it is in use here, no part is collected.
  const memory = new ArrayBuffer(ARENA_LENGTH + MAX_BATCH * (IOV_LENGTH + MESSAGE_LENGTH));
  const arena = new Uint8Array(memory, 0, ARENA_LENGTH);
  const iovs = new DataView(memory, ARENA_LENGTH, MAX_BATCH * IOV_LENGTH);
  const arenaAt = libc.addressOf(memory);
  const iovsAt = arenaAt + BigInt(iovs.byteOffset);
  const messagesAt = iovsAt + BigInt(iovs.byteLength);
  linkMessages(new DataView(memory, iovs.byteOffset + iovs.byteLength), iovsAt);
  let laidOutFor = 0;

  /** Where the batch stopped, and why: the errno of a batch that was cut short only shows at the next call. */
  const sendBatch = (fd: number, count: number): SendOutcome => {
    let sent = 0;
    while (sent < count) {
      const taken = libc.sendmmsg(fd, messagesAt + BigInt(sent * MESSAGE_LENGTH), count - sent, MSG_DONTWAIT);
      if (taken < 0) return { sent, errorCode: libc.errno() };
      if (taken === 0) return { sent, errorCode: 'EAGAIN' };
      sent += taken;
    }
    return { sent, errorCode: null };
  };

  return {
    send(fd, frames, frameLength) {
      const total = frames.length / frameLength;
      if (!(Number.isInteger(total) && Number.isInteger(frameLength) && frameLength >= 14 && frameLength <= ARENA_LENGTH)) {
        throw new RangeError(`${frames.length} octets are no whole number of frames of ${frameLength}`);
      }
      if (laidOutFor !== frameLength) layOut(iovs, arenaAt, frameLength);
      laidOutFor = frameLength;
      const perBatch = Math.min(MAX_BATCH, Math.floor(ARENA_LENGTH / frameLength));
      let sent = 0;
      while (sent < total) {
        const count = Math.min(perBatch, total - sent);
        arena.set(frames.subarray(sent * frameLength, (sent + count) * frameLength));
        const batch = sendBatch(fd, count);
        sent += batch.sent;
        if (batch.errorCode !== null) return { sent, errorCode: batch.errorCode };
      }
      return { sent, errorCode: null };
    },
  };
}

/** Every message has one vector and no address: the socket is bound. */
function linkMessages(messages: DataView, iovsAt: bigint): void {
  for (let i = 0; i < MAX_BATCH; i++) {
    messages.setBigUint64(i * MESSAGE_LENGTH + MESSAGE_IOV, iovsAt + BigInt(i * IOV_LENGTH), true);
    messages.setBigUint64(i * MESSAGE_LENGTH + MESSAGE_IOV_COUNT, 1n, true);
  }
}

function layOut(iovs: DataView, arenaAt: bigint, frameLength: number): void {
  const count = Math.min(MAX_BATCH, Math.floor(ARENA_LENGTH / frameLength));
  for (let i = 0; i < count; i++) {
    iovs.setBigUint64(i * IOV_LENGTH, arenaAt + BigInt(i * frameLength), true);
    iovs.setBigUint64(i * IOV_LENGTH + 8, BigInt(frameLength), true);
  }
}
