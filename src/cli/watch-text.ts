/**
 * The lines of `freehold watch`, for people: one for each event. Pure.
 */
import { printable } from '../core/text.ts';
import type { ConflictEventJson } from '../http/answers/conflict-json.ts';
import type { ServerEvent } from '../http/event-client.ts';
import type { NoticeEventJson, SightingEventJson } from '../http/event-text.ts';
import type { SweepJson } from '../http/service.ts';
import { bySeverity, NAME, SENTENCE, sentenceOf, whoWords } from './conflict-words.ts';
import type { Colors } from './output.ts';
import { count, duration, moment } from './words.ts';

/** null for an event that this version does not know, or that is not for people. */
export function eventLine({ type, data }: ServerEvent, colors: Colors): string | null {
  if (typeof data !== 'object' || data === null) return null;
  switch (type) {
    case 'sighting':
      return sightingLine(data as SightingEventJson, colors);
    case 'conflict':
      return conflictLine(data as ConflictEventJson, colors);
    case 'sweep':
      return sweepLine(data as SweepJson, colors);
    case 'notice':
      return noticeLine(data as NoticeEventJson, colors);
    default:
      return null;
  }
}

function conflictLine({ event, from, at, conflict }: ConflictEventJson, colors: Colors): string {
  const grew = from === null ? '' : ` (was ${printable(from, NAME)})`;
  const by = event === 'acknowledged' && conflict.acknowledged !== null ? ` by ${printable(conflict.acknowledged.by, NAME)}` : '';
  const head = `conflict ${conflict.id} ${printable(event, NAME)}${by}: ${printable(conflict.kind, NAME)}${grew}`;
  const shown = event === 'closed' ? colors.green(head) : bySeverity(conflict.severity, head, colors);
  const note = event === 'acknowledged' ? printable(conflict.acknowledged?.note ?? '', 500) : '';
  const noted = note === '' ? '' : ` Noted: ${note}`;
  return `${moment(at)}  ${event === 'updated' ? colors.dim(head) : shown}: ${sentenceOf(conflict)}${noted}`;
}

function sightingLine(sighting: SightingEventJson, colors: Colors): string {
  const who = whoWords(sighting.mac, sighting.vendor, sighting.hostname);
  const role = sighting.speaker ? 'a speaker' : colors.yellow('no speaker');
  const text = `${printable(sighting.address, NAME)} of pool ${printable(sighting.pool, NAME)}: ${printable(sighting.source, NAME)}`;
  return `${moment(sighting.at)}  ${colors.dim('sighting')} ${text} by ${who}, ${role}`;
}

function sweepLine(sweep: SweepJson, colors: Colors): string {
  const endedAt = new Date(Date.parse(sweep.startedAt) + sweep.durationMs);
  const at = Number.isNaN(endedAt.getTime()) ? sweep.startedAt : endedAt.toISOString();
  const result = sweep.valid
    ? colors.green('valid')
    : colors.yellow(`not valid (${printable(sweep.invalidReason ?? 'unknown', NAME)}): it proves nothing`);
  return `${moment(at)}  ${colors.dim('sweep')} of ${printable(sweep.segment, NAME)}: ${count(sweep.answered, 'address', 'addresses')} answered in ${duration(sweep.durationMs / 1000)}, ${result}`;
}

/** A claim may be of addresses that lie in no segment. */
function noticeLine({ segment, text, at }: NoticeEventJson, colors: Colors): string {
  const where = segment === '' ? '' : ` ${printable(segment, NAME)}`;
  return `${moment(at)}  ${colors.cyan('notice')}${where}: ${printable(text, SENTENCE)}`;
}
