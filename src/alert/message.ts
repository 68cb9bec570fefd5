/**
 * Makes the alert of a change, once, as it is told by every channel. Pure: the time and the names of things are passed in. All
 * text is printable and bounded; escaping for markup stays with the channel that has a markup.
 */
import { formatIpv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { AlertConflict, AlertMessage } from '../core/conflict/alert-message.ts';
import { type Conflict, type ConflictChange, type ConflictKind, severityOf } from '../core/conflict/types.ts';
import { sourcesOf } from '../core/evidence/sighting.ts';
import { adviceFor } from './advice.ts';
import { closedText, evidenceText, headlineOf, line, timeText, whoOf } from './wording.ts';

export interface MessageContext {
  readonly vendorOf: (mac: Mac) => string | null;
  /** Name of the host that sends. */
  readonly host: string;
  readonly version: string;
  /** Epoch ms. */
  readonly nowMs: number;
}

const TITLE_LENGTH = 300;
const SUMMARY_LENGTH = 2000;
const ACTION_LENGTH = 300;
const FIELD_LENGTH = 255;
const MAX_MACS = 16;

/** @returns null for `updated` and `acknowledged`, which are not told. */
export function alertMessage(change: ConflictChange, context: MessageContext): AlertMessage | null {
  const { event, conflict, from } = change;
  if (event === 'updated' || event === 'acknowledged') return null;
  const vendor = conflict.stranger === null ? null : context.vendorOf(conflict.stranger);
  const who = whoOf(conflict, () => vendor);
  const headline = headlineOf(conflict, who);
  const closed = event === 'closed';
  return {
    version: 1,
    id: `${conflict.id}-${conflict.seq}`,
    event,
    severity: severityOf(conflict.kind),
    at: timeText(context.nowMs),
    title: line(titleOf(change, headline), TITLE_LENGTH),
    summary: line(closed ? closedSummary(conflict, headline) : openSummary(conflict, headline), SUMMARY_LENGTH),
    actions: closed
      ? [`See what happened: freehold history ${formatIpv4(conflict.address)}`]
      : adviceFor(conflict).map((text) => line(text, ACTION_LENGTH)),
    conflict: conflictOf(conflict, from, vendor),
    sender: senderOf(context),
  };
}

/** Marked as a test in every field that people read. */
export function testMessage(context: Omit<MessageContext, 'vendorOf'>): AlertMessage {
  const sender = senderOf(context);
  return {
    version: 1,
    id: `test-${Math.trunc(context.nowMs)}`,
    event: 'test',
    severity: 'notice',
    at: timeText(context.nowMs),
    title: `test: Freehold on ${sender.host} can reach this channel`,
    summary: `This is a test message that somebody sent from ${sender.host} with "freehold alerts test". Nothing has happened.`,
    actions: ['Nothing to do.'],
    conflict: null,
    sender,
  };
}

const senderOf = ({ host, version }: Pick<MessageContext, 'host' | 'version'>): AlertMessage['sender'] => ({
  host: line(host, FIELD_LENGTH),
  version: line(version, FIELD_LENGTH),
});

function titleOf({ event, conflict, from }: ConflictChange, headline: string): string {
  if (event === 'closed') return `closed: ${conflict.kind}: ${headline}`;
  if (from === conflict.kind) return `${conflict.kind} (more than before): ${headline}`;
  return from === null ? `${conflict.kind}: ${headline}` : `${conflict.kind} (was ${from}): ${headline}`;
}

/** A MAC at its beginning stays as it is: people search for it. */
const sentence = (text: string): string => `${/^[0-9a-f]{2}:/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1)}.`;

function openSummary(conflict: Conflict, headline: string): string {
  const parts = [
    sentence(headline),
    `Segment ${line(conflict.segment, FIELD_LENGTH)}, first seen ${timeText(conflict.firstSeenMs)}, last seen ${timeText(conflict.lastSeenMs)}.`,
    evidenceText(conflict),
    othersText(conflict),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function closedSummary(conflict: Conflict, headline: string): string {
  const over = closedText(conflict.closeReason, conflict.detail.rule);
  const when = conflict.closedMs === null ? '' : ` at ${timeText(conflict.closedMs)}`;
  return [
    `Closed${when}: ${over}.`,
    `It was: ${headline}.`,
    `First seen ${timeText(conflict.firstSeenMs)}, last seen ${timeText(conflict.lastSeenMs)}.`,
    evidenceText(conflict),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function othersText({ macs, stranger }: Conflict): string {
  const others = macs.filter((mac) => mac !== stranger).slice(0, MAX_MACS);
  return others.length === 0 ? '' : `MACs that also have to do with it: ${others.join(', ')}.`;
}

const orNull = (text: string | null): string | null => (text === null ? null : line(text, FIELD_LENGTH));

function conflictOf(conflict: Conflict, from: ConflictKind | null, vendor: string | null): AlertConflict {
  const { overlap, server } = conflict.detail;
  return {
    id: conflict.id,
    seq: conflict.seq,
    kind: conflict.kind,
    from,
    segment: line(conflict.segment, FIELD_LENGTH),
    pool: line(conflict.pool, FIELD_LENGTH),
    address: formatIpv4(conflict.address),
    server: server === undefined || server === 'lease-file' ? (server ?? null) : formatIpv4(server),
    overlap: overlap === undefined ? null : { start: formatIpv4(overlap.first), end: formatIpv4(overlap.last) },
    mac: conflict.stranger,
    macs: conflict.macs.slice(0, MAX_MACS),
    vendor: orNull(vendor),
    hostname: orNull(conflict.hostname),
    service: orNull(conflict.service),
    firstSeenAt: timeText(conflict.firstSeenMs),
    lastSeenAt: timeText(conflict.lastSeenMs),
    openedAt: timeText(conflict.openedMs),
    closedAt: conflict.closedMs === null ? null : timeText(conflict.closedMs),
    closeReason: conflict.closeReason,
    sightings: conflict.sightings,
    sources: sourcesOf(conflict.sources),
    acknowledged: conflict.acknowledged !== null,
  };
}
