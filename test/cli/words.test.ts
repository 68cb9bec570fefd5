import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { count, duration, moment, percent, span, verdictWord } from '../../src/cli/words.ts';

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [0.824, '0.8 s'],
    [9.96, '10 s'],
    [59, '59 s'],
    [60, '1 min'],
    [61, '1 min 1 s'],
    [3600, '1 h'],
    [3605, '1 h'],
    [5400, '1 h 30 min'],
    [259_200, '3 d'],
    [352_800, '4 d 2 h'],
    [-1, '?'],
    [Number.NaN, '?'],
  ])('%s s is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe('moment', () => {
  it.each([
    [null, 'never'],
    ['2026-05-01T08:00:00.123Z', '2026-05-01 08:00:00Z'],
    ['\u001b[31mred', '[31mred'],
  ])('%j is %s', (at, text) => {
    expect(moment(at)).toBe(text);
  });
});

describe('percent', () => {
  it.each([
    [1, '100 %'],
    [0.9999, '99.9 %'],
    [0.95, '95 %'],
    [0.57, '57 %'],
    [0, '0 %'],
  ])('%s is never shown as more than it is: %s', (figure, text) => {
    expect(percent(figure)).toBe(text);
  });
});

describe('count and span', () => {
  it('agree in number', () => {
    expect(count(1, 'host')).toBe('1 host');
    expect(count(1200, 'host')).toBe('1,200 hosts');
    expect(count(2, 'address', 'addresses')).toBe('2 addresses');
    expect(span('192.0.2.1', '192.0.2.1')).toBe('192.0.2.1');
    expect(span('192.0.2.1', '192.0.2.2')).toBe('192.0.2.1-192.0.2.2');
  });
});

describe('verdictWord', () => {
  it.each([
    ['free', 32],
    ['occupied', 31],
    ['unproven', 33],
  ] as const)('%s has a colour of its own', (verdict, sgr) => {
    expect(verdictWord(verdict, pc.createColors(true))).toBe(`\u001b[${sgr}m${verdict}\u001b[39m`);
    expect(verdictWord(verdict, pc.createColors(false))).toBe(verdict);
  });
});
