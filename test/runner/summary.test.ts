import { describe, expect, it } from 'vitest';
import { add, NOTHING, summarize, summaryLine } from './summary.ts';

const file = (status: string, ...tests: readonly string[]): object => ({
  name: 'test/some.test.ts',
  status,
  message: '',
  assertionResults: tests.map((test, index) => ({ fullName: `test ${index}`, status: test })),
});
const report = (...files: readonly object[]): string => JSON.stringify({ numTotalTests: 1, testResults: files });

describe('the sum of a test run', () => {
  it.each([
    ['all passed', report(file('passed', 'passed', 'passed')), true, '2 passed, 0 failed, 0 skipped'],
    ['one failed', report(file('failed', 'passed', 'failed'), file('passed', 'passed')), false, '2 passed, 1 failed, 0 skipped'],
    ['skipped and to do', report(file('passed', 'passed', 'skipped', 'pending', 'todo')), true, '1 passed, 0 failed, 3 skipped'],
    ['a file that cannot be loaded', report(file('failed'), file('passed', 'passed')), false, '1 passed, 1 failed, 0 skipped'],
    ['a run that fails beside its tests', report(file('passed', 'passed')), false, '1 passed, 1 failed, 0 skipped'],
    ['no report', null, true, '0 passed, 1 failed, 0 skipped'],
    ['a broken report', '{"testResults": 7}', true, '0 passed, 1 failed, 0 skipped'],
    ['half a report', '{"testRes', false, '0 passed, 1 failed, 0 skipped'],
  ])('%s', (_name, text, succeeded, line) => {
    expect(summaryLine(summarize(text, succeeded))).toBe(line);
  });

  it('names what was skipped', () => {
    expect(summarize(report(file('passed', 'skipped')), true).skippedNames).toEqual(['test 0']);
  });

  it('adds up', () => {
    const one = { passed: 1, failed: 2, skipped: 3 };
    expect(add(add(NOTHING, one), one)).toEqual({ passed: 2, failed: 4, skipped: 6 });
  });
});
