/**
 * A simulated host as a test describes it (plain text, so that it passes a process boundary), and as the simulator uses it.
 */
import { type Cidr, parseCidr } from '../../src/core/address/cidr.ts';
import { type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { type Mac, parseMac } from '../../src/core/address/mac.ts';
import { parseRange } from '../../src/core/address/range.ts';
import { type RangeSet, rangeSet, subtract } from '../../src/core/address/range-set.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { Result } from '../../src/core/result.ts';
import type { Temper } from './temper.ts';

/** What a host sends when it takes an address (RFC 5227, sections 2.1.1 and 2.3). */
export interface Announcement {
  readonly probes: number;
  readonly probeIntervalMs: number;
  /** From the last probe to the first announcement. */
  readonly waitMs: number;
  readonly announcements: number;
  readonly announceIntervalMs: number;
}

/** PROBE_NUM, the middle of PROBE_MIN .. PROBE_MAX, ANNOUNCE_WAIT, ANNOUNCE_NUM, ANNOUNCE_INTERVAL. */
export const RFC5227_ANNOUNCEMENT: Announcement = {
  probes: 3,
  probeIntervalMs: 1500,
  waitMs: 2000,
  announcements: 2,
  announceIntervalMs: 2000,
};

export interface SimulatedHost {
  readonly id: string;
  /** Addresses, ranges or CIDRs. Many of them with one MAC: a proxy-ARP router, or a machine with many addresses. */
  readonly addresses: readonly string[];
  /** Addresses or ranges of those that it does not answer for. */
  readonly except?: readonly string[];
  /** Each of them answers: two are two machines that fight for one address. */
  readonly macs: readonly string[];
  /** Default prompt. */
  readonly temper?: Temper;
  /** Ignores requests whose sender address lies outside this network; 0.0.0.0 does. */
  readonly neighboursOnly?: string;
  /** Stays silent for addresses that another host of the simulator holds, as proxy ARP does for its own side of the link. */
  readonly yieldsToOthers?: boolean;
  /** Replies go to everyone instead of to the one who asked. */
  readonly broadcastReplies?: boolean;
  /** Not there before this many ms after it was added. */
  readonly appearsAfterMs?: number;
  /** Sent for its first address when it appears; until the probes are through it does not answer. Default: none. */
  readonly announces?: Announcement;
  /** Gone this many ms after it was added. */
  readonly leavesAfterMs?: number;
  /** Asks one of `targets` after the other, as a host with something to say does. */
  readonly chatter?: { readonly everyMs: number; readonly targets: readonly string[] };
}

export interface ReadHost {
  readonly id: string;
  readonly addresses: RangeSet;
  readonly primary: Ipv4;
  readonly macs: readonly Mac[];
  readonly neighboursOnly: Cidr | null;
  readonly chatterTargets: readonly Ipv4[];
  readonly given: SimulatedHost;
}

function must<T>(id: string, result: Result<T>): T {
  if (result.ok) return result.value;
  throw new FreeholdError('lab-bad-host', `Simulated host "${id}": ${result.error}`);
}

/** Throws a FreeholdError that names the host and what is wrong with it. */
export function readHost(given: SimulatedHost): ReadHost {
  const { id } = given;
  const setOf = (texts: readonly string[]): RangeSet => rangeSet(texts.map((text) => must(id, parseRange(text))));
  const addresses = subtract(setOf(given.addresses), setOf(given.except ?? []));
  const [firstText] = given.addresses;
  const macs = given.macs.map((text) => must(id, parseMac(text)));
  if (firstText === undefined || addresses[0] === undefined)
    throw new FreeholdError('lab-bad-host', `Simulated host "${id}" has no address`);
  if (macs.length === 0) throw new FreeholdError('lab-bad-host', `Simulated host "${id}" has no MAC`);
  return {
    id,
    addresses,
    primary: must(id, parseRange(firstText)).first,
    macs,
    neighboursOnly: given.neighboursOnly === undefined ? null : must(id, parseCidr(given.neighboursOnly)),
    chatterTargets: (given.chatter?.targets ?? []).map((text) => must(id, parseIpv4(text))),
    given,
  };
}
