/**
 * Walks the blocks of a mapped receive ring in the kernel's order and hands each back when it is read. It never waits, never
 * throws what a visitor throws, and touches no memory after `stop`.
 */
import { BLOCK_OF_KERNEL, BLOCK_OF_USER, BLOCK_STATUS_OFFSET, PACKET_OUTGOING, type RingFrame, visitFrames } from './tpacket.ts';

export interface RingShape {
  /** Octets: a multiple of the page size. */
  readonly blockSize: number;
  readonly blockCount: number;
}

export interface PacketRing {
  /**
   * Reads the blocks that are ready, `maxBlocks` at most. Called from within a visitor it does nothing: the walk that is
   * under way will come to those frames.
   */
  drain(maxBlocks: number): void;
  /** Frames visited so far. */
  framesVisited(): number;
  /** Blocks so far that could not be read to their end: what was in the rest of each is lost. */
  malformedBlocks(): number;
  stop(): void;
}

export interface RingVisitor {
  visit(frame: RingFrame): void;
  /** `visit` threw. */
  onVisitorError(error: unknown): void;
  /** A block was malformed: frames are lost. It is handed back, and the walk goes on behind it. */
  onMalformedBlock(): void;
}

export function packetRing(buffer: ArrayBuffer, { blockSize, blockCount }: RingShape, visitor: RingVisitor): PacketRing {
  const words = new Int32Array(buffer);
  const blocks = Array.from({ length: blockCount }, (_, index) => new DataView(buffer, index * blockSize, blockSize));
  let next = 0;
  let visited = 0;
  let malformed = 0;
  let walking = false;
  let stopped = false;

  const visitOne = (frame: RingFrame): boolean => {
    // PACKET_IGNORE_OUTGOING keeps these away on Linux 4.20 and later; an older kernel delivers them.
    if (frame.packetType === PACKET_OUTGOING) return true;
    visited++;
    try {
      visitor.visit(frame);
    } catch (error) {
      visitor.onVisitorError(error);
    }
    return !stopped;
  };

  const drain = (maxBlocks: number): void => {
    for (let i = 0; i < maxBlocks && !stopped; i++) {
      const block = blocks[next];
      if (block === undefined) return;
      const status = (next * blockSize + BLOCK_STATUS_OFFSET) / Int32Array.BYTES_PER_ELEMENT;
      // Atomic: the frames must not be read before the status that vouches for them, nor the block handed back before they are.
      if ((Atomics.load(words, status) & BLOCK_OF_USER) === 0) return;
      const whole = visitFrames(block, visitOne);
      if (stopped) return;
      Atomics.store(words, status, BLOCK_OF_KERNEL);
      next = (next + 1) % blockCount;
      if (whole) continue;
      malformed++;
      visitor.onMalformedBlock();
    }
  };

  return {
    drain(maxBlocks) {
      if (walking) return;
      walking = true;
      try {
        drain(maxBlocks);
      } finally {
        walking = false;
      }
    },
    framesVisited: () => visited,
    malformedBlocks: () => malformed,
    stop() {
      stopped = true;
    },
  };
}
