/**
 * Tells a stand-in (a proxy-ARP router: one MAC that answers for addresses all over the range) from a host that has many
 * addresses of its own, such as a MetalLB node or a hypervisor. Looks at one sweep only.
 *
 * The rule. Only a MAC that answers for many addresses is suspected; an address is *claimed* when some other, unsuspected MAC
 * answers for it. A suspect is a stand-in when it answers for at least a quarter of all targets, and
 *  - for at least half of the unclaimed ones, or
 *  - in at least 12 of 16 equal parts of the range.
 * The quarter is what spares the host: 30 service addresses or 20 guests in a /24 stay below it, however full the rest of
 * the network is. Under 128 targets, as when a pool is swept alone, a quarter is soon reached: there it must be half of all
 * targets and three quarters of the unclaimed ones.
 *
 * What it cannot tell: a node that holds nearly all of a small swept range looks like a stand-in; and a stand-in that answers
 * for less than a quarter of the targets looks like a host. Either way none of those addresses is free.
 */
import type { Mac } from '../address/mac.ts';
import type { StandInSeen } from './types.ts';

const TINY_RANGE = 32;
const SMALL_RANGE = 128;
const BINS = 16;
const MIN_BINS = 12;
/** Reported at most; more than a few is an attack, not a network. */
export const MAX_STAND_INS = 16;

/** The fewest addresses that make a MAC suspect in a sweep of `targetCount` targets. */
export const suspectFrom = (targetCount: number): number => (targetCount < TINY_RANGE ? 8 : 16);

/**
 * @param answersByMac for each MAC the positions it answered for, each once; 0 is the lowest target
 * @returns most addresses first
 */
export function detectStandIns(answersByMac: ReadonlyMap<Mac, readonly number[]>, targetCount: number): readonly StandInSeen[] {
  const minimum = suspectFrom(targetCount);
  const suspects = [...answersByMac].filter(([, positions]) => positions.length >= minimum);
  if (suspects.length === 0) return [];
  const claimed = new Uint8Array(targetCount);
  for (const positions of answersByMac.values()) {
    if (positions.length < minimum) for (const position of positions) claimed[position] = 1;
  }
  const unclaimed = targetCount - claimed.reduce((sum, flag) => sum + flag, 0);
  return suspects
    .filter(([, positions]) => standsIn(positions, claimed, unclaimed, targetCount))
    .map(([mac, positions]) => ({ mac, addresses: positions.length }))
    .sort((a, b) => b.addresses - a.addresses || (a.mac < b.mac ? -1 : 1))
    .slice(0, MAX_STAND_INS);
}

function standsIn(positions: readonly number[], claimed: Uint8Array, unclaimed: number, targetCount: number): boolean {
  const ofAll = positions.length / targetCount;
  const own = positions.filter((position) => claimed[position] === 0).length;
  const ofUnclaimed = unclaimed === 0 ? 0 : own / unclaimed;
  if (targetCount < SMALL_RANGE) return ofAll >= 0.5 && ofUnclaimed >= 0.75;
  if (ofAll < 0.25) return false;
  return ofUnclaimed >= 0.5 || binsTouched(positions, targetCount) >= MIN_BINS;
}

function binsTouched(positions: readonly number[], targetCount: number): number {
  return new Set(positions.map((position) => Math.floor((position * BINS) / targetCount))).size;
}
