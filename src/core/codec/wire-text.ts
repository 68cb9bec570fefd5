/**
 * Text that a stranger on the network chose, made harmless: whatever it holds, it can break no terminal, log line or JSON
 * document. Escaping for HTML stays with who makes HTML.
 */

/** Longer text is cut. */
export const MAX_WIRE_TEXT = 255;

/**
 * Printable ASCII as it is, any other byte as `?` (a host name is ASCII: RFC 2132 section 3.14, RFC 1123). Trailing NULs, which
 * some clients send, and blanks around it are dropped.
 * @returns 1 .. 255 characters; null where nothing is left
 */
export function wireText(bytes: Uint8Array): string | null {
  let end = Math.min(bytes.length, MAX_WIRE_TEXT);
  while (end > 0 && bytes[end - 1] === 0) end--;
  let text = '';
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] ?? 0;
    text += byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '?';
  }
  text = text.trim();
  return text === '' ? null : text;
}

/** The bytes of such a text: ASCII, at most 255. */
export const wireTextBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.slice(0, MAX_WIRE_TEXT), (character) => character.charCodeAt(0));
