/**
 * A flood of ARP frames by random senders for random addresses, with given frames hidden in it at even distances. Deterministic
 * for its seed. Pure: sends nothing.
 */

export interface FloodOptions {
  /** All of them, hidden ones not counted. */
  readonly frames: number;
  readonly seed: number;
  /** 32 bits: first address and how many, for senders and targets alike. */
  readonly firstAddress: number;
  readonly addresses: number;
  /** Whom requests and replies go to, where that is somebody else; probes, which want their target, stay with the above. */
  readonly targets?: { readonly firstAddress: number; readonly addresses: number };
  /** Whole frames, as hex. */
  readonly hidden: readonly string[];
}

export interface FloodBatch {
  readonly bytes: Uint8Array;
  /** Of one frame. */
  readonly length: number;
  readonly hidden: boolean;
}

type Addresses = Pick<FloodOptions, 'firstAddress' | 'addresses'>;

const LENGTH = 42;
const BATCH = 256;

/** xorshift32 */
function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const anyOf = ({ firstAddress, addresses }: Addresses, next: () => number): number => firstAddress + (next() % addresses);

export function* floodFrames({
  frames,
  seed,
  firstAddress,
  addresses,
  hidden,
  targets = { firstAddress, addresses },
}: FloodOptions): Generator<FloodBatch> {
  const next = random(seed);
  const from = { firstAddress, addresses };
  const distance = Math.max(1, Math.floor(frames / (hidden.length + 1)));
  let sent = 0;
  let shown = 0;
  while (sent < frames) {
    const until = shown < hidden.length ? Math.min(frames, (shown + 1) * distance) : frames;
    const count = Math.min(BATCH, until - sent);
    const bytes = new Uint8Array(count * LENGTH);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < count; i++) writeArp(view, i * LENGTH, next, from, targets);
    yield { bytes, length: LENGTH, hidden: false };
    sent += count;
    const frame = sent >= until ? hidden[shown] : undefined;
    if (frame === undefined) continue;
    shown++;
    const hiddenBytes = new Uint8Array(Buffer.from(frame, 'hex'));
    yield { bytes: hiddenBytes, length: hiddenBytes.length, hidden: true };
  }
}

/** Requests, replies, announcements and probes in turn, by locally administered MACs. */
function writeArp(view: DataView, at: number, next: () => number, from: Addresses, to: Addresses): void {
  const [high, low] = [0x0600 | (next() & 0xff), next()];
  const kind = next() & 3;
  const sender = anyOf(from, next);
  view.setUint16(at, 0xffff);
  view.setUint32(at + 2, 0xffffffff);
  view.setUint16(at + 6, high);
  view.setUint32(at + 8, low);
  view.setUint16(at + 12, 0x0806);
  view.setUint32(at + 14, 0x00010800);
  view.setUint32(at + 18, kind === 1 ? 0x06040002 : 0x06040001);
  view.setUint16(at + 22, high);
  view.setUint32(at + 24, low);
  view.setUint32(at + 28, kind === 3 ? 0 : sender);
  view.setUint32(at + 38, kind === 2 ? sender : anyOf(kind === 3 ? from : to, next));
}
