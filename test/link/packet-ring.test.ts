import { describe, expect, it } from 'vitest';
import { type PacketRing, packetRing } from '../../src/link/packet-ring.ts';
import { PACKET_OUTGOING } from '../../src/link/tpacket.ts';
import { arpProbe, probedHost } from './frames.ts';
import { BLOCK_SIZE, writeBlock } from './ring-block.ts';

const SHAPE = { blockSize: BLOCK_SIZE, blockCount: 4 };

function ringOf(visit: (host: number, ring: PacketRing) => void = () => {}) {
  const buffer = new ArrayBuffer(SHAPE.blockSize * SHAPE.blockCount);
  const hosts: number[] = [];
  const errors: unknown[] = [];
  const ring: PacketRing = packetRing(buffer, SHAPE, {
    visit: ({ bytes }) => {
      hosts.push(probedHost(bytes));
      visit(probedHost(bytes), ring);
    },
    onVisitorError: (error) => errors.push(error),
    onMalformedBlock: () => {
      errors.push('malformed');
      ring.drain(SHAPE.blockCount);
    },
  });
  const blockAt = (index: number): DataView => new DataView(buffer, index * BLOCK_SIZE, BLOCK_SIZE);
  return {
    ring,
    hosts,
    errors,
    blockAt,
    fill: (index: number, ...wanted: number[]) =>
      writeBlock(
        blockAt(index),
        wanted.map((host) => ({ bytes: arpProbe(host) })),
      ),
    fillOutgoing: (index: number) => writeBlock(blockAt(index), [{ bytes: arpProbe(9), packetType: PACKET_OUTGOING }]),
    owners: () => [0, 1, 2, 3].map((index) => (blockAt(index).getUint32(8, true) === 0 ? 'kernel' : 'user')),
  };
}

describe('packetRing', () => {
  it('reads blocks in order, hands them back, and goes on behind the last', () => {
    const { ring, hosts, fill, owners } = ringOf();
    fill(0, 1, 2);
    fill(1, 3);
    ring.drain(4);
    expect(hosts).toEqual([1, 2, 3]);
    expect(owners()).toEqual(['kernel', 'kernel', 'kernel', 'kernel']);
    fill(2, 4);
    fill(3, 5);
    fill(0, 6);
    ring.drain(4);
    expect(hosts).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ring.framesVisited()).toBe(6);
  });

  it('waits for the block that comes next, whatever else is ready', () => {
    const { ring, hosts, fill } = ringOf();
    fill(1, 2);
    ring.drain(4);
    expect(hosts).toEqual([]);
  });

  it('reads no more blocks at once than it is told', () => {
    const { ring, hosts, fill, owners } = ringOf();
    fill(0, 1);
    fill(1, 2);
    ring.drain(1);
    expect(hosts).toEqual([1]);
    expect(owners().slice(0, 2)).toEqual(['kernel', 'user']);
  });

  it('goes on behind a visitor that throws', () => {
    const { ring, hosts, errors, fill, owners } = ringOf((host) => {
      if (host !== 2) throw new Error(`host ${host}`);
    });
    fill(0, 1, 2, 3);
    fill(1, 4);
    ring.drain(4);
    expect(hosts).toEqual([1, 2, 3, 4]);
    expect(errors.map(String)).toEqual(['Error: host 1', 'Error: host 3', 'Error: host 4']);
    expect(owners()).toEqual(['kernel', 'kernel', 'kernel', 'kernel']);
  });

  it('delivers no frame twice when a visitor drains', () => {
    const { ring, hosts, fill } = ringOf((_, inner) => inner.drain(4));
    fill(0, 1, 2);
    fill(1, 3);
    ring.drain(4);
    expect(hosts).toEqual([1, 2, 3]);
  });

  it('touches nothing after a visitor stopped it', () => {
    const { ring, hosts, fill, owners } = ringOf((_, inner) => inner.stop());
    fill(0, 1, 2);
    fill(1, 3);
    ring.drain(4);
    ring.drain(4);
    expect(hosts).toEqual([1]);
    expect(owners().slice(0, 2)).toEqual(['user', 'user']);
  });

  it('leaves out frames that this machine sent', () => {
    const { ring, hosts, fill, fillOutgoing } = ringOf();
    fillOutgoing(0);
    fill(1, 2);
    ring.drain(4);
    expect(hosts).toEqual([2]);
    expect(ring.framesVisited()).toBe(1);
  });

  it('tells of a malformed block, hands it back and goes on', () => {
    const { ring, hosts, errors, fill, blockAt, owners } = ringOf();
    fill(0, 1, 2);
    blockAt(0).setUint32(16, 0xffffff, true);
    fill(1, 3);
    fill(2, 4, 5);
    // More frames than are there.
    blockAt(2).setUint32(12, 50, true);
    ring.drain(4);
    expect(hosts).toEqual([3, 4, 5]);
    expect(errors).toEqual(['malformed', 'malformed']);
    expect(ring.malformedBlocks()).toBe(2);
    expect(owners()).toEqual(['kernel', 'kernel', 'kernel', 'kernel']);
    fill(3, 6);
    ring.drain(4);
    expect([hosts.at(-1), errors.length]).toEqual([6, 2]);
  });

  it('takes no block for malformed that it left itself', () => {
    const { ring, errors, fill } = ringOf((_, inner) => inner.stop());
    fill(0, 1, 2);
    ring.drain(4);
    expect([errors, ring.malformedBlocks()]).toEqual([[], 0]);
  });
});
