/**
 * The injector's process: sends the frames it is given, as they are, on one packet socket in a namespace of its own, and says when
 * they left. Driven over the IPC channel; ends when that closes. Argument: the interface.
 */
import { openPacketWire } from '../../src/link/packet-wire.ts';
import { floodFrames } from './flood.ts';
import { assertEnclosed } from './guard.ts';
import type { InjectorAnswer, InjectorOrder } from './injector.ts';

/** Frames of one length in one system call. */
const BATCH = 64;
const epochMs = (): number => performance.timeOrigin + performance.now();

function answer(message: InjectorAnswer): void {
  if (process.connected) process.send?.(message);
}

async function start(interfaceName: string): Promise<void> {
  assertEnclosed();
  const wire = openPacketWire(interfaceName, {
    onFrame: () => undefined,
    onError: (code) => process.stderr.write(`injector: ${interfaceName}: ${code}\n`),
  });

  /** All of one length; tries again while the queue is full. */
  async function sendAll(bytes: Uint8Array, length: number): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      const { sent, errorCode } = wire.send(bytes.subarray(offset, offset + BATCH * length), length);
      offset += sent * length;
      if (errorCode !== null && errorCode !== 'ENOBUFS' && errorCode !== 'EAGAIN') throw new Error(`send: ${errorCode}`);
      if (errorCode !== null) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async function obey(order: InjectorOrder): Promise<number[]> {
    switch (order.kind) {
      case 'frames': {
        const stamps: number[] = [];
        for (const hex of order.frames) {
          const bytes = Buffer.from(hex, 'hex');
          stamps.push(epochMs());
          await sendAll(bytes, bytes.length);
        }
        return stamps;
      }
      case 'flood': {
        const stamps: number[] = [];
        for (const { bytes, length, hidden } of floodFrames(order)) {
          if (hidden) stamps.push(epochMs());
          await sendAll(bytes, length);
          // Its own socket hears what the bridge floods back: nothing here reads it, and the ring may overrun.
          if (order.yieldEvery > 0) await new Promise(setImmediate);
        }
        return stamps;
      }
    }
  }

  process.on('message', ({ number, order }: { number: number; order: InjectorOrder }) => {
    obey(order).then(
      (stamps) => answer({ kind: 'done', number, stamps }),
      (error: unknown) => answer({ kind: 'refused', number, error: String(error) }),
    );
  });
  process.on('disconnect', () => {
    wire.close();
    process.exit(0);
  });
  answer({ kind: 'ready' });
}

process.on('SIGINT', () => {});
start(process.argv[2] ?? '').catch((error: unknown) => {
  answer({ kind: 'failed', error: String(error) });
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
