import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RingFrame, visitFrames } from '../../src/link/tpacket.ts';
import { arpProbe } from './frames.ts';
import { block } from './ring-block.ts';

function visited(view: DataView): { frames: RingFrame[]; whole: boolean } {
  const frames: RingFrame[] = [];
  const whole = visitFrames(view, (frame) => {
    frames.push(frame);
    return true;
  });
  return { frames, whole };
}

describe('visitFrames', () => {
  it('reads every frame of a block in order', () => {
    const bytes = [arpProbe(1), arpProbe(2).subarray(0, 41), arpProbe(3)];
    const { frames, whole } = visited(
      block([
        { bytes: arpProbe(1), seconds: 1_700_000_000, nanoseconds: 123_456_789 },
        { bytes: arpProbe(2).subarray(0, 41), vlanTci: 0x602a, packetType: 1 },
        { bytes: arpProbe(3), packetType: 4 },
      ]),
    );
    expect(whole).toBe(true);
    expect(frames.map((frame) => Buffer.from(frame.bytes))).toEqual(bytes.map((one) => Buffer.from(one)));
    expect(frames.map(({ vlanId }) => vlanId)).toEqual([null, 42, null]);
    expect(frames.map(({ packetType }) => packetType)).toEqual([0, 1, 4]);
    expect(frames[0]?.atMs).toBeCloseTo(1_700_000_000_123.4568, 3);
  });

  it('stops where it is told to', () => {
    let calls = 0;
    expect(visitFrames(block([{ bytes: arpProbe(1) }, { bytes: arpProbe(2) }]), () => ++calls < 1)).toBe(true);
    expect(calls).toBe(1);
  });

  it.each<[string, (view: DataView) => void, number]>([
    ['the first frame outside', (view) => view.setUint32(16, 4090, true), 0],
    ['the first frame inside the header', (view) => view.setUint32(16, 8, true), 0],
    ['more frames than there are', (view) => view.setUint32(12, 9, true), 3],
    ['a frame longer than the block', (view) => view.setUint32(48 + 12, 5000, true), 0],
    ['a length that overflows', (view) => view.setUint32(48 + 12, 0xffffffff, true), 0],
    ['data inside the frame header', (view) => view.setUint16(48 + 24, 20, true), 0],
    ['a next frame that goes nowhere', (view) => view.setUint32(48, 0, true), 1],
    ['a next frame outside', (view) => view.setUint32(48, 0xfffffff0, true), 1],
    ['a block length that cuts the second frame', (view) => view.setUint32(20, 48 + 128 + 60, true), 1],
  ])('%s: keeps what came before', (_, damage, kept) => {
    const view = block([1, 2, 3].map((host) => ({ bytes: arpProbe(host) })));
    damage(view);
    const { frames, whole } = visited(view);
    expect(whole).toBe(false);
    expect(frames.length).toBe(kept);
  });

  it('never throws, and never reads outside of the block, whatever is in it', () => {
    const word = fc.record({
      at: fc.integer({ min: 0, max: 127 }),
      value: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.nat(), fc.constant(0xffffffff)),
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const view = block([1, 2, 3].map((host) => ({ bytes: arpProbe(host) })));
        for (const { at, value } of words) view.setUint32(at * 4, value, true);
        for (const { bytes } of visited(view).frames)
          expect(bytes.byteOffset + bytes.length).toBeLessThanOrEqual(view.byteLength);
      }),
      { numRuns: 5000 },
    );
    expect(visited(new DataView(new ArrayBuffer(16))).whole).toBe(false);
  });
});
