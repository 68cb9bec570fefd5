/**
 * A guard over one LAN for tests: pool 192.0.2.200-192.0.2.219, two nodes, a clock of the test's own. Times are ms since T.
 */
import { formatIpv4, type Ipv4, parseIpv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import { parseRange } from '../../../src/core/address/range.ts';
import { type RangeSet, rangeSet } from '../../../src/core/address/range-set.ts';
import type { ClusterView } from '../../../src/core/conflict/cluster-view.ts';
import {
  createGuard,
  type Guard,
  type GuardOptions,
  hear,
  noteSweep,
  setSegments,
  setView,
  tick,
} from '../../../src/core/conflict/guard.ts';
import type { ConflictChange } from '../../../src/core/conflict/types.ts';
import type { WireSighting } from '../../../src/core/conflict/wire-event.ts';
import { type SightingSource, sourcesOf } from '../../../src/core/evidence/sighting.ts';

export const T = 1_700_000_000_000;
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const CLOSE_AFTER_MS = 15 * MINUTE;
export const GRACE_MS = 20 * SECOND;

export const ip = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
/** 192.0.2.`last` */
export const lan = (last: number): Ipv4 => ip(`192.0.2.${last}`);
export const setOf = (...texts: readonly string[]): RangeSet =>
  rangeSet(
    texts.map((text) => {
      const parsed = parseRange(text);
      if (!parsed.ok) throw new Error(parsed.error);
      return parsed.value;
    }),
  );
export const mac = (number: number): Mac =>
  `02:00:${[24, 16, 8, 0].map((shift) => ((number >>> shift) & 0xff).toString(16).padStart(2, '0')).join(':')}` as Mac;

export const NODE_1 = mac(0xf000_0101);
export const NODE_2 = mac(0xf000_0202);
export const PRINTER = mac(0x0a);
export const POOL = { name: 'production-pool', addresses: setOf('192.0.2.200-192.0.2.219') };
export const VIEW: ClusterView = {
  source: 'configuration',
  asOfMs: null,
  pools: [POOL],
  speakers: [
    { mac: NODE_1, node: 'node-1' },
    { mac: NODE_2, node: 'node-2' },
  ],
  assignments: null,
  requested: [],
  nodeAddresses: [],
};
export const LAN = {
  name: 'lan',
  range: { first: lan(0), last: lan(255) },
  infrastructure: [
    { address: lan(0), role: 'network' },
    { address: lan(255), role: 'broadcast' },
    { address: lan(1), role: 'gateway' },
  ],
} as const;
export const WHOLE_LAN = setOf('192.0.2.1-192.0.2.254');

/** VIEW with these addresses held by Services. */
export const assigned = (...lasts: readonly number[]): ClusterView => ({
  ...VIEW,
  assignments: lasts.map((last) => ({ address: lan(last), service: `shop/web-${last}`, node: null })),
});

export function guardOf(options: Partial<GuardOptions> = {}, view: ClusterView = VIEW): Guard {
  const settings = { closeAfterMs: CLOSE_AFTER_MS, splitBrainGraceMs: GRACE_MS };
  const guard = createGuard({ settings, open: [], nextId: 1, nowMs: T, ...options });
  setSegments(guard, [LAN], T);
  setView(guard, view, T);
  return guard;
}

export function sighting(
  source: SightingSource,
  from: Mac | null,
  address: Ipv4,
  atMs: number,
  more: Partial<WireSighting> = {},
): WireSighting {
  const solicited = source === 'arp-reply';
  return {
    kind: 'sighting',
    segment: 'lan',
    address,
    mac: from,
    atMs: T + atMs,
    source,
    solicited,
    relayedBy: null,
    client: null,
    ...more,
  };
}

/** Heard at the moment of its stamp. */
export const heard = (
  guard: Guard,
  source: SightingSource,
  from: Mac | null,
  address: Ipv4,
  atMs: number,
  more: Partial<WireSighting> = {},
): readonly ConflictChange[] => hear(guard, sighting(source, from, address, atMs, more), T + atMs);

export const ticked = (guard: Guard, atMs: number): readonly ConflictChange[] => tick(guard, T + atMs);

/** A valid sweep of all the LAN that takes a second. */
export const swept = (guard: Guard, startMs: number, more: Partial<Parameters<typeof noteSweep>[1]> = {}) =>
  noteSweep(
    guard,
    { segment: 'lan', startedMs: T + startMs, endedMs: T + startMs + SECOND, valid: true, looked: WHOLE_LAN, ...more },
    T + startMs + SECOND,
  );

/** Sweeps like that every minute, the last of them before `untilMs`. */
export const listened = (guard: Guard, fromMs: number, untilMs: number, more: Parameters<typeof swept>[2] = {}) =>
  Array.from({ length: Math.ceil((untilMs - fromMs) / MINUTE) }, (_, index) =>
    swept(guard, fromMs + index * MINUTE, more),
  ).flat();

/** `opened squatter 192.0.2.200 02:…:0a`, and what else there is to tell. */
export const told = (changes: readonly ConflictChange[]): readonly string[] =>
  changes.map(({ event, conflict, from }) =>
    [
      event,
      ...(from === null ? [] : [`${from} ->`]),
      conflict.kind,
      formatIpv4(conflict.address),
      conflict.stranger ?? 'nobody',
      ...(conflict.closeReason === null ? [] : [conflict.closeReason]),
      ...(conflict.detail.rule === undefined ? [] : [`(${conflict.detail.rule})`]),
    ].join(' '),
  );

export const sourcesIn = (change: ConflictChange | undefined): readonly SightingSource[] =>
  sourcesOf(change?.conflict.sources ?? 0);
