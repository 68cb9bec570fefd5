import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineSplitter, MAX_LINE } from '../../../src/watch/lease-formats/lines.ts';

function split(pieces: readonly string[]): { readonly lines: string[]; readonly end: string; readonly overlong: number } {
  const lines: string[] = [];
  let overlong = 0;
  const splitter = lineSplitter(
    (line) => lines.push(line),
    () => overlong++,
  );
  for (const piece of pieces) splitter.push(piece);
  return { lines, end: splitter.end(), overlong };
}

describe('lineSplitter()', () => {
  it('cuts text into lines, wherever its pieces end', () => {
    const pieces = fc.array(fc.constantFrom('a', 'bc', '\n', '\n\n', 'd\ne', ''), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, (given) => {
        const expected = given.join('').split('\n');
        const end = expected.pop();
        expect(split(given)).toEqual({ lines: expected, end, overlong: 0 });
      }),
    );
  });

  it('skips a line that is too long, once, and keeps nothing of it', () => {
    const long = 'x'.repeat(MAX_LINE);
    expect(split([`${long}\n`])).toEqual({ lines: [long], end: '', overlong: 0 });
    expect(split([long, 'y', 'z', '\nnext\n'])).toEqual({ lines: ['next'], end: '', overlong: 1 });
    expect(split([`${long}y\nnext\n${long}`, long, long])).toEqual({ lines: ['next'], end: '', overlong: 2 });
  });
});
