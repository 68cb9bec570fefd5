/**
 * How a claim's ranges and proof look inside the database: JSON, written in whole and read back leniently. What an older or a newer
 * Freehold wrote, or a person by hand, may lack members or hold others: a list of claims must not fail for it.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import { type RangeSet, rangeSet } from '../core/address/range-set.ts';
import type { ClaimProof } from '../core/claim/types.ts';

/** Of one claim; a pool that was written by hand may have a few. */
const MAX_RANGES = 1024;
const HIGHEST = 0xffff_ffff;

export const encodeClaimRanges = (ranges: RangeSet): string =>
  JSON.stringify(ranges.slice(0, MAX_RANGES).map(({ first, last }) => [first, last]));

/** Pairs that are no range are left out. */
export function decodeClaimRanges(text: string): RangeSet {
  const pairs = parsed(text);
  if (!Array.isArray(pairs)) return [];
  return rangeSet(
    pairs.slice(0, MAX_RANGES).flatMap((pair: unknown) => {
      const [first, last] = Array.isArray(pair) ? pair : [];
      return isAddress(first) && isAddress(last) && first <= last ? [{ first, last }] : [];
    }),
  );
}

const isAddress = (value: unknown): value is Ipv4 =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= HIGHEST;

export const encodeClaimProof = (proof: ClaimProof): string => JSON.stringify(proof);

/** null where it is no proof at all; what is missing in one proves nothing: no quiet, no look, no coverage. */
export function decodeClaimProof(text: string): ClaimProof | null {
  const value = parsed(text);
  if (!isObject(value)) return null;
  const criteria = isObject(value['criteria']) ? value['criteria'] : {};
  return {
    sinceMs: numberOrNull(value['sinceMs']),
    quietForMs: numberOr0(value['quietForMs']),
    looks: numberOr0(value['looks']),
    coverage: Math.min(1, numberOr0(value['coverage'])),
    longestGapMs: numberOr0(value['longestGapMs']),
    newestLookMs: numberOrNull(value['newestLookMs']),
    lastSeenMs: numberOrNull(value['lastSeenMs']),
    methods: (['arp', 'icmp'] as const).filter((method) => Array.isArray(value['methods']) && value['methods'].includes(method)),
    criteria: {
      quietForMs: numberOr0(criteria['quietForMs']),
      minSweeps: numberOr0(criteria['minSweeps']),
      maxGapMs: numberOr0(criteria['maxGapMs']),
      minCoverage: numberOr0(criteria['minCoverage']),
    },
    weakerThanConfigured: value['weakerThanConfigured'] !== false,
    verifiedMs: numberOr0(value['verifiedMs']),
    probesSent: numberOr0(value['probesSent']),
    kept: numberOr0(value['kept']),
  };
}

const numberOrNull = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
const numberOr0 = (value: unknown): number => numberOrNull(value) ?? 0;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
