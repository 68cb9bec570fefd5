/** Conflicts, sightings and a GuardService, small and whole, for the tests of HTTP and command line. */
import { CONFLICT_KINDS, type Conflict } from '../../src/core/conflict/types.ts';
import type { WireSighting } from '../../src/core/conflict/wire-event.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import { conflictJson } from '../../src/http/answers/conflict-json.ts';
import type { ConflictsAnswer, DhcpAnswer, GuardService, PoolsAnswer } from '../../src/http/guard-service.ts';
import type { SegmentId, SweepRecord } from '../../src/ledger/types.ts';
import type { LiveEventBody, LiveEventStream } from '../../src/watch/guard-types.ts';
import { createLiveEvents } from '../../src/watch/live-events.ts';
import { ip, mac } from '../ledger/fixtures.ts';

export const AT_MS = Date.UTC(2026, 4, 5, 10, 0, 0);
export const STRANGER = mac('02:00:00:00:00:05');
const AT = new Date(AT_MS).toISOString();

export const conflict = (more: Partial<Conflict> = {}): Conflict => ({
  id: 1,
  kind: 'squatter',
  segment: 'lan',
  pool: 'production-pool',
  address: ip('192.0.2.201'),
  stranger: STRANGER,
  macs: [STRANGER],
  hostname: 'printer',
  service: null,
  firstSeenMs: AT_MS - 60_000,
  lastSeenMs: AT_MS - 1000,
  openedMs: AT_MS - 60_000,
  closedMs: null,
  closeReason: null,
  sightings: 12,
  sources: sourceBit('arp-reply') | sourceBit('dhcp-request'),
  detail: {},
  acknowledged: null,
  seq: 1,
  ...more,
});

export const closed = (id: number, more: Partial<Conflict> = {}): Conflict =>
  conflict({ id, closedMs: AT_MS - 500, closeReason: 'quiet', ...more });

export const wireSighting = (more: Partial<WireSighting> = {}): WireSighting => ({
  kind: 'sighting',
  segment: 'lan',
  address: ip('192.0.2.201'),
  mac: STRANGER,
  atMs: AT_MS,
  source: 'arp-reply',
  solicited: false,
  relayedBy: null,
  client: null,
  ...more,
});

export const sweepRecord: SweepRecord = {
  segment: 1 as SegmentId,
  trigger: 'schedule',
  method: 'arp',
  startedMs: AT_MS,
  endedMs: AT_MS + 1500,
  probesPlanned: 254,
  probesSent: 254,
  sendFailures: 0,
  repliesReceived: 12,
  answered: 12,
  kernelDrops: 0,
  controlsAsked: 1,
  controlsAnswered: 1,
  valid: true,
  invalidReason: null,
  looked: [],
  standIns: [],
};

export const sightingEvent = (more: Partial<WireSighting> = {}): LiveEventBody => ({
  type: 'sighting',
  sighting: wireSighting(more),
  pool: 'production-pool',
  speaker: false,
});

export const noticeEvent = (text: string): LiveEventBody => ({ type: 'notice', segment: 'lan', code: 'test', text });

export const conflictEvent = (more: Partial<Conflict> = {}): LiveEventBody => ({
  type: 'conflict',
  change: { event: 'opened', conflict: conflict(more), from: null, causedMs: AT_MS },
});

export const conflictsAnswer = (conflicts: readonly Conflict[], more: Partial<ConflictsAnswer> = {}): ConflictsAnswer => {
  const open = conflicts.filter(({ closedMs }) => closedMs === null);
  return {
    generatedAt: AT,
    conflicts: conflicts.map(conflictJson),
    open: open.length,
    openByKind: Object.fromEntries(
      CONFLICT_KINDS.map((kind) => [kind, open.filter((each) => each.kind === kind).length]),
    ) as ConflictsAnswer['openByKind'],
    openMatching: open.length,
    notices: [],
    blind: false,
    dismissed: { 'own-probe': 4 },
    next: null,
    ...more,
  };
};

const SPAN = { start: '192.0.2.200', end: '192.0.2.210', size: 11 };

export const poolsAnswer: PoolsAnswer = {
  generatedAt: AT,
  source: 'configuration',
  asOf: null,
  cluster: null,
  pools: [{ name: 'production-pool', addresses: [SPAN], size: 11, segments: ['lan'], unwatched: [], openConflicts: 1 }],
  speakers: [{ mac: '02:00:00:00:00:01', node: 'worker-1', vendor: null }],
  assigned: null,
  requested: [],
  notices: [],
};

export const dhcpAnswer: DhcpAnswer = {
  generatedAt: AT,
  segments: [
    {
      segment: 'lan',
      state: 'heard',
      servers: [
        {
          server: '192.0.2.1',
          mac: '02:00:00:00:00:09',
          vendor: null,
          span: SPAN,
          firstHeardAt: AT,
          lastHeardAt: AT,
          messages: 3,
          unexpected: false,
          overlaps: [{ ...SPAN, pool: 'production-pool' }],
        },
      ],
      leases: [
        { address: '192.0.2.201', mac: null, hostname: 'printer', endsAt: null, source: 'dhcp-ack', pool: 'production-pool' },
      ],
      leasesTruncated: false,
    },
  ],
  files: [{ path: '/var/lib/misc/dnsmasq.leases', format: 'dnsmasq', leases: 1, malformed: 0, problem: null }],
};

/** @param note told of every question but `events`; may throw */
export function fakeGuard(
  note: (...call: readonly [string, ...unknown[]]) => void,
  events: LiveEventStream = createLiveEvents({ run: 'run1' }),
): GuardService {
  return {
    events,
    conflicts(query) {
      note('conflicts', query);
      return conflictsAnswer([conflict()]);
    },
    conflict(id) {
      note('conflict', id);
      return conflictJson(conflict({ id }));
    },
    acknowledge(id, by, text) {
      note('acknowledge', id, by, text);
      return conflictJson(conflict({ id, acknowledged: { atMs: AT_MS, by, note: text } }));
    },
    pools() {
      note('pools');
      return poolsAnswer;
    },
    dhcp(segment) {
      note('dhcp', segment);
      return dhcpAnswer;
    },
  };
}
