/**
 * A LAN and a clock made of numbers: runs a sweep or an RFC 5227 run to its end without waiting. Hosts answer after a delay,
 * or only every so often; the wire can be dead for a time; the link can refuse frames; the event loop can wake up late.
 */
import { expect } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { parseIpv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import { parseRange } from '../../../src/core/address/range.ts';
import { type RangeSet, rangeSet } from '../../../src/core/address/range-set.ts';
import type { ProbeKind, ProbeOut, SweepPlan, SweepStep } from '../../../src/core/probe/types.ts';

export const ip = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

export const setOf = (...texts: readonly string[]): RangeSet =>
  rangeSet(
    texts.map((text) => {
      const parsed = parseRange(text);
      if (!parsed.ok) throw new Error(parsed.error);
      return parsed.value;
    }),
  );

export const mac = (number: number): Mac => `02:00:00:00:${hex(number >> 8)}:${hex(number)}` as Mac;
const hex = (byte: number) => (byte & 0xff).toString(16).padStart(2, '0');

/** Mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const planOf = (changes: Partial<SweepPlan> & Pick<SweepPlan, 'targets'>): SweepPlan => ({
  method: 'arp',
  recent: new Set(),
  controls: new Set(),
  rate: 500,
  retryPatienceMs: [300, 700, 900],
  askSilent: true,
  settleMs: 700,
  ...changes,
});

export interface Sent {
  readonly atMs: number;
  readonly address: Ipv4;
  readonly kind: ProbeKind;
  /** A control that is asked again, by a round. */
  readonly again: boolean;
}

export interface Host {
  readonly macs: readonly Mac[];
  readonly delayMs: number;
  /** Whether it answers the nth frame that reaches it; 1 is the first. */
  readonly answers: (nth: number, kind: ProbeKind) => boolean;
}

export const prompt = (number: number, changes: Partial<Host> = {}): Host => ({
  macs: [mac(number)],
  delayMs: 1,
  answers: () => true,
  ...changes,
});

export interface Machine {
  readonly next: (nowMs: number) => SweepStep;
  readonly sent: (probes: readonly ProbeOut[], count: number, nowMs: number) => void;
  readonly reply: (address: Ipv4, mac: Mac, nowMs: number) => void;
}

export interface Surroundings {
  readonly hosts?: ReadonlyMap<Ipv4, Host>;
  /** How many of these frames the link takes. */
  readonly link?: (probes: readonly ProbeOut[], nowMs: number) => number;
  /** From and to: frames of that time reach nobody, and nothing is heard; nobody tells us. */
  readonly dead?: readonly [number, number];
  /** How much later than asked the driver wakes up, in ms. */
  readonly late?: () => number;
  /** The driver is not asked again before so long after a send, in ms. */
  readonly turnMs?: number;
  readonly limitMs?: number;
}

export interface Run {
  readonly endMs: number;
  /** Frames that the link took, in order. */
  readonly sent: readonly Sent[];
  /** Frames that were handed to the link, taken or not. */
  readonly handed: readonly Sent[];
}

interface Reply {
  readonly atMs: number;
  readonly address: Ipv4;
  readonly mac: Mac;
}

/** From time 0 until `done`; fails the test where the machine does not end, or asks to wait for the past. */
export function runToEnd(machine: Machine, { hosts, link, dead, late, turnMs = 0.1, limitMs = 600_000 }: Surroundings = {}): Run {
  const sent: Sent[] = [];
  const handed: Sent[] = [];
  let underway: Reply[] = [];
  const heard = new Map<Ipv4, number>();
  let nowMs = 0;
  const isDead = (atMs: number) => dead !== undefined && atMs >= dead[0] && atMs < dead[1];
  const told = (probe: ProbeOut): Sent => ({
    atMs: nowMs,
    address: probe.address,
    kind: probe.kind,
    again: 'control' in probe && probe.control !== null,
  });
  for (;;) {
    const due = underway.filter(({ atMs }) => atMs <= nowMs);
    underway = underway.filter(({ atMs }) => atMs > nowMs);
    for (const { address, mac, atMs } of due) if (!isDead(atMs)) machine.reply(address, mac, atMs);
    const step = machine.next(nowMs);
    if (step.kind === 'done') return { endMs: nowMs, sent, handed };
    if (nowMs > limitMs) throw new Error(`not done after ${nowMs} ms of simulated time`);
    if (step.kind === 'wait') {
      expect(step.untilMs).toBeGreaterThan(nowMs);
      nowMs = step.untilMs + (late?.() ?? 0);
      continue;
    }
    const count = link?.(step.probes, nowMs) ?? step.probes.length;
    handed.push(...step.probes.map(told));
    for (const probe of step.probes.slice(0, count)) {
      sent.push(told(probe));
      if (isDead(nowMs)) continue;
      const { address, kind } = probe;
      const nth = (heard.get(address) ?? 0) + 1;
      heard.set(address, nth);
      const host = hosts?.get(address);
      if (host?.answers(nth, kind))
        for (const answering of host.macs) underway.push({ atMs: nowMs + host.delayMs, address, mac: answering });
    }
    machine.sent(step.probes, count, nowMs);
    nowMs += turnMs;
  }
}

/** The most frames of any window of `windowMs`; `sent` is in order of time. */
export function busiestWindow(sent: readonly Sent[], windowMs: number): number {
  let most = 0;
  let from = 0;
  for (let i = 0; i < sent.length; i++) {
    while ((sent[i]?.atMs ?? 0) - (sent[from]?.atMs ?? 0) > windowMs) from++;
    most = Math.max(most, i - from + 1);
  }
  return most;
}
