/**
 * A veth pair of a test's own, and wires on its ends. Only inside an enclosure.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openPacketWire, type PacketWireOptions } from '../../src/link/packet-wire.ts';
import type { PacketWire } from '../../src/link/types.ts';
import { run } from '../lab/command.ts';
import { assertEnclosed } from '../lab/guard.ts';
import { uniqueName } from '../lab/namespace.ts';

export interface VethPair {
  readonly near: string;
  readonly far: string;
  /** `ip` with these words. */
  ip(command: string): Promise<string>;
  /** Does nothing where the pair is already gone. */
  remove(): Promise<void>;
}

/** Both ends up. */
export async function vethPair(): Promise<VethPair> {
  assertEnclosed();
  const near = uniqueName('n');
  const far = uniqueName('f');
  const ip = (command: string): Promise<string> => run(['ip', ...command.split(' ')]);
  await ip(`link add ${near} type veth peer name ${far}`);
  await ip(`link set ${near} up`);
  await ip(`link set ${far} up`);
  return {
    near,
    far,
    ip,
    remove: () =>
      ip(`link del ${near}`).then(
        () => {},
        () => {},
      ),
  };
}

export interface Received {
  readonly bytes: Uint8Array;
  readonly atMs: number;
  readonly vlanId: number | null;
}

export interface Ear {
  readonly wire: PacketWire;
  /** Copies, in the order of arrival. */
  readonly frames: Received[];
  readonly errors: string[];
}

export function listenOn(interfaceName: string, options?: PacketWireOptions): Ear {
  const frames: Received[] = [];
  const errors: string[] = [];
  const wire = openPacketWire(
    interfaceName,
    {
      onFrame: ({ bytes, atMs, vlanId }) => frames.push({ bytes: bytes.slice(), atMs, vlanId }),
      onError: (errorCode) => errors.push(errorCode),
    },
    options,
  );
  return { wire, frames, errors };
}

/** Waits until it is so. @throws after `timeoutMs` */
export async function until(what: string, condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(2);
  }
}

/** Keeps the event loop from turning. */
export function blockEventLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Makes the collector take whatever nobody holds. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 3; i++) {
    collect();
    await sleep(5);
  }
}
