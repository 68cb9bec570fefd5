/**
 * The answers of `freehold conflicts` and `freehold conflicts acknowledge`, for people: in 80 to 100 columns where that is possible,
 * or with all there is. Pure.
 */
import { printable } from '../core/text.ts';
import type { ConflictJson, ConflictsAnswer } from '../http/guard-service.ts';
import { type Asked, bySeverity, heardWords, NAME, openHeadline, sentenceOf, shortWho, whoWords } from './conflict-words.ts';
import type { Colors } from './output.ts';
import { noticeLines } from './proof-text.ts';
import { table } from './table.ts';
import { moment, shortMoment, span } from './words.ts';

interface Column {
  readonly head: string;
  readonly cell: (conflict: ConflictJson) => string;
}

export interface TableOptions {
  /** Everything, in whole. */
  readonly wide?: boolean;
  /** Times of the same day are shown without it. RFC 3339. */
  readonly generatedAt: string;
}

const reasonOf = ({ closeReason }: ConflictJson): string => (closeReason === null ? '' : ` (${printable(closeReason, NAME)})`);

const ID: Column = { head: 'id', cell: ({ id }) => String(id) };
const ADDRESS: Column = {
  head: 'address',
  cell: ({ overlap, address }) => printable(overlap === null ? address : span(overlap.start, overlap.end), NAME),
};
const POOL: Column = { head: 'pool', cell: ({ pool }) => printable(pool, NAME) };

const kind = (colors: Colors): Column => ({
  head: 'kind',
  cell: (conflict) => bySeverity(conflict.severity, printable(conflict.kind, NAME), colors),
});

const WIDE: readonly Column[] = [
  { head: 'who', cell: ({ mac, vendor, hostname }) => whoWords(mac, vendor, hostname) },
  { head: 'heard', cell: ({ sources }) => sources.map((source) => printable(source, NAME)).join(', ') },
  { head: 'since', cell: ({ firstSeenAt }) => moment(firstSeenAt) },
  { head: 'last seen', cell: ({ lastSeenAt }) => moment(lastSeenAt) },
  { head: 'sightings', cell: ({ sightings }) => sightings.toLocaleString('en-US') },
];

const narrow = (generatedAt: string): readonly Column[] => [
  { head: 'who', cell: ({ mac, vendor, hostname }) => shortWho(mac, vendor, hostname) },
  { head: 'heard', cell: ({ sources }) => heardWords(sources) },
  { head: 'since', cell: ({ firstSeenAt }) => shortMoment(firstSeenAt, generatedAt) },
  { head: 'last seen', cell: ({ lastSeenAt }) => shortMoment(lastSeenAt, generatedAt) },
];

function stateWords(conflict: ConflictJson, colors: Colors, wide: boolean): string {
  const { state, closedAt, acknowledged } = conflict;
  if (state === 'closed') return wide ? `closed ${moment(closedAt)}${reasonOf(conflict)}` : `closed${reasonOf(conflict)}`;
  if (acknowledged === null) return colors.bold('open');
  return wide ? `open, acknowledged by ${printable(acknowledged.by, NAME)}` : 'acknowledged';
}

export function conflictsTable(
  conflicts: readonly ConflictJson[],
  colors: Colors,
  { wide = false, generatedAt }: TableOptions,
): string {
  // A column that says the same in every row is told once, above.
  const [only = '', ...others] = new Set(conflicts.map(({ pool }) => printable(pool, NAME)));
  const pools = wide || others.length > 0 ? [POOL] : [];
  const title = pools.length > 0 || only === '' ? '' : `Pool ${only}:\n`;
  const state: Column = { head: 'state', cell: (conflict) => stateWords(conflict, colors, wide) };
  const columns = [ID, kind(colors), ADDRESS, ...pools, ...(wide ? WIDE : narrow(generatedAt)), state];
  const heads = columns.map(({ head }) => head);
  const rows = conflicts.map((conflict) => columns.map(({ cell }) => cell(conflict)));
  return `${title}${table(heads, rows, colors)}`;
}

/** The row of a conflict with one stranger says it all; of the others, and of acknowledgements, a sentence does. */
export function conflictRemarks(conflicts: readonly ConflictJson[]): readonly string[] {
  return conflicts.flatMap((conflict) => [
    ...(conflict.mac === null || conflict.kind === 'split-brain' || conflict.kind === 'scope-overlap'
      ? [`${conflict.id}: ${sentenceOf(conflict)}`]
      : []),
    ...acknowledgedBy(conflict),
  ]);
}

function acknowledgedBy({ id, acknowledged }: ConflictJson): readonly string[] {
  if (acknowledged === null) return [];
  const note = printable(acknowledged.note, 500);
  return [`${id}: acknowledged by ${printable(acknowledged.by, NAME)}${note === '' ? '' : `: ${note}`}`];
}

export function conflictsText(
  answer: ConflictsAnswer,
  colors: Colors,
  { asked = {}, wide = false }: { readonly asked?: Asked; readonly wide?: boolean } = {},
): string {
  const { conflicts, generatedAt } = answer;
  const notices = noticeLines(answer.notices, colors);
  const parts = notices.length === 0 ? [] : [notices.join('\n')];
  parts.push(`${moment(generatedAt)}: ${openHeadline(answer, asked)}`);
  const remarks = conflictRemarks(conflicts);
  if (conflicts.length > 0) parts.push(conflictsTable(conflicts, colors, { wide, generatedAt }));
  if (remarks.length > 0) parts.push(remarks.join('\n'));
  if (answer.next !== null) parts.push('There is more than is shown here: ask for it with --limit.');
  return parts.join('\n\n');
}

export function acknowledgedText(conflict: ConflictJson): string {
  const { acknowledged } = conflict;
  const by = acknowledged === null ? '' : ` by ${printable(acknowledged.by, NAME)}`;
  return `Conflict ${conflict.id} is acknowledged${by}: ${sentenceOf(conflict)}`;
}
