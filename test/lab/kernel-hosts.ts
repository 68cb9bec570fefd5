/**
 * Live hosts answered by a real Linux stack: one namespace whose routing table calls many addresses its own. It answers ARP
 * and ICMP for them as fast as a kernel does, with one MAC; for benchmarks and for routed ranges.
 */

import { formatIpv4, type Ipv4, ipv4 } from '../../src/core/address/ipv4.ts';
import { type Ipv4Range, parseRange } from '../../src/core/address/range.ts';
import { addressesOf, rangeSet } from '../../src/core/address/range-set.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { Lan } from './lan.ts';
import type { Namespace } from './namespace.ts';
import { seededSequence } from './temper.ts';

export interface KernelHosts {
  readonly namespace: Namespace;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** Takes these addresses away: they fall silent at once. */
  remove(addresses: readonly string[]): Promise<void>;
  add(addresses: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** `count` distinct addresses spread over the range by a seeded sequence, ascending; none of `avoid`. */
export function scatter(
  range: string,
  count: number,
  options: { readonly seed?: number; readonly avoid?: readonly string[] } = {},
): readonly string[] {
  const within = mustRange(range);
  const size = within.last - within.first + 1;
  const avoided = new Set((options.avoid ?? []).map((text) => mustRange(text).first));
  if (count + avoided.size > size) throw new FreeholdError('lab-bad-argument', `${range} does not hold ${count} addresses`);
  const random = seededSequence(options.seed ?? 1);
  const chosen = new Set<Ipv4>();
  while (chosen.size < count) {
    const address = ipv4(within.first + Math.floor(random() * size));
    if (!avoided.has(address)) chosen.add(address);
  }
  return [...chosen].sort((a, b) => a - b).map(formatIpv4);
}

function mustRange(text: string): Ipv4Range {
  const range = parseRange(text);
  if (range.ok) return range.value;
  throw new FreeholdError('lab-bad-argument', range.error);
}

/**
 * @param addresses addresses and ranges, expanded one by one: at most 65,536 in all. Not the jump host's own.
 * @param routerAddress an address on the LAN for a namespace that stands for a routed network: the way to `addresses`.
 */
export async function createKernelHosts(lan: Lan, addresses: readonly string[], routerAddress?: string): Promise<KernelHosts> {
  const all = [...addressesOf(rangeSet(addresses.map(mustRange)))].map(formatIpv4);
  if (all.length > 65_536) throw new FreeholdError('lab-bad-argument', `${all.length} kernel hosts are more than 65,536`);
  const router = routerAddress === undefined ? [] : [`${routerAddress}/${lan.prefixLength}`];
  const namespace = await lan.attach('hosts', { addresses: router });
  // The way back for answers to pings; ARP answers need none.
  if (router.length === 0) await namespace.batch([`route add ${lan.cidr} dev eth0`]);
  const table = (verb: 'add' | 'del', list: readonly string[]): Promise<void> =>
    namespace.batch(list.map((address) => `route ${verb} local ${address} dev lo`));
  await table('add', all);
  const mac = (await namespace.run(['cat', '/sys/class/net/eth0/address'])).trim();
  return {
    namespace,
    mac,
    addresses: all,
    add: (list) => table('add', list),
    remove: (list) => table('del', list),
    close: () => namespace.close(),
  };
}
