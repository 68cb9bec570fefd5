/**
 * The difference of two YAML documents, or other texts, as the lines of a unified diff that a person reads before saying yes. Knows no
 * terminal: colours come from whoever prints.
 */
import { structuredPatch } from 'diff';
import { stringify } from 'yaml';
import { printable } from '../core/text.ts';

/** How the lines are dressed; the functions of picocolors fit. */
export interface DiffColors {
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly dim: (text: string) => string;
}

export interface DiffOptions {
  /** Names of the two sides, for the first two lines: `cluster` and `freehold`, say. */
  readonly from: string;
  readonly to: string;
  /** Unchanged lines that are shown around a change; default 3. */
  readonly context?: number;
}

const LONGEST_LINE = 500;
const MOST_LINES = 2000;
/** Beyond this many changed lines the shortest difference is not searched for; bounds the work. */
const MOST_EDITS = 5000;
const PLAIN: DiffColors = { green: String, red: String, cyan: String, dim: String };

/** Empty where both are the same. @param before null: there was nothing. @param after null: there will be nothing */
export function textDiff(
  before: string | null,
  after: string | null,
  { from, to, context = 3 }: DiffOptions,
  colors: DiffColors = PLAIN,
): readonly string[] {
  const [left, right] = [before ?? '', after ?? ''];
  if (left === right && (before === null) === (after === null)) return [];
  const patch = structuredPatch('', '', left, right, '', '', { context, maxEditLength: MOST_EDITS });
  const head = [`--- ${before === null ? '(nothing)' : from}`, `+++ ${after === null ? '(nothing)' : to}`].map(colors.dim);
  if (patch === undefined) return [...head, `(more than ${MOST_EDITS} lines differ)`];
  const lines = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: body }) => [
    colors.cyan(`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`),
    ...body.map((line) => dress(printable(line, LONGEST_LINE), colors)),
  ]);
  const leftOut = lines.length - MOST_LINES;
  return [...head, ...lines.slice(0, MOST_LINES), ...(leftOut > 0 ? [`(and ${leftOut} more lines)`] : [])];
}

function dress(line: string, colors: DiffColors): string {
  if (line.startsWith('+')) return colors.green(line);
  return line.startsWith('-') ? colors.red(line) : line;
}

/** Two values as YAML. @param before null or undefined: there was nothing */
export function yamlDiff(before: unknown, after: unknown, options: DiffOptions, colors: DiffColors = PLAIN): readonly string[] {
  return textDiff(yamlText(before), yamlText(after), options, colors);
}

/** A value as the YAML that is shown; null for nothing. */
export const yamlText = (value: unknown): string | null =>
  value === null || value === undefined ? null : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
