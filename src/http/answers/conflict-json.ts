/**
 * A conflict as the JSON that outsiders rely on, and as one sentence for people. Pure but for the registry of vendors. Names from
 * the network come out printable.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { formatRange } from '../../core/address/range.ts';
import { type Conflict, type ConflictChange, severityOf } from '../../core/conflict/types.ts';
import { sourcesOf } from '../../core/evidence/sighting.ts';
import { printable } from '../../core/text.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { ConflictJson } from '../guard-service.ts';
import { rangeJson, time, timeOrNull } from './json.ts';

const NAME = 64;
const SERVICE = 320;

const printableOrNull = (text: string | null, most: number): string | null => (text === null ? null : printable(text, most));

export function conflictJson(conflict: Conflict): ConflictJson {
  const { acknowledged, detail, stranger } = conflict;
  return {
    id: conflict.id,
    kind: conflict.kind,
    severity: severityOf(conflict.kind),
    state: conflict.closedMs === null ? 'open' : 'closed',
    segment: conflict.segment,
    pool: conflict.pool,
    address: formatIpv4(conflict.address),
    overlap: detail.overlap === undefined ? null : rangeJson(detail.overlap),
    mac: stranger,
    macs: conflict.macs,
    vendor: stranger === null ? null : vendorOf(stranger),
    hostname: printableOrNull(conflict.hostname, NAME),
    service: printableOrNull(conflict.service, SERVICE),
    summary: conflictSentence(conflict),
    firstSeenAt: time(conflict.firstSeenMs),
    lastSeenAt: time(conflict.lastSeenMs),
    openedAt: time(conflict.openedMs),
    closedAt: timeOrNull(conflict.closedMs),
    closeReason: conflict.closeReason,
    sightings: conflict.sightings,
    sources: sourcesOf(conflict.sources),
    acknowledged:
      acknowledged === null
        ? null
        : { at: time(acknowledged.atMs), by: printable(acknowledged.by, NAME), note: printable(acknowledged.note, 500) },
  };
}

/** As `GET /events` tells it. */
export interface ConflictEventJson {
  readonly event: ConflictChange['event'];
  /** `escalated`: the kind before. */
  readonly from: ConflictChange['from'];
  readonly at: string;
  readonly conflict: ConflictJson;
}

export const conflictEventJson = ({ event, from, conflict }: ConflictChange, atMs: number): ConflictEventJson => ({
  event,
  from,
  at: time(atMs),
  conflict: conflictJson(conflict),
});

/** What is wrong, in one sentence: `02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.` */
export function conflictSentence(conflict: Conflict): string {
  const { closeReason, detail } = conflict;
  const over = conflict.closedMs === null || closeReason === null ? '' : ` (over: ${closeWords(closeReason, detail.rule)})`;
  return `${whatIsWrong(conflict)}${over}.`;
}

function whatIsWrong(conflict: Conflict): string {
  const { detail } = conflict;
  const where = `${formatIpv4(conflict.address)} of pool ${printable(conflict.pool, NAME)}`;
  const holder = conflict.service === null ? 'a Service' : `Service ${printable(conflict.service, SERVICE)}`;
  const who = whoIsIt(conflict);
  if (detail.rule === 'too-many-conflicts' && conflict.kind === 'squatter')
    return `more strangers than can be told apart (at least ${detail.strangers ?? 1}) use or ask for addresses of pool ${printable(conflict.pool, NAME)}, the first of them ${formatIpv4(conflict.address)}`;
  const many = conflict.stranger === null && (detail.strangers ?? 0) > 1;
  switch (conflict.kind) {
    case 'imminent':
      return `${who} ${many ? 'are' : 'is'} about to use ${where}`;
    case 'squatter':
      return `${who} ${many ? 'use' : 'uses'} ${where}`;
    case 'contested':
      return `${who} ${many ? 'answer' : 'answers'} for ${where}, which ${conflict.service === null ? 'a node answers for' : `${holder} holds`}`;
    case 'split-brain':
      return `several nodes answer for ${where}${whichNodes(conflict)}`;
    case 'scope-overlap': {
      const span = detail.overlap === undefined ? formatIpv4(conflict.address) : formatRange(detail.overlap);
      const server =
        detail.server === undefined || detail.server === 'lease-file'
          ? 'the DHCP server of the lease files'
          : `DHCP server ${formatIpv4(detail.server)}`;
      return `${server} hands out ${span} of pool ${printable(conflict.pool, NAME)}`;
    }
    case 'infrastructure':
      return detail.role === 'node' && conflict.stranger !== null
        ? `node ${who} has, or is about to have, ${where} by DHCP, so no Service can use it`
        : `${where} is ${roleWords(detail.role)}, and no Service can have it`;
    case 'unannounced':
      return `${holder} holds ${where}, and nobody answers for it`;
  }
}

const MACS_NAMED = 4;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MACS_NAMED).map((name) => printable(name, NAME));
  return `${shown.join(', ')}${names.length > MACS_NAMED ? ' …' : ''}`;
}

/** Not every node has a name here: the MACs tell of all of them. */
function whichNodes({ detail: { nodes = [] }, macs }: Conflict): string {
  if (nodes.length === 0) return macs.length === 0 ? '' : `: ${listed(macs)}`;
  return `: ${listed(nodes)}${macs.length === 0 ? '' : ` (${listed(macs)})`}`;
}

function whoIsIt({ stranger, hostname, detail }: Conflict): string {
  if (stranger !== null) return describe(stranger, hostname);
  return detail.strangers === undefined || detail.strangers < 2 ? 'somebody' : `${detail.strangers} strangers`;
}

/** `02:00:00:00:00:05 (printer, Cisco Systems, Inc)`. */
function describe(mac: Mac, hostname: string | null): string {
  const names = [hostname, vendorOf(mac)]
    .flatMap((name) => (name === null ? [] : [printable(name, NAME)]))
    .filter((name) => name !== '');
  return names.length === 0 ? mac : `${mac} (${names.join(', ')})`;
}

function roleWords(role: Conflict['detail']['role']): string {
  switch (role) {
    case 'network':
      return 'the network address of its segment';
    case 'broadcast':
      return 'the broadcast address of its segment';
    case 'gateway':
      return 'a gateway';
    case 'own':
      return 'an address of the machine that Freehold runs on';
    case 'node':
      return 'the address of a node';
    case undefined:
      return 'infrastructure';
  }
}

function closeWords(reason: NonNullable<Conflict['closeReason']>, rule: string | undefined): string {
  switch (reason) {
    case 'quiet':
      return 'not heard any more';
    case 'withdrawn':
      return 'refused or declined';
    case 'dismissed':
      if (rule === 'too-many-conflicts') return 'made room for more urgent ones';
      return rule === undefined ? 'no stranger after all' : `no stranger after all, by rule ${printable(rule, NAME)}`;
    case 'not-in-pool':
      return 'in no watched pool any more';
    case 'mended':
      return 'mended';
  }
}
