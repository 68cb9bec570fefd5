/**
 * What the history says of the addresses that a claim would add: the weakest proof among them, or address by address why there is none.
 * Pure: from answers of the daemon.
 */
import { formatIpv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { formatRange, type Ipv4Range, parseRange, sizeOf } from '../../core/address/range.ts';
import { addressesOf, intersectSets, type RangeSet, rangeSet, setSize, subtract } from '../../core/address/range-set.ts';
import type { ProvenRange } from '../../core/claim/choose.ts';
import { printable } from '../../core/text.ts';
import type { FreeRangesAnswer, ProofJson } from '../../http/service.ts';
import type { Reason } from './refusal.ts';

/** Named one by one; beyond, as ranges. */
const NAMED = 64;
const SENTENCE = 240;

export const rangeOf = ({ start, end }: { readonly start: string; readonly end: string }): Ipv4Range | null => {
  const range = parseRange(`${start}-${end}`);
  return range.ok ? range.value : null;
};

export const provenRanges = (answer: FreeRangesAnswer): readonly ProvenRange[] =>
  answer.ranges.flatMap((one) => {
    const range = rangeOf(one);
    if (range === null) return [];
    return [{ range, quietForMs: one.proof.quietForSeconds * 1000, coverage: one.proof.coverage, looks: one.proof.looks }];
  });

export interface History {
  /** The weakest proof among the addresses; null where one is not proven, or where there was nothing to prove. */
  readonly proof: ProofJson | null;
  /** Empty: all of them are proven free. */
  readonly reasons: readonly Reason[];
}

/** @param added the addresses that have to be proven */
export function historyOf(answer: FreeRangesAnswer, added: RangeSet): History {
  const free = answer.ranges.flatMap((one) => {
    const range = rangeOf(one);
    return range === null ? [] : [{ range, proof: one.proof }];
  });
  const unproven = subtract(added, rangeSet(free.map(({ range }) => range)));
  if (unproven.length > 0) {
    return { proof: null, reasons: [...reasonsFor(answer.withheld, unproven), ...untold(answer, unproven)] };
  }
  const proofs = free.filter(({ range }) => intersectSets([range], added).length > 0).map(({ proof }) => proof);
  return { proof: weakest(proofs), reasons: [] };
}

/** Address by address, with the verdict and what it rests on. */
export function reasonsFor(withheld: FreeRangesAnswer['withheld'], addresses: RangeSet): readonly Reason[] {
  const oneByOne = setSize(addresses) <= NAMED;
  const reasons = withheld.flatMap((one) => {
    const range = rangeOf(one);
    return intersectSets(addresses, range === null ? [] : [range]).flatMap((common) => {
      const texts = oneByOne ? [...addressesOf([common])].map(formatIpv4) : [formatRange(common)];
      return texts.map((text) => ({
        first: common.first,
        reason: { code: one.verdict, text: `${text} is ${one.verdict}: ${printable(one.reason, SENTENCE)}`, fix: null },
      }));
    });
  });
  return reasons.sort((a, b) => a.first - b.first).map(({ reason }) => reason);
}

/** Neither free nor withheld: the daemon knows nothing of them, or its answer was cut before it came to them. */
const untold = ({ withheld, truncated }: FreeRangesAnswer, addresses: RangeSet): readonly Reason[] =>
  subtract(addresses, rangeSet(withheld.flatMap((one) => rangeOf(one) ?? []))).map((range) => ({
    code: 'unproven',
    ...(truncated
      ? {
          text: `${formatRange(range)} (${sizeOf(range)}): the list of ranges was too long to hold it, so nothing is told of it`,
          fix: 'Ask for the range by itself: freehold verify RANGE, or apply --range RANGE.',
        }
      : { text: `${formatRange(range)} (${sizeOf(range)}) is not watched, so nothing is known of it`, fix: null }),
  }));

/** Of each figure the worst: what a proof of all of them together may claim. */
function weakest(proofs: readonly ProofJson[]): ProofJson | null {
  const [first, ...others] = proofs;
  if (first === undefined) return null;
  const latest = (a: string | null, b: string | null): string | null => (a === null ? b : b === null ? a : a > b ? a : b);
  return others.reduce(
    (worst, next): ProofJson => ({
      since: worst.since === null || next.since === null ? null : latest(worst.since, next.since),
      quietForSeconds: Math.min(worst.quietForSeconds, next.quietForSeconds),
      looks: Math.min(worst.looks, next.looks),
      coverage: Math.min(worst.coverage, next.coverage),
      longestGapSeconds: Math.max(worst.longestGapSeconds, next.longestGapSeconds),
      newestLookAt:
        worst.newestLookAt === null || next.newestLookAt === null
          ? null
          : worst.newestLookAt < next.newestLookAt
            ? worst.newestLookAt
            : next.newestLookAt,
      lastSeenAt: latest(worst.lastSeenAt, next.lastSeenAt),
      methods: [...new Set([...worst.methods, ...next.methods])],
    }),
    first,
  );
}

/** The addresses in `texts` that are addresses. */
export const addressOrNull = (text: string) => {
  const address = parseIpv4(text);
  return address.ok ? address.value : null;
};
