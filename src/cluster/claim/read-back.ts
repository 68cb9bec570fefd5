/**
 * Reads back what MetalLB made of a pushed claim: the counters of the pool, and whether controller and speakers took the configuration.
 * What an older MetalLB does not tell is said to be unknown, not assumed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeApi } from '../kube/api.ts';
import { ClusterError, isClusterError } from '../kube/errors.ts';
import { RESOURCES } from '../kube/resources.ts';
import { readConfigurationState, readPool } from '../read/metallb.ts';
import type { ClusterPool, ConfigurationState } from '../types.ts';

const POLL_MS = 500;

export interface ReadBack {
  readonly verdict: 'accepted' | 'refused' | 'waiting' | 'not-told';
  /** One sentence each. */
  readonly told: readonly string[];
}

export interface ReadBackOptions {
  readonly namespace: string;
  readonly pool: string;
  /** How many IPv4 addresses the pool has. */
  readonly size: number;
  /** Epoch ms, of `now`. */
  readonly untilMs: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Never throws for what may pass: the claim is there already. @throws ClusterError for what does not */
export async function readBack(api: KubeApi, options: ReadBackOptions): Promise<ReadBack> {
  const { now, untilMs, signal } = options;
  let last: ReadBack = { verdict: 'waiting', told: ['The cluster did not answer.'] };
  for (;;) {
    try {
      last = await look(api, options);
      if (last.verdict === 'accepted' || last.verdict === 'refused') return last;
    } catch (error) {
      if (signal.aborted) return last;
      if (!(error instanceof ClusterError) || !error.mayPass) throw error;
      last = { verdict: 'waiting', told: [error.message] };
    }
    if (now() + POLL_MS > untilMs) return last;
    try {
      await pause(POLL_MS, undefined, { signal });
    } catch {
      return last;
    }
  }
}

async function look(api: KubeApi, { namespace, pool: name, size, signal }: ReadBackOptions): Promise<ReadBack> {
  const pool = readPool(await api.get(RESOURCES.pools, name, namespace, signal));
  const states = await configurationStates(api, namespace, signal);
  const invalid = (states ?? []).filter(({ result }) => result === 'Invalid');
  if (invalid.length > 0) {
    return {
      verdict: 'refused',
      told: invalid.map(({ name: who, errorSummary }) => `${who} does not take the configuration: ${errorSummary}`),
    };
  }
  const [counters, states2] = [countersTold(pool, size), statesTold(states)];
  const told = [counters.text, states2.text];
  if (counters.state === 'not-told' && states2.state === 'not-told') return { verdict: 'not-told', told };
  return { verdict: counters.state === 'waiting' || states2.state === 'waiting' ? 'waiting' : 'accepted', told };
}

interface Told {
  readonly state: 'good' | 'waiting' | 'not-told';
  readonly text: string;
}

/** `avoidBuggyIPs` leaves out addresses that end in .0 and .255. */
function countersTold(pool: ClusterPool, size: number): Told {
  const { counters } = pool;
  if (counters === null) {
    return { state: 'not-told', text: 'The pool has no counters (yet; before MetalLB 0.15 it never has).' };
  }
  const expected = pool.avoidBuggyIps ? size - buggyIn(pool) : size;
  const total = counters.assigned + counters.available;
  const text = `The pool counts ${total} addresses, ${counters.assigned} of them assigned`;
  return total === expected
    ? { state: 'good', text: `${text}.` }
    : { state: 'waiting', text: `${text}; ${expected} are expected.` };
}

function buggyIn({ addresses }: ClusterPool): number {
  let count = 0;
  for (const { first, last } of addresses) {
    // .0 and .255 of every /24 that the range touches.
    for (let base = first - (first % 256); base <= last; base += 256) {
      if (base >= first && base <= last) count++;
      if (base + 255 >= first && base + 255 <= last) count++;
    }
  }
  return count;
}

/** null: no such kind, or not readable. */
async function configurationStates(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ConfigurationState[] | null> {
  try {
    return (await api.list(RESOURCES.configurationStates, { namespace, signal })).items.map(readConfigurationState);
  } catch (error) {
    if (isClusterError(error, 'cluster-kind-unknown', 'cluster-forbidden')) return null;
    throw error;
  }
}

function statesTold(states: readonly ConfigurationState[] | null): Told {
  if (states === null) {
    return {
      state: 'not-told',
      text: 'Whether controller and speakers took it is not told (MetalLB before 0.15.3, or no right to read ConfigurationStates).',
    };
  }
  const valid = states.filter(({ result }) => result === 'Valid');
  if (states.length === 0 || valid.length < states.length) {
    const missing = states.filter(({ result }) => result !== 'Valid').map(({ name }) => name);
    return {
      state: 'waiting',
      text: `Waiting for ${missing.length === 0 ? 'the controller' : missing.join(', ')} to take the configuration.`,
    };
  }
  return { state: 'good', text: `The controller and ${valid.length - 1} speakers say that the configuration is valid.` };
}
