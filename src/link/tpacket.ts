/**
 * The layout of a TPACKET_V3 receive ring (Linux `if_packet.h`): blocks of frames. Pure: reads a block and never trusts an
 * offset in it. Waiting for blocks and handing them back is packet-ring.ts.
 */

/** Byte offset of a block's status word, and its values. */
export const BLOCK_STATUS_OFFSET = 8;
export const BLOCK_OF_KERNEL = 0;
export const BLOCK_OF_USER = 1;

/** `sll_pkttype` of a frame that this machine sent. */
export const PACKET_OUTGOING = 4;

const FRAME_COUNT = 12;
const FIRST_FRAME = 16;
const BLOCK_LENGTH = 20;
const BLOCK_HEADER_LENGTH = 48;

// struct tpacket3_hdr, then struct sockaddr_ll
const NEXT_OFFSET = 0;
const SECONDS = 4;
const NANOSECONDS = 8;
const SNAP_LENGTH = 12;
const STATUS = 20;
const MAC_OFFSET = 24;
const VLAN_TCI = 32;
const PACKET_TYPE = 48 + 10;
const FRAME_HEADER_LENGTH = 48 + 20;

const STATUS_VLAN_VALID = 1 << 4;
const VLAN_ID_BITS = 0xfff;

export interface RingFrame {
  /** A view of the block. */
  readonly bytes: Uint8Array;
  /** Epoch ms with a fraction. */
  readonly atMs: number;
  /** 0 .. 4095; null where the kernel took no tag off. */
  readonly vlanId: number | null;
  /** `sll_pkttype` */
  readonly packetType: number;
}

/**
 * Calls `visit` for each frame of a block in order, until it answers false.
 * @returns false where the block is malformed: frames before the fault were visited, and no octet outside the block was read
 */
export function visitFrames(block: DataView, visit: (frame: RingFrame) => boolean): boolean {
  if (block.byteLength < BLOCK_HEADER_LENGTH) return false;
  const end = Math.min(block.getUint32(BLOCK_LENGTH, true), block.byteLength);
  const count = block.getUint32(FRAME_COUNT, true);
  let at = block.getUint32(FIRST_FRAME, true);
  for (let i = 0; i < count; i++) {
    if (at < BLOCK_HEADER_LENGTH || at + FRAME_HEADER_LENGTH > end) return false;
    const step = block.getUint32(at + NEXT_OFFSET, true);
    const snapLength = block.getUint32(at + SNAP_LENGTH, true);
    const macOffset = block.getUint16(at + MAC_OFFSET, true);
    if (macOffset < FRAME_HEADER_LENGTH || at + macOffset + snapLength > end) return false;
    const tagged = (block.getUint32(at + STATUS, true) & STATUS_VLAN_VALID) !== 0;
    const goOn = visit({
      bytes: new Uint8Array(block.buffer, block.byteOffset + at + macOffset, snapLength),
      atMs: block.getUint32(at + SECONDS, true) * 1000 + block.getUint32(at + NANOSECONDS, true) / 1e6,
      vlanId: tagged ? block.getUint32(at + VLAN_TCI, true) & VLAN_ID_BITS : null,
      packetType: block.getUint8(at + PACKET_TYPE),
    });
    if (!goOn) return true;
    // The last frame points nowhere; any other must go forward, or a loop would never end.
    if (step < FRAME_HEADER_LENGTH && i + 1 < count) return false;
    at += step;
  }
  return true;
}
