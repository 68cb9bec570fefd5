import { describe, expect, it } from 'vitest';
import { criteriaParameters } from '../../src/cli/criteria.ts';
import { durationMs, durationText, rate, share, wholeNumber } from '../../src/cli/options.ts';

describe('option values', () => {
  it.each([
    [rate, '500', 500],
    [rate, 'max', 'max'],
    [rate, '1000000', 1_000_000],
    [share, '0.95', 0.95],
    [share, '1', 1],
    [share, '1.0', 1],
    [share, '0', 0],
    [wholeNumber(1, 65_536), '65536', 65_536],
    [durationMs(60_000), '700ms', 700],
    [durationMs(60_000), '60s', 60_000],
    [durationText, '72h', '72h'],
  ])('%o reads %s', (read, text, value) => {
    expect((read as (text: string) => unknown)(text)).toBe(value);
  });

  it.each([
    [rate, '0'],
    [rate, '-5'],
    [rate, '1e3'],
    [rate, '1000001'],
    [rate, 'Max'],
    [share, '1.1'],
    [share, '95%'],
    [share, ''],
    [share, 'NaN'],
    [wholeNumber(1, 65_536), '0'],
    [wholeNumber(1, 65_536), '65537'],
    [wholeNumber(1, 65_536), '1.5'],
    [wholeNumber(1, 65_536), ''],
    [wholeNumber(1, 65_536), '0x10'],
    [durationMs(60_000), '61s'],
    [durationMs(60_000), '700'],
    [durationText, '3 days'],
  ])('%o refuses %s and says what is expected', (read, text) => {
    expect(() => (read as (text: string) => unknown)(text)).toThrow(/^Expected /);
  });
});

describe('criteriaParameters', () => {
  it('passes on only what was asked for', () => {
    expect(criteriaParameters({})).toEqual({});
    expect(criteriaParameters({ quietFor: '10m', minCoverage: 0, maxGap: undefined })).toEqual({
      quietFor: '10m',
      minCoverage: 0,
    });
  });
});
