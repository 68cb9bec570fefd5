/**
 * Which watched segment a claim is about, and what is known of the networks around it: from the answer to GET /segments, and the
 * interfaces of this machine. Sends nothing.
 */
import { networkInterfaces } from 'node:os';
import { type Cidr, networkOf, parseCidr, rangeOfCidr } from '../../core/address/cidr.ts';
import { type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { contains, formatRange, type Ipv4Range } from '../../core/address/range.ts';
import type { SegmentJson } from '../../http/service.ts';
import { usageError } from '../exit.ts';
import { addressOrNull } from './history.ts';
import type { LanFacts } from './proof-source.ts';

export function chooseSegment(
  segments: readonly { readonly name: string; readonly cidr: string }[],
  range: Ipv4Range | null,
  named: string | undefined,
): string {
  const names = segments.map(({ name }) => name).join(', ');
  if (segments.length === 0) {
    throw usageError(
      'No segment is configured, so nothing was looked at and nothing can be proven.',
      'Name one under "segments" in the configuration.',
    );
  }
  if (named !== undefined) {
    if (segments.some(({ name }) => name === named)) return named;
    throw usageError(`There is no segment "${named}".`, `These are configured: ${names}.`);
  }
  if (range === null) {
    const [only, ...others] = segments;
    if (only !== undefined && others.length === 0) return only.name;
    throw usageError(`There are ${segments.length} segments: ${names}.`, 'Say which with --segment.');
  }
  const holding = segments.find(({ cidr }) => {
    const network = parseCidr(cidr);
    if (!network.ok) return false;
    const whole = rangeOfCidr(network.value);
    return contains(whole, range.first) && contains(whole, range.last);
  });
  if (holding !== undefined) return holding.name;
  throw usageError(
    `${formatRange(range)} does not lie within a watched segment, so nothing is known of it.`,
    `Watched: ${segments.map(({ name, cidr }) => `${name} (${cidr})`).join(', ')}.`,
  );
}

/**
 * A segment may be a part of its network. How large that is, an interface of this machine says, where it is the one that the segment is
 * watched on; the daemon may run elsewhere, and then nobody here knows.
 */
export function lanOf(segments: readonly SegmentJson[], system: SystemInterfaces = networkInterfaces()): LanFacts {
  const addresses = (texts: readonly (string | null)[]): readonly Ipv4[] =>
    texts.flatMap((text) => (text === null ? [] : (addressOrNull(text) ?? [])));
  return {
    networks: segments.flatMap((segment) => {
      const cidr = parseCidr(segment.cidr);
      if (!cidr.ok) return [];
      const whole = wholeNetwork(segment, cidr.value, system);
      return whole === null ? { cidr: cidr.value, isWhole: false } : { cidr: whole, isWhole: true };
    }),
    gateways: addresses(segments.map(({ gateway }) => gateway)),
    own: addresses(segments.flatMap(({ ownAddresses }) => ownAddresses)),
  };
}

/** Of this machine, as node:os tells them. */
export type SystemInterfaces = Readonly<
  Record<string, readonly { readonly address: string; readonly family: string; readonly cidr: string | null }[] | undefined>
>;

/** The network of the interface that a segment is watched on, where that is one of this machine. */
function wholeNetwork(segment: SegmentJson, part: Cidr, system: SystemInterfaces): Cidr | null {
  // Its own addresses are of whichever interface; another machine has an interface of that name, but none of them.
  const here = new Set(Object.values(system).flatMap((all) => (all ?? []).map(({ address }) => address)));
  if (segment.interface === null || segment.method !== 'arp') return null;
  if (segment.ownAddresses.length > 0 && !segment.ownAddresses.some((address) => here.has(address))) return null;
  const range = rangeOfCidr(part);
  const networks = (system[segment.interface] ?? []).flatMap(({ address, family, cidr }) => {
    const parsed = parseIpv4(address);
    const length = Number(cidr?.split('/')[1] ?? Number.NaN);
    return family === 'IPv4' && parsed.ok && Number.isInteger(length) ? [networkOf(parsed.value, length)] : [];
  });
  const holding = networks.filter((network) => {
    const all = rangeOfCidr(network);
    return contains(all, range.first) && contains(all, range.last);
  });
  return holding.sort((a, b) => b.prefixLength - a.prefixLength)[0] ?? null;
}
