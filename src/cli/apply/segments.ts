/** Which watched segment a claim is about, and what is known of the networks around it. Pure: from the answer to GET /segments. */
import { parseCidr, rangeOfCidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
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

export function lanOf(segments: readonly SegmentJson[]): LanFacts {
  const addresses = (texts: readonly (string | null)[]): readonly Ipv4[] =>
    texts.flatMap((text) => (text === null ? [] : (addressOrNull(text) ?? [])));
  return {
    networks: segments.flatMap(({ cidr }) => {
      const network = parseCidr(cidr);
      return network.ok ? [network.value] : [];
    }),
    gateways: addresses(segments.map(({ gateway }) => gateway)),
    own: addresses(segments.flatMap(({ ownAddresses }) => ownAddresses)),
  };
}
