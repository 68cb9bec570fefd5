import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { wireOn } from '../../src/link/packet-wire.ts';
import { fakeLibc } from './fake-libc.ts';
import { arpProbe, probedHost } from './frames.ts';
import { BLOCK_SIZE, writeBlock } from './ring-block.ts';

const SHAPE = { blockSize: BLOCK_SIZE, blockCount: 4 };
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;

/** A wire whose ring is ordinary memory. */
function wireOnMemory() {
  const fake = fakeLibc('ENOMEM');
  const buffer = new ArrayBuffer(SHAPE.blockSize * SHAPE.blockCount);
  const heard: (number | string)[] = [];
  const socket = { fd: 3, interfaceIndex: 1, ring: { buffer, unmap: () => {} } };
  const wire = wireOn(fake.libc, 'lan0', socket, SHAPE, {
    onFrame: ({ bytes }) => heard.push(probedHost(bytes)),
    onError: (errorCode) => heard.push(errorCode),
  });
  const fill = (index: number, hosts: readonly number[]): DataView => {
    const block = new DataView(buffer, index * BLOCK_SIZE, BLOCK_SIZE);
    writeBlock(
      block,
      hosts.map((host) => ({ bytes: arpProbe(host) })),
    );
    return block;
  };
  return { fake, wire, heard, fill };
}

describe('what is lost unseen is told', () => {
  it('a block that cannot be read is an error, and at least one frame lost', async () => {
    const { fake, wire, heard, fill } = wireOnMemory();
    // Fifty frames announced, and the first of them nowhere.
    const block = fill(0, [1, 2]);
    block.setUint32(12, 50, true);
    block.setUint32(16, BLOCK_SIZE, true);
    fill(1, [3]);
    wire.drain();
    expect(heard).toEqual(['EBADMSG', 3]);
    expect(wire.stats()).toEqual({ framesReceived: 1, kernelDrops: 1, framesSent: 0, sendErrors: 0 });
    // Likewise where it is read in a turn of the event loop.
    fill(2, [4]).setUint32(12, 2, true);
    fake.report({ readable: true, failed: false });
    await turn();
    expect(heard).toEqual(['EBADMSG', 3, 4, 'EBADMSG']);
    expect(wire.stats().kernelDrops).toBe(2);
  });

  it('a counter of drops that cannot be read is an error at each reading, and not none dropped', () => {
    const { fake, wire, heard } = wireOnMemory();
    fake.answer = (level, option) =>
      level === SOL_PACKET && option === PACKET_STATISTICS ? Uint8Array.of(9, 0, 0, 0, 5, 0, 0, 0) : null;
    expect([wire.stats().kernelDrops, wire.stats().kernelDrops]).toEqual([5, 10]);
    fake.answer = () => null;
    expect(wire.stats().kernelDrops).toBe(10);
    expect(heard).toEqual(['ENOMEM']);
    wire.stats();
    expect(heard).toEqual(['ENOMEM', 'ENOMEM']);
    fake.answer = () => Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0);
    wire.close();
    expect(wire.stats().kernelDrops).toBe(11);
    expect(heard).toEqual(['ENOMEM', 'ENOMEM']);
  });
});
