/**
 * Text that strangers wrote (hostnames, lease files): made safe for a terminal, a log and JSON.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Drops control, bidirectional and zero-width characters, and cuts to `maxLength`. */
export const printable = (text: string, maxLength: number): string => text.replace(UNPRINTABLE, '').slice(0, maxLength);
