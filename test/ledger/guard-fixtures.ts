/** Short ways to say which conflict changed how, and who is to be told. Also for programs that are no test. */
import { formatIpv4, ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { AlertEvent, AlertMessage } from '../../src/core/conflict/alert-message.ts';
import { type Conflict, type ConflictChange, severityOf } from '../../src/core/conflict/types.ts';
import { sourceBit, sourcesOf } from '../../src/core/evidence/sighting.ts';
import type { ConflictEntry, GuardStore } from '../../src/ledger/guard-types.ts';

/** The same as of fixtures.ts. */
const T0 = Date.UTC(2026, 0, 5);
const STRANGER = '02:00:00:00:00:01' as Mac;

export const conflict = (id: number, more: Partial<Conflict> = {}): Conflict => ({
  id,
  kind: 'squatter',
  segment: 'lan',
  pool: 'production-pool',
  address: ipv4(0xc00002c9),
  stranger: STRANGER,
  macs: [STRANGER],
  hostname: 'printer',
  service: null,
  firstSeenMs: T0,
  lastSeenMs: T0,
  openedMs: T0,
  closedMs: null,
  closeReason: null,
  sightings: 1,
  sources: sourceBit('arp-reply'),
  detail: {},
  acknowledged: null,
  seq: 1,
  ...more,
});

export const closed = (id: number, closedMs: number, more: Partial<Conflict> = {}): Conflict =>
  conflict(id, { closedMs, closeReason: 'quiet', seq: 2, ...more });

export function messageOf(of: Conflict, event: AlertEvent): AlertMessage {
  const at = new Date(T0).toISOString();
  return {
    version: 1,
    id: `${of.id}-${of.seq}`,
    event,
    severity: severityOf(of.kind),
    at,
    title: `${of.kind}: ${of.stranger} uses ${formatIpv4(of.address)} of pool ${of.pool}`,
    summary: 'It answered ARP for the address.',
    actions: ['Find the port of the MAC on the switch.'],
    conflict: {
      id: of.id,
      seq: of.seq,
      kind: of.kind,
      from: null,
      segment: of.segment,
      pool: of.pool,
      address: formatIpv4(of.address),
      overlap: null,
      mac: of.stranger,
      macs: of.macs,
      vendor: null,
      hostname: of.hostname,
      service: of.service,
      firstSeenAt: at,
      lastSeenAt: at,
      openedAt: at,
      closedAt: of.closedMs === null ? null : at,
      closeReason: of.closeReason,
      sightings: of.sightings,
      sources: sourcesOf(of.sources),
      acknowledged: of.acknowledged !== null,
    },
    sender: { host: 'jump', version: '0.0.0' },
  };
}

/** What the guard hands over when `of` changed like this: an alert, unless nobody is to be told of such a change. */
export function entry(
  of: Conflict,
  channels: readonly string[] = ['ops'],
  event: ConflictChange['event'] = of.closedMs === null ? 'opened' : 'closed',
): ConflictEntry {
  const silent = event === 'updated' || event === 'acknowledged';
  return {
    change: { event, conflict: of, from: null, causedMs: T0 + of.id },
    message: silent ? null : messageOf(of, event),
    channels: silent ? [] : channels,
  };
}

/** What a channel has to do: the ids of the messages, in order. */
export const waiting = (guard: GuardStore, channel: string, limit = 1_000_000): string[] =>
  guard.pending(channel, limit).map(({ message }) => message.id);

export const everyConflict = (guard: GuardStore): Conflict[] => guard.conflicts({ state: 'all', limit: 1_000_000 });
