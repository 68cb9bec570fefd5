/**
 * A table for people: columns by spaces, no borders, so that it can be copied, grepped and read on a narrow screen.
 */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { Colors } from './output.ts';

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** The library's time grows with the square of the rows: a /16 full of hosts is laid out in parts of this many. */
const ROWS_AT_ONCE = 25;

/** Of scripts whose characters take two columns each (Unicode Standard Annex #11), as far as names of makers and hosts have them. */
const WIDE = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/gu;

const widthOf = (cell: string): number =>
  Math.max(
    ...stripVTControlCharacters(cell)
      .split('\n')
      .map((line) => line.length + (line.match(WIDE)?.length ?? 0)),
  );

/** Cells come printable (core/text.ts) and may hold colour and newlines. Returns lines without trailing spaces; no newline at the end. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const all = [head.map((text) => colors.dim(text.toUpperCase())), ...rows];
  const widths = head.map((_, column) => all.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 1));
  const parts: string[] = [];
  for (let at = 0; at < all.length; at += ROWS_AT_ONCE) {
    const part = new Table({
      chars: NO_BORDERS,
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
      colWidths: widths,
    });
    for (const row of all.slice(at, at + ROWS_AT_ONCE)) part.push([...row]);
    parts.push(part.toString());
  }
  return parts
    .join('\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
