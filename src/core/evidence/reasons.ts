/**
 * The sentences of a verdict: short, with the figures that decide, for a person who has to believe or act on them. Writes each
 * sentence once: addresses with the same figures share the object. Decides nothing.
 */

import type { LookFigures } from './coverage.ts';
import type { Criteria } from './criteria.ts';
import { formatDuration, printedPart } from './duration-text.ts';
import type { InfrastructureAddress, Lease } from './facts.ts';
import type { Reason, ReasonCode } from './proof.ts';

export interface ReasonWriter {
  /** @param ageMs since the last use; `lately`: within the time that counts as now */
  seenNow(ageMs: number, lately: boolean): Reason;
  seenWithinWindow(ageMs: number): Reason;
  intentWithinWindow(ageMs: number): Reason;
  standInAnswers(ageMs: number): Reason;
  leaseRunning(lease: Lease): Reason;
  /** Every criterion that the looks do not meet, each with its figures; empty where all are met. Quiet is measured from the first look. */
  unmet(figures: LookFigures): readonly Reason[];
  provenFree(figures: LookFigures, quietForMs: number): Reason;
}

const reason = (code: ReasonCode, text: string): Reason => ({ code, text });

export const EXCLUDED = reason('excluded', 'excluded in the configuration: never probed, so nothing is known of it');
export const NO_RECORDS = reason('never-looked', 'no sightings are on record for this address, not even that there were none');
export const ICMP_ONLY = reason('icmp-only', 'rests on ICMP alone, which a host may ignore');

export const INFRASTRUCTURE: Readonly<Record<InfrastructureAddress['role'], Reason>> = {
  network: reason('network-address', "the network's own address"),
  broadcast: reason('broadcast-address', "the network's broadcast address"),
  gateway: reason('gateway', 'a gateway'),
  own: reason('own-address', 'an address of this machine'),
  node: reason('node-address', 'the address of a node of the cluster'),
};

export const nodeAddress = (name: string): Reason => reason('node-address', `the address of node ${name}`);

const LEASE_SOURCES: Readonly<Record<Lease['source'], string>> = {
  'dhcp-ack': 'heard on the wire',
  'lease-file': 'from the lease file',
};

/** Cut, not rounded: 94.999 % must not read as the 95 % that it misses. */
const percent = (share: number): string => `${Math.floor(share * 10_000 + 1e-9) / 100} %`;
const looksText = (looks: number): string => `${looks} ${looks === 1 ? 'look' : 'looks'}`;

const ENDLESS = formatDuration(Number.POSITIVE_INFINITY);

/** One sentence per length of time as it is printed. */
function byTime(code: ReasonCode, write: (time: string) => string): (ms: number) => Reason {
  const written = new Map<number, Reason>();
  return (ms) => {
    const key = printedPart(ms);
    let known = written.get(key);
    if (known === undefined) {
      known = reason(code, write(formatDuration(key)));
      written.set(key, known);
    }
    return known;
  };
}

export function reasonWriter(criteria: Criteria, nowMs: number): ReasonWriter {
  const window = formatDuration(criteria.quietForMs);
  const wanted = `${window} of quiet are wanted`;
  const inUse = byTime('seen-now', (age) => `in use: seen ${age} ago`);
  const notSilentSince = byTime('seen-now', (age) => `in use: seen ${age} ago, and no look since found it silent`);
  const lease = (source: Lease['source']) =>
    byTime(
      'lease-running',
      (left) => `a lease (${LEASE_SOURCES[source]}) ${left === ENDLESS ? 'runs without end' : `runs for another ${left}`}`,
    );
  const leases: Readonly<Record<Lease['source'], (leftMs: number) => Reason>> = {
    'dhcp-ack': lease('dhcp-ack'),
    'lease-file': lease('lease-file'),
  };
  const free = new Map<LookFigures, (ageMs: number) => Reason>();

  const unmet = (figures: LookFigures): readonly Reason[] => {
    const { firstLookMs, newestLookMs, looks, coverage } = figures;
    const reasons: Reason[] = [];
    if (firstLookMs === null) {
      reasons.push(reason('never-looked', 'never looked at'));
    } else if (!(nowMs - firstLookMs >= criteria.quietForMs)) {
      reasons.push(reason('not-quiet-long-enough', `first looked at ${formatDuration(nowMs - firstLookMs)} ago; ${wanted}`));
    }
    if (!(looks >= criteria.minSweeps)) {
      reasons.push(
        reason('too-few-looks', `${looksText(looks)} in the last ${window}; at least ${criteria.minSweeps} are wanted`),
      );
    }
    if (!(coverage >= criteria.minCoverage)) {
      const least = percent(criteria.minCoverage);
      reasons.push(
        reason('coverage-too-low', `${percent(coverage)} of the last ${window} covered by looks; at least ${least} is wanted`),
      );
    }
    const gap = formatDuration(criteria.maxGapMs);
    if (newestLookMs === null) {
      if (firstLookMs !== null) {
        reasons.push(reason('newest-look-too-old', `no look in the last ${window}; the newest must be younger than ${gap}`));
      }
    } else if (!(nowMs - newestLookMs < criteria.maxGapMs)) {
      const age = formatDuration(nowMs - newestLookMs);
      reasons.push(reason('newest-look-too-old', `the newest look is ${age} old; it must be younger than ${gap}`));
    }
    return reasons;
  };

  return {
    seenNow: (ageMs, lately) => (lately ? inUse(ageMs) : notSilentSince(ageMs)),
    seenWithinWindow: byTime('seen-within-window', (age) => `used ${age} ago; ${wanted}`),
    intentWithinWindow: byTime(
      'intent-within-window',
      (age) => `asked for or promised ${age} ago (DHCP or an ARP probe); ${wanted}`,
    ),
    standInAnswers: byTime(
      'stand-in-answers',
      (age) => `a stand-in (proxy ARP) answered for it ${age} ago: who else has it cannot be heard`,
    ),
    leaseRunning: ({ endsMs, source }) => leases[source](Number.isFinite(endsMs) ? endsMs - nowMs : Number.POSITIVE_INFINITY),
    unmet,
    provenFree: (figures, quietForMs) => {
      let write = free.get(figures);
      if (write === undefined) {
        const newest = formatDuration(nowMs - (figures.newestLookMs ?? 0));
        const rest = `${looksText(figures.looks)} in the last ${window}, ${percent(figures.coverage)} covered, the newest ${newest} ago`;
        write = byTime('proven-free', (age) => `quiet for ${age}: ${rest}`);
        free.set(figures, write);
      }
      return write(quietForMs);
    },
  };
}
