/**
 * What a smoke test looks at, one function for each step: waits within its time, and says what it saw or what is missing.
 */
import { formatIpv4, type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { setContains } from '../../core/address/range-set.ts';
import { FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import { type KubeObject, listAt, numberAt, textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { eventsOf, whyNotReady } from '../not-ready.ts';
import { readNode } from '../read/nodes.ts';
import { failed, type Outcome, ok, skipped } from '../steps.ts';
import type { ClusterPool } from '../types.ts';
import { type WaitOptions, waitUntil } from '../waiting.ts';
import { judgeWire, type NodeAddresses, type Wire } from './wire.ts';

export interface CheckContext {
  readonly api: KubeApi;
  readonly waiting: WaitOptions;
}

const seconds = ({ waitMs }: WaitOptions): string => `${Math.round(waitMs / 1000)} s`;

export async function deploymentReady(
  { api, waiting }: CheckContext,
  deployment: KubeObject,
  replicas: number,
): Promise<Outcome> {
  const { name, namespace } = deployment.metadata;
  const waited = await waitUntil(async () => {
    const now = await api.get(RESOURCES.deployments, name, namespace, waiting.signal);
    const ready = numberAt(now, 'status', 'availableReplicas') ?? 0;
    return ready >= replicas ? { done: ready } : { why: `${ready} of ${replicas} pods available` };
  }, waiting);
  if (waited.ok) return ok(waited.value === 1 ? '1 pod' : `${waited.value} pods`);
  if (waited.error !== null) throw waited.error;
  const reasons = await whyNotReady(api, deployment, waiting.signal);
  return failed([`not within ${seconds(waiting)}: ${waited.why}`, ...reasons].join('; '));
}

/** @param pools null where they could not be read */
export async function addressAssigned(
  { api, waiting }: CheckContext,
  service: KubeObject,
  pools: readonly ClusterPool[] | null,
  found: (address: Ipv4) => void,
): Promise<Outcome> {
  const { name, namespace } = service.metadata;
  const waited = await waitUntil(async () => {
    const now = await api.get(RESOURCES.services, name, namespace, waiting.signal);
    const ingress = listAt(now, 'status', 'loadBalancer', 'ingress');
    const address = ingress.flatMap((one) => addressOf(textAt(one, 'ip')) ?? [])[0];
    if (address !== undefined) return { done: address };
    const other = ingress.map((one) => textAt(one, 'ip') ?? textAt(one, 'hostname') ?? '').filter((one) => one !== '');
    return {
      why: other.length === 0 ? 'the Service has no address' : `it got ${printable(other.join(', '), 200)}, no IPv4 address`,
    };
  }, waiting);
  if (waited.ok) {
    found(waited.value);
    return ok(formatIpv4(waited.value));
  }
  if (waited.error !== null) throw waited.error;
  // The newest words of whoever gives out addresses say why.
  const [newest] = await eventsOf(api, service, waiting.signal);
  return failed(
    [`none within ${seconds(waiting)}: ${waited.why}`, newest ?? 'nobody said why (no Event)', ...poolHints(pools)].join('; '),
  );
}

function poolHints(pools: readonly ClusterPool[] | null): readonly string[] {
  if (pools === null) return [];
  if (pools.length === 0) return ['MetalLB has no pool: freehold apply makes one'];
  return pools.every(({ autoAssign }) => !autoAssign)
    ? ['no pool gives out addresses unasked (autoAssign: false): name one with --pool']
    : [];
}

const addressOf = (text: string | null): Ipv4 | null => {
  const address = parseIpv4(text ?? '');
  return address.ok ? address.value : null;
};

/** @param wanted the pool that was asked for; null: any */
export function addressInPool(address: Ipv4, pools: readonly ClusterPool[] | null, wanted: string | null): Outcome {
  if (pools === null) return skipped('the pools may not be read');
  const pool = pools.find(({ addresses }) => setContains(addresses, address));
  const text = formatIpv4(address);
  if (pool === undefined) {
    return failed(`${text} lies in no pool of MetalLB: another load balancer gave it (servicelb of k3s? a cloud's?)`);
  }
  return wanted === null || wanted === pool.name
    ? ok(pool.name)
    : failed(`${text} lies in the pool ${pool.name}, not in ${wanted}`);
}

/** Known addresses of nodes; null where nodes may not be read. */
export async function nodeAddresses({ api, waiting }: CheckContext): Promise<readonly NodeAddresses[] | null> {
  try {
    const { items } = await api.list(RESOURCES.nodes, { signal: waiting.signal });
    return items.map(readNode).map(({ name, internalAddresses }) => ({ name, addresses: internalAddresses }));
  } catch (error) {
    if (isClusterError(error, 'cluster-forbidden')) return null;
    throw error;
  }
}

/** One node's MAC must answer, and must go on being the only one for a second look. */
export async function answeredByNode(
  context: CheckContext,
  address: Ipv4,
  wire: Wire,
  speakers: ReadonlySet<Mac>,
): Promise<Outcome> {
  const { waiting } = context;
  const nodes = await nodeAddresses(context);
  if (nodes === null) return skipped('nodes may not be listed, so whose MAC it is cannot be told');
  const asked = [address, ...nodes.flatMap(({ addresses }) => addresses)];
  let looks = 0;
  let atLast: 'failed' | 'skipped' = 'failed';
  try {
    const waited = await waitUntil<Outcome>(async () => {
      const verdict = judgeWire(address, await wire.ask(asked, waiting.signal ?? NEVER), nodes, speakers);
      if ('again' in verdict) {
        looks = 0;
        atLast = verdict.atLast;
        return { why: verdict.again };
      }
      looks++;
      return verdict.final.status === 'ok' && looks < 2
        ? { why: `${verdict.final.detail}; looking once more` }
        : { done: verdict.final };
    }, waiting);
    return waited.ok ? waited.value : { status: atLast, detail: `not within ${seconds(waiting)}: ${waited.why}` };
  } catch (error) {
    if (error instanceof FreeholdError && UNAVAILABLE.includes(error.code)) {
      return skipped(`the wire cannot be looked at: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`);
    }
    throw error;
  }
}

/** What `Wire.ask` throws where the wire cannot be looked at from here. */
const UNAVAILABLE = ['not-permitted', 'wire-unavailable'];
const NEVER = new AbortController().signal;

export type Connect = (address: Ipv4, port: number, signal: AbortSignal) => Promise<void>;

export async function tcpConnects({ waiting }: CheckContext, address: Ipv4, port: number, connect: Connect): Promise<Outcome> {
  const where = `${formatIpv4(address)}:${port}`;
  const waited = await waitUntil(async () => {
    try {
      await connect(address, port, waiting.signal ?? NEVER);
      return { done: null };
    } catch (error) {
      waiting.signal?.throwIfAborted();
      return { why: printable(error instanceof Error ? error.message : String(error), 200) };
    }
  }, waiting);
  return waited.ok ? ok(where) : failed(`${where} not within ${seconds(waiting)}: ${waited.why}`);
}

/** After all is removed: whether the address is silent again. A report; nothing hangs on it. */
export async function silentAgain({ waiting }: CheckContext, address: Ipv4, wire: Wire): Promise<Outcome> {
  const text = formatIpv4(address);
  const waited = await waitUntil(async () => {
    const { answers } = await wire.ask([address], waiting.signal ?? NEVER);
    const macs = answers.get(address) ?? [];
    return macs.length === 0 ? { done: null } : { why: `${macs.join(', ')} still answers for ${text}` };
  }, waiting);
  return waited.ok ? ok(`nobody answers for ${text} any more`) : skipped(`${waited.why} after ${seconds(waiting)}`);
}
