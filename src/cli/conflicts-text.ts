/**
 * The answers of `freehold conflicts` and `freehold conflicts acknowledge`, for people. Pure.
 */
import { printable } from '../core/text.ts';
import type { ConflictJson, ConflictsAnswer } from '../http/guard-service.ts';
import { bySeverity, NAME, openSentence, sentenceOf, whoWords } from './conflict-words.ts';
import type { Colors } from './output.ts';
import { table } from './table.ts';
import { moment, span } from './words.ts';

const HEAD = ['id', 'kind', 'address', 'pool', 'who', 'since', 'last seen', 'sightings', 'state'];

function stateWords(conflict: ConflictJson, colors: Colors): string {
  if (conflict.state === 'closed') {
    const reason = conflict.closeReason === null ? '' : ` (${printable(conflict.closeReason, NAME)})`;
    return `closed ${moment(conflict.closedAt)}${reason}`;
  }
  const { acknowledged } = conflict;
  return acknowledged === null ? colors.bold('open') : `open, acknowledged by ${printable(acknowledged.by, NAME)}`;
}

const row = (conflict: ConflictJson, colors: Colors): readonly string[] => [
  String(conflict.id),
  bySeverity(conflict.severity, printable(conflict.kind, NAME), colors),
  printable(conflict.overlap === null ? conflict.address : span(conflict.overlap.start, conflict.overlap.end), NAME),
  printable(conflict.pool, NAME),
  whoWords(conflict.mac, conflict.vendor, conflict.hostname),
  moment(conflict.firstSeenAt),
  moment(conflict.lastSeenAt),
  conflict.sightings.toLocaleString('en-US'),
  stateWords(conflict, colors),
];

export const conflictsTable = (conflicts: readonly ConflictJson[], colors: Colors): string =>
  table(
    HEAD,
    conflicts.map((conflict) => row(conflict, colors)),
    colors,
  );

/** The row of a conflict with one stranger says it all; of the others, and of notes, a sentence does. */
function remarks(conflict: ConflictJson): readonly string[] {
  const note = printable(conflict.acknowledged?.note ?? '', 500);
  return [
    ...(conflict.mac === null || conflict.kind === 'split-brain' || conflict.kind === 'scope-overlap'
      ? [`${conflict.id}: ${sentenceOf(conflict)}`]
      : []),
    ...(note === '' ? [] : [`${conflict.id}: noted: ${note}`]),
  ];
}

export function conflictsText(answer: ConflictsAnswer, colors: Colors): string {
  const parts = [`${moment(answer.generatedAt)}: ${openSentence(answer.open, answer.openByKind)}`];
  if (answer.conflicts.length > 0) parts.push(conflictsTable(answer.conflicts, colors));
  const lines = answer.conflicts.flatMap(remarks);
  if (lines.length > 0) parts.push(lines.join('\n'));
  if (answer.next !== null) parts.push('There is more than is shown here: ask for it with --limit.');
  return parts.join('\n\n');
}

export function acknowledgedText(conflict: ConflictJson): string {
  const { acknowledged } = conflict;
  const by = acknowledged === null ? '' : ` by ${printable(acknowledged.by, NAME)}`;
  return `Conflict ${conflict.id} is acknowledged${by}: ${sentenceOf(conflict)}`;
}
