/**
 * Text that strangers wrote (hostnames, lease files): made safe for a terminal, a log and JSON.
 */

const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Drops control, bidirectional and zero-width characters, soft hyphens, annotations and tags, and cuts to `maxLength`. */
export const printable = (text: string, maxLength: number): string => text.replace(UNPRINTABLE, '').slice(0, maxLength);

/** On one line: each line break and each run of blanks is one blank. Cut to `maxLength` characters, with an ellipsis where it was longer. */
export function oneLine(text: string, maxLength: number): string {
  // Cut twice, so that a huge text costs little.
  const line = printable(
    text
      .slice(0, 16 * maxLength)
      .replace(/\s+/gu, ' ')
      .trim(),
    Number.MAX_SAFE_INTEGER,
  ).toWellFormed();
  if (line.length <= maxLength) return line;
  return `${line
    .slice(0, maxLength - 1)
    .toWellFormed()
    .replace(/\ufffd$/u, '')
    .trimEnd()}…`;
}
