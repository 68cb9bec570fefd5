/**
 * Text that strangers wrote (hostnames, lease files): made safe for a terminal, a log and JSON.
 */

const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Drops control, bidirectional and zero-width characters, soft hyphens, annotations and tags, and cuts to `maxLength`. */
export const printable = (text: string, maxLength: number): string => text.replace(UNPRINTABLE, '').slice(0, maxLength);
