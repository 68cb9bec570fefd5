import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine, printable } from '../../src/core/text.ts';

describe('printable', () => {
  it.each([
    ['control characters', '\u0000\u001b\u007f\u009b'],
    ['marks of direction', '\u061c\u200e\u200f\u202a\u202e\u2066\u2069'],
    ['what takes no room', '\u00ad\u200b\u200d\u2060\ufeff'],
    ['separators of lines', '\n\r\u0085\u2028\u2029'],
    ['annotations', '\ufff9\ufffa\ufffb'],
    ['tags', '\u{e0001}\u{e0041}\u{e007f}'],
  ])('drops %s', (_, text) => {
    expect(printable(`a${text}b`, 100)).toBe('ab');
    for (const character of text) expect(printable(character, 100)).toBe('');
  });

  it.each(['Drucker für Zoë', '会议室打印机', '🖨', 'a\u00a0b', '\u{e0100}'])('keeps %j', (text) => {
    expect(printable(text, 100)).toBe(text);
  });

  it('cuts, after dropping, and leaves nothing to drop', () => {
    expect(printable('\u0000abc', 2)).toBe('ab');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, most) => {
        const shown = printable(text, most);
        expect(shown.length).toBeLessThanOrEqual(most);
        expect(printable(shown, most)).toBe(shown);
      }),
    );
  });
});

describe('oneLine', () => {
  it.each([
    ['line breaks', 'a\r\n  b\u2028c\n', 10, 'a b c'],
    ['blanks', '\ta \t b ', 10, 'a b'],
    ['control characters', 'a\u001b[2Jb', 10, 'a[2Jb'],
    ['what fits', 'abcde', 5, 'abcde'],
    ['what does not', 'abcdef', 5, 'abcd…'],
    ['a character of two halves', 'abc🖨🖨', 5, 'abc…'],
    ['half a character', 'a\ud83d', 5, 'a\ufffd'],
    ['nothing', ' \n ', 5, ''],
  ])('takes %s', (_, text, most, expected) => expect(oneLine(text, most)).toBe(expected));

  it('is always short enough, and printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, most) => {
        const line = oneLine(text, most);
        expect(line.length).toBeLessThanOrEqual(most);
        expect(printable(line, most)).toBe(line);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });
});
