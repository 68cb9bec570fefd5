/** A cluster double with a client of the house, what a command writes, and a pace that suits tests. */

import { EventEmitter } from 'node:events';
import { watchInterrupts } from '../../src/cli/interrupts.ts';
import { connectCluster } from '../../src/cluster/connect.ts';
import type { KubeApi } from '../../src/cluster/kube/api.ts';
import { type Pace, systemPace } from '../../src/cluster/waiting.ts';
import { caughtOutput } from '../cli/catcher.ts';
import { type ClusterDouble, type ClusterOptions, type RecordedRequest, startCluster } from '../cluster/double.ts';

export const QUICK: Pace = { ...systemPace, everyMs: 15 };

export interface Rig extends AsyncDisposable {
  readonly cluster: ClusterDouble;
  api(user?: string): KubeApi;
  /** Requests that would change something. */
  writes(): readonly RecordedRequest[];
}

export async function rig(options: ClusterOptions = {}): Promise<Rig> {
  const cluster = await startCluster(options);
  return {
    cluster,
    api: (user = 'admin') => connectCluster({ path: cluster.kubeconfig(user), context: null }),
    writes: () => cluster.requests.filter(({ method, query }) => method !== 'GET' && query['dryRun'] === undefined),
    [Symbol.asyncDispose]: () => cluster.close(),
  };
}

/** Ctrl-C for a command under test. */
export function keyboard() {
  const signals = new EventEmitter();
  const interrupts = watchInterrupts(signals);
  return { interrupts, press: (): void => void signals.emit('SIGINT') };
}

export { caughtOutput };

/** Answers questions in this order; null is Ctrl-C. What was asked is kept. */
export function answering(...answers: readonly (string | null)[]) {
  const asked: string[] = [];
  const ask = async (question: string): Promise<string | null> => {
    asked.push(question);
    return answers[asked.length - 1] ?? null;
  };
  return { ask, asked };
}

export const errorOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expectNothing(),
    (error: unknown) => error,
  );

function expectNothing(): never {
  throw new Error('it was to fail, and did not');
}
