/**
 * What a simulator heard: counts and times of ARP requests by address, for tests that assert exactly what was sent and how
 * evenly. Every list is bounded; the counts go on.
 */
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';

const MAX_TIMES_PER_ADDRESS = 64;
const MAX_SENDERS = 64;
const MAX_TIMELINE = 262_144;

export interface RequestsFor {
  readonly address: string;
  readonly count: number;
  /** Sender protocol addresses, in the order first seen; the first 64. */
  readonly senders: readonly string[];
  /** Epoch ms with a fraction, by the kernel's stamp; the first 64. */
  readonly atMs: readonly number[];
}

export interface SimulatorReport {
  readonly arpRequests: number;
  readonly arpReplies: number;
  /** Frames that are no ARP for IPv4, or broken. */
  readonly otherFrames: number;
  readonly addressesAsked: number;
  /** Times that the addresses given as network and broadcast were asked for. */
  readonly networkAsked: number;
  readonly broadcastAsked: number;
  /** Sender protocol addresses and MACs of all requests; the first 64. */
  readonly senders: readonly string[];
  readonly senderMacs: readonly string[];
  /** Most requests within any 1 ms and any 100 ms, of the first 262,144. */
  readonly mostWithin1Ms: number;
  readonly mostWithin100Ms: number;
  readonly firstRequestAtMs: number | null;
  readonly lastRequestAtMs: number | null;
  /** Frames that the simulated hosts sent, and those that the socket refused. */
  readonly framesSent: number;
  readonly sendErrors: number;
  readonly requests: readonly RequestsFor[];
}

interface PerAddress {
  count: number;
  readonly senders: Set<Ipv4>;
  readonly atMs: number[];
}

export interface Observed {
  noteRequest(target: Ipv4, sender: Ipv4, senderMac: Mac, atMs: number): void;
  noteReply(): void;
  noteOther(): void;
  /** @param which addresses to list one by one, or `all`. */
  report(which: readonly string[] | 'all', sent: { framesSent: number; sendErrors: number }): SimulatorReport;
}

/** Most members of the ascending `times` within any span of `windowMs`, both ends included. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (let last = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) > windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function addBounded<T>(set: Set<T>, value: T): void {
  if (set.size < MAX_SENDERS) set.add(value);
}

/** @param ends the network and broadcast address, whose requests are counted apart; null where there are none. */
export function createObserved(ends: { readonly network: Ipv4; readonly broadcast: Ipv4 } | null): Observed {
  const byAddress = new Map<Ipv4, PerAddress>();
  const senders = new Set<Ipv4>();
  const senderMacs = new Set<Mac>();
  const timeline: number[] = [];
  let arpRequests = 0;
  let arpReplies = 0;
  let otherFrames = 0;
  let lastAtMs: number | null = null;

  const asked = (address: Ipv4 | undefined): number => (address === undefined ? 0 : (byAddress.get(address)?.count ?? 0));

  function listed(address: Ipv4): RequestsFor {
    const seen = byAddress.get(address);
    return {
      address: formatIpv4(address),
      count: seen?.count ?? 0,
      senders: [...(seen?.senders ?? [])].map(formatIpv4),
      atMs: seen?.atMs ?? [],
    };
  }

  return {
    noteRequest: (target, sender, senderMac, atMs) => {
      arpRequests += 1;
      lastAtMs = atMs;
      addBounded(senders, sender);
      addBounded(senderMacs, senderMac);
      if (timeline.length < MAX_TIMELINE) timeline.push(atMs);
      let seen = byAddress.get(target);
      if (seen === undefined) {
        if (byAddress.size >= MAX_TIMELINE) return;
        seen = { count: 0, senders: new Set(), atMs: [] };
        byAddress.set(target, seen);
      }
      seen.count += 1;
      addBounded(seen.senders, sender);
      if (seen.atMs.length < MAX_TIMES_PER_ADDRESS) seen.atMs.push(atMs);
    },
    noteReply: () => {
      arpReplies += 1;
    },
    noteOther: () => {
      otherFrames += 1;
    },
    report: (which, sent) => {
      const read = (text: string): readonly Ipv4[] => {
        const address = parseIpv4(text);
        return address.ok ? [address.value] : [];
      };
      const addresses = which === 'all' ? [...byAddress.keys()].sort((a, b) => a - b) : which.flatMap(read);
      // Stamps of two CPUs may be a hair out of order.
      const times = timeline.toSorted((a, b) => a - b);
      return {
        arpRequests,
        arpReplies,
        otherFrames,
        addressesAsked: byAddress.size,
        networkAsked: asked(ends?.network),
        broadcastAsked: asked(ends?.broadcast),
        senders: [...senders].map(formatIpv4),
        senderMacs: [...senderMacs],
        mostWithin1Ms: mostWithin(times, 1),
        mostWithin100Ms: mostWithin(times, 100),
        firstRequestAtMs: times[0] ?? null,
        lastRequestAtMs: lastAtMs,
        ...sent,
        requests: addresses.map(listed),
      };
    },
  };
}
