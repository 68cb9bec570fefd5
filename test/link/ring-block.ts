/**
 * Builds blocks of a TPACKET_V3 ring as the kernel does, for tests.
 */

export interface BlockFrame {
  readonly bytes: Uint8Array;
  readonly seconds?: number;
  readonly nanoseconds?: number;
  readonly vlanTci?: number;
  readonly packetType?: number;
}

export const BLOCK_SIZE = 4096;

/** Writes a block that is the user's turn to read. */
export function writeBlock(block: DataView, frames: readonly BlockFrame[]): void {
  block.setUint32(0, 1, true);
  block.setUint32(8, 1, true);
  block.setUint32(12, frames.length, true);
  block.setUint32(16, 48, true);
  let at = 48;
  frames.forEach(({ bytes, seconds = 1, nanoseconds = 0, vlanTci, packetType = 0 }, index) => {
    const length = (82 + bytes.length + 7) & ~7;
    block.setUint32(at, index + 1 < frames.length ? length : 0, true);
    block.setUint32(at + 4, seconds, true);
    block.setUint32(at + 8, nanoseconds, true);
    block.setUint32(at + 12, bytes.length, true);
    block.setUint32(at + 16, bytes.length, true);
    block.setUint32(at + 20, vlanTci === undefined ? 1 : 1 | (1 << 4), true);
    block.setUint16(at + 24, 82, true);
    block.setUint32(at + 32, vlanTci ?? 0xffff, true);
    block.setUint8(at + 58, packetType);
    new Uint8Array(block.buffer, block.byteOffset + at + 82).set(bytes);
    at += length;
  });
  block.setUint32(20, at, true);
}

export const block = (frames: readonly BlockFrame[]): DataView<ArrayBuffer> => {
  const view = new DataView(new ArrayBuffer(BLOCK_SIZE));
  writeBlock(view, frames);
  return view;
};
