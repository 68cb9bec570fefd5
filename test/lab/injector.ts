/** A test's handle on the injector: a machine of its own on a LAN that sends whatever frames it is told to. */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FreeholdError } from '../../src/core/error.ts';
import type { FloodOptions } from './flood.ts';
import type { Lan } from './lan.ts';
import type { Namespace } from './namespace.ts';

export type InjectorOrder =
  | { readonly kind: 'frames'; readonly frames: readonly string[] }
  | (FloodOptions & { readonly kind: 'flood'; readonly yieldEvery: number });

export type InjectorAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'done'; readonly number: number; readonly stamps: readonly number[] }
  | { readonly kind: 'refused'; readonly number: number; readonly error: string };

export interface Injector {
  /** Sends them one after the other. @returns epoch ms (with a fraction) just before each left */
  send(...frames: readonly Uint8Array[]): Promise<readonly number[]>;
  /** As fast as the link takes them. @returns when each hidden frame left */
  flood(options: FloodOptions): Promise<readonly number[]>;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(import.meta.url).replace(/injector\.(ts|js)$/, 'injector-main.$1');

export const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');

export async function startInjector(lan: Lan): Promise<Injector> {
  return injectorIn(await lan.attach('inj'), 'eth0');
}

/** In a namespace that is there already; closes it at the end. */
export async function injectorIn(namespace: Namespace, interfaceName: string): Promise<Injector> {
  const child = namespace.spawn([process.execPath, MAIN, interfaceName], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    await whenReady(child);
  } catch (error) {
    await namespace.close();
    throw error;
  }
  const waiting = new Map<number, { resolve: (stamps: readonly number[]) => void; reject: (error: Error) => void }>();
  let next = 0;
  child.on('message', (message: InjectorAnswer) => {
    if (message.kind !== 'done' && message.kind !== 'refused') return;
    const order = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.kind === 'done') order?.resolve(message.stamps);
    else order?.reject(new FreeholdError('lab-injector-refused', message.error));
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new FreeholdError('lab-injector-gone', 'The injector has ended'));
    waiting.clear();
  });
  const tell = (order: InjectorOrder): Promise<readonly number[]> =>
    new Promise((resolve, reject) => {
      const number = next++;
      waiting.set(number, { resolve, reject });
      child.send({ number, order });
    });
  return {
    send: (...frames) => tell({ kind: 'frames', frames: frames.map(hexOf) }),
    flood: (options) => tell({ ...options, kind: 'flood', yieldEvery: 1 }),
    close: () => namespace.close(),
  };
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new FreeholdError('lab-injector-failed', `The injector did not start: ${why}`));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (status) => fail(`it ended with status ${status}`));
    child.once('message', (message: InjectorAnswer) => {
      if (message.kind === 'ready') resolve();
      else fail(message.kind === 'failed' ? message.error : message.kind);
    });
  });
}
