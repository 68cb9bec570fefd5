import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { textDiff, yamlDiff, yamlText } from '../../src/cluster/diff-text.ts';

const NAMES = { from: 'cluster', to: 'freehold' };

describe('textDiff', () => {
  it('is empty where both are the same', () => {
    expect(textDiff('a\nb\n', 'a\nb\n', NAMES)).toEqual([]);
    expect(textDiff(null, null, NAMES)).toEqual([]);
  });

  it('shows what changes with what is around it', () => {
    expect(textDiff('a\nb\nc\nd\ne\n', 'a\nb\nC\nd\ne\n', { ...NAMES, context: 1 })).toEqual([
      '--- cluster',
      '+++ freehold',
      '@@ -2,3 +2,3 @@',
      ' b',
      '-c',
      '+C',
      ' d',
    ]);
  });

  it.each([
    ['was not there', null, 'a\n', '--- (nothing)', '+++ freehold', '+a'],
    ['will not be there', 'a\n', null, '--- cluster', '+++ (nothing)', '-a'],
  ])('says of what %s', (_, before, after, from, to, line) => {
    expect(textDiff(before, after, NAMES)).toEqual([from, to, expect.stringMatching(/^@@/), line]);
  });

  it('colours lines by what they are', () => {
    const colors = pc.createColors(true);
    const lines = textDiff('a\nsame\n', 'b\nsame\n', NAMES, colors);
    expect(lines).toEqual([
      colors.dim('--- cluster'),
      colors.dim('+++ freehold'),
      expect.stringContaining('@@'),
      colors.red('-a'),
      colors.green('+b'),
      ' same',
    ]);
  });

  it('lets nothing through that moves a cursor', () => {
    expect(textDiff('a\n', '\u001b[2Jb\n', NAMES).join('')).not.toContain('\u001b');
  });

  it('is bounded', () => {
    const many = (word: string): string => Array.from({ length: 4000 }, (_, index) => `${word}${index}`).join('\n');
    expect(textDiff(many('a'), many('b'), NAMES)).toEqual(['--- cluster', '+++ freehold', '(more than 5000 lines differ)']);
    const lines = textDiff('', many('b'), NAMES);
    expect(lines).toHaveLength(2003);
    expect(lines.at(-1)).toMatch(/^\(and \d+ more lines\)$/);
    expect(textDiff('', 'x'.repeat(10_000), NAMES).join('').length).toBeLessThan(1000);
  });
});

describe('yamlDiff', () => {
  it('compares values as YAML', () => {
    const lines = yamlDiff({ spec: { addresses: ['192.0.2.1/32'] } }, { spec: { addresses: ['192.0.2.2/32'] } }, NAMES);
    expect(lines).toEqual(expect.arrayContaining(['-    - 192.0.2.1/32', '+    - 192.0.2.2/32']));
  });

  it('has nothing for what is not there', () => {
    expect(yamlText(undefined)).toBeNull();
    expect(yamlDiff(null, { a: 1 }, NAMES)[0]).toBe('--- (nothing)');
    expect(yamlDiff({ a: 1 }, { a: 1 }, NAMES)).toEqual([]);
  });
});
