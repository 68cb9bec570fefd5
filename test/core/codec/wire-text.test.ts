import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wireText, wireTextBytes } from '../../../src/core/codec/wire-text.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('wireText', () => {
  it.each<[string, string, string | null]>([
    ['a plain name', 'lamp-7.example', 'lamp-7.example'],
    ['a name with a NUL behind it', 'lamp\0\0', 'lamp'],
    ['a NUL inside', 'la\0mp', 'la?mp'],
    ['blanks around it', '  Living room ', 'Living room'],
    ['an escape sequence that clears the screen', '\x1b[2Jlamp', '?[2Jlamp'],
    ['a line feed that forges a log line', 'lamp\r\n{"level":"error"}', 'lamp??{"level":"error"}'],
    ['a delete', 'lamp\x7f', 'lamp?'],
    ['a right-to-left override', 'lamp\u202egnp', 'lamp???gnp'],
    ['eight-bit control bytes', 'lamp\u009b2J', 'lamp??2J'],
    ['letters beyond ASCII', 'Küche', 'K??che'],
    ['nothing', '', null],
    ['only NULs', '\0\0\0', null],
    ['only blanks', '   ', null],
  ])('%s', (_, text, expected) => {
    expect(wireText(utf8(text))).toBe(expected);
  });

  it('is printable, bounded, and the same when read again, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const text = wireText(bytes);
        if (text === null) return;
        expect(text).toMatch(/^[\x20-\x7e]{1,255}$/);
        expect(text).toBe(text.trim());
        expect(wireText(wireTextBytes(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('cuts after 255 bytes', () => {
    expect(wireText(utf8('a'.repeat(300)))).toBe('a'.repeat(255));
    expect(wireTextBytes('a'.repeat(300))).toHaveLength(255);
  });
});
