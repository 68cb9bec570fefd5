/**
 * Which addresses are meant: a range as it was written, or the best proven one of a size. Refuses with the reasons, and offers the
 * nearest range that is proven. Pure but for the questions that it is handed.
 */
import { type Cidr, formatCidr, networkOf } from '../../core/address/cidr.ts';
import { parseIpv4 } from '../../core/address/ipv4.ts';
import { formatRange, type Ipv4Range, parseRange, sizeOf } from '../../core/address/range.ts';
import { chooseRange, nearestRange } from '../../core/claim/choose.ts';
import type { FreeRangesAnswer } from '../../http/service.ts';
import { usageError } from '../exit.ts';
import { count } from '../words.ts';
import { type History, provenRanges } from './history.ts';
import { Refusal } from './refusal.ts';

/** What one live run can ask. */
const LARGEST = 4096;

export interface Target {
  readonly range: Ipv4Range;
  /** As an IPAddressPool has it. */
  readonly written: string;
}

/** `A-B`, a network, or one address. @throws FreeholdError `usage` */
export function readTarget(text: string): Target {
  if (text.includes(':')) throw usageError(`"${text}" is IPv6; Freehold claims IPv4 ranges only.`);
  const range = parseRange(text);
  if (!range.ok) throw usageError(hostBits(text) ?? range.error);
  const { first, last } = range.value;
  if (first >>> 24 === 0 || last >>> 24 >= 224)
    throw usageError(`${formatRange(range.value)} holds addresses that no host can have.`);
  if (sizeOf(range.value) > LARGEST) {
    throw usageError(
      `${formatRange(range.value)} has ${count(sizeOf(range.value), 'address', 'addresses')}; at most ${LARGEST} can be claimed at once.`,
    );
  }
  return { range: range.value, written: text.includes('/') ? text.trim() : rangeText(range.value) };
}

/** MetalLB would take it as the whole network, without a word. */
function hostBits(text: string): string | null {
  const [left = '', length = ''] = text.trim().split('/');
  const address = parseIpv4(left);
  if (!address.ok || !/^\d{1,2}$/.test(length) || Number(length) > 32) return null;
  const network: Cidr = networkOf(address.value, Number(length));
  return network.network === address.value
    ? null
    : `"${text}" has host bits set: MetalLB would take it as the whole network ${formatCidr(network)}. Write that, or the range that is meant.`;
}

/** MetalLB wants both ends of a range, also of a single address. */
const rangeText = (range: Ipv4Range): string => (range.first === range.last ? `${formatRange(range)}/32` : formatRange(range));

export const targetOf = (range: Ipv4Range): Target => ({ range, written: rangeText(range) });

/** @throws Refusal `no-proven-range` */
export function bestTarget(answer: FreeRangesAnswer, size: number): Target {
  const range = chooseRange(provenRanges(answer), size);
  if (range !== null) return targetOf(range);
  const reasons = answer.notices.map((text) => ({ code: 'notice', text, fix: null }));
  throw new Refusal(
    'history',
    'no-proven-range',
    `No range of ${count(size, 'address', 'addresses')} is proven free in segment ${answer.segment}.`,
    reasons,
    {
      hint: `freehold free --size ${size} shows what is withheld, and why.`,
    },
  );
}

/** @param again the command line without its range, for the offer */
export function refuseUnproven(target: Target, { reasons }: History, answer: FreeRangesAnswer, again: string): Refusal {
  const nearest = nearestRange(provenRanges(answer), target.range);
  const hint =
    nearest === null
      ? 'No range of this size is proven free now: freehold free shows which are, and what is withheld.'
      : `The nearest range of this size that is proven free: ${again} --range ${formatRange(nearest)}`;
  return new Refusal('history', 'not-proven', `${formatRange(target.range)} is not proven free:`, reasons, { hint });
}
