/**
 * Live events in the text of `text/event-stream` (HTML Living Standard, section 9.2): ids, names, one-line JSON. Writes nothing.
 */
import { formatIpv4 } from '../core/address/ipv4.ts';
import { printable } from '../core/text.ts';
import { vendorOf } from '../system/vendors.ts';
import type { LiveEvent, LiveEventStream } from '../watch/guard-types.ts';
import { type ConflictEventJson, conflictEventJson } from './answers/conflict-json.ts';
import { sweepJson, time } from './answers/json.ts';
import type { SweepJson } from './service.ts';

export const LIVE_EVENT_TYPES = ['sighting', 'conflict', 'sweep', 'notice'] as const satisfies readonly LiveEvent['type'][];
export type LiveEventType = (typeof LIVE_EVENT_TYPES)[number];

export interface SightingEventJson {
  readonly segment: string;
  readonly address: string;
  readonly pool: string;
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly source: string;
  /** Whether a node's MAC may answer for it. */
  readonly speaker: boolean;
  readonly at: string;
}

export interface NoticeEventJson {
  readonly segment: string;
  readonly code: string;
  readonly text: string;
  readonly at: string;
}

const ID = /^([A-Za-z0-9]{1,64})-(\d{1,15})$/;

export const eventId = (run: string, seq: number): string => `${run}-${seq}`;

/** Where a reader wants to go on. */
export type Resumption =
  /** It never was here: only what is new. */
  | { readonly kind: 'new' }
  | { readonly kind: 'after'; readonly seq: number }
  /** Its id is of another run, or of none: what was between nobody knows. */
  | { readonly kind: 'reset' };

export function resumptionOf(lastEventId: string | null, { run, newest }: Pick<LiveEventStream, 'run' | 'newest'>): Resumption {
  if (lastEventId === null || lastEventId === '') return { kind: 'new' };
  const [, idRun, digits] = ID.exec(lastEventId) ?? [];
  const seq = Number(digits);
  return idRun === run && seq <= newest ? { kind: 'after', seq } : { kind: 'reset' };
}

/** One event of the stream; JSON.stringify leaves no line break in `data`. */
export const eventBlock = (id: string, event: string, data: unknown): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** As every reader gets it: made once for each event, and forgotten with it. */
const made = new WeakMap<LiveEvent, string>();

/** @param run of the stream that the event is from */
export function eventText(event: LiveEvent, run: string): string {
  const known = made.get(event);
  if (known !== undefined) return known;
  const text = eventBlock(eventId(run, event.seq), event.type, dataOf(event));
  made.set(event, text);
  return text;
}

function dataOf(event: LiveEvent): SightingEventJson | ConflictEventJson | SweepJson | NoticeEventJson {
  switch (event.type) {
    case 'sighting':
      return sightingJson(event);
    case 'conflict':
      return conflictEventJson(event.change, event.atMs);
    case 'sweep':
      return sweepJson(event.sweep, null, event.segment);
    case 'notice':
      return {
        segment: event.segment,
        code: event.code,
        text: printable(event.text, 500),
        at: time(event.atMs),
      };
  }
}

function sightingJson({ sighting, pool, speaker }: LiveEvent & { type: 'sighting' }): SightingEventJson {
  // Of a DHCPDECLINE it is only known who declined.
  const mac = sighting.mac ?? sighting.client;
  return {
    segment: sighting.segment,
    address: formatIpv4(sighting.address),
    pool: printable(pool, 253),
    mac,
    vendor: mac === null ? null : vendorOf(mac),
    hostname: sighting.hostname === undefined ? null : printable(sighting.hostname, 64),
    source: sighting.source,
    speaker,
    at: time(sighting.atMs),
  };
}
