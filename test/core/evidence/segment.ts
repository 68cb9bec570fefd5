/**
 * Segments for tests: facts on documentation addresses, built from what is out of the ordinary.
 */
import { type Ipv4, ipv4, parseIpv4 } from '../../../src/core/address/ipv4.ts';
import type { Ipv4Range } from '../../../src/core/address/range.ts';
import type { SegmentFacts } from '../../../src/core/evidence/facts.ts';
import type { VerdictSpan } from '../../../src/core/evidence/proof.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export const at = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** 192.0.2.`from` to 192.0.2.`to`. */
export const lan = (from: number, to: number = from): Ipv4Range => ({ first: at(`192.0.2.${from}`), last: at(`192.0.2.${to}`) });

export interface Sighted {
  readonly address: Ipv4;
  readonly useMs?: number;
  readonly intentMs?: number;
  readonly standInMs?: number;
}

export function facts(range: Ipv4Range, sighted: readonly Sighted[], more: Partial<SegmentFacts> = {}): SegmentFacts {
  const length = range.last - range.first + 1;
  const columns = {
    first: range.first,
    length,
    lastUseMs: new Float64Array(length),
    lastIntentMs: new Float64Array(length),
    lastStandInMs: new Float64Array(length),
  };
  for (const { address, useMs = 0, intentMs = 0, standInMs = 0 } of sighted) {
    columns.lastUseMs[address - range.first] = useMs;
    columns.lastIntentMs[address - range.first] = intentMs;
    columns.lastStandInMs[address - range.first] = standInMs;
  }
  return {
    segment: 'lan',
    range,
    sightings: columns,
    runs: [],
    firstLooks: [],
    leases: [],
    reserved: [],
    excluded: [],
    infrastructure: [],
    standIns: [],
    ...more,
  };
}

export function spanAt(spans: readonly VerdictSpan[], address: number): VerdictSpan {
  const span = spans.find(({ first, last }) => address >= first && address <= last);
  if (span === undefined) throw new Error(`no span holds ${ipv4(address)}`);
  return span;
}

/** Throws unless the spans hold each address of the range exactly once, ascending. */
export function checkPartition(range: Ipv4Range, spans: readonly Ipv4Range[]): void {
  let next: number = range.first;
  for (const { first, last } of spans) {
    if (first !== next || last < first) throw new Error(`expected a span from ${next}, got ${first} .. ${last}`);
    next = last + 1;
  }
  if (next !== range.last + 1) throw new Error(`the spans end before ${next}`);
}
