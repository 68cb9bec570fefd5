import { describe, expect, it } from 'vitest';
import { stepLine, stepScreen, wrap } from '../../src/cli/steps-text.ts';
import type { Step, StepStatus } from '../../src/cluster/steps.ts';
import { caughtOutput, NO_COLORS } from './catcher.ts';

const step = (status: StepStatus, detail = ''): Step => ({ name: 'a-step', title: 'A step', status, detail, seconds: 1 });

describe('stepLine', () => {
  it.each([
    ['ok', '', '  ok       A step'],
    ['ok', '3 nodes', '  ok       A step: 3 nodes'],
    ['failed', 'no', '  failed   A step: no'],
    ['skipped', 'why', '  skipped  A step: why'],
  ] as const)('%s %s', (status, detail, line) => {
    expect(stepLine(step(status, detail), NO_COLORS)).toBe(line);
  });

  it('is at home on 80 columns', () => {
    const lines = stepLine(step('failed', 'some words of the cluster '.repeat(12)), NO_COLORS).split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {11}\S/);
  });

  it('lets nothing through that moves a cursor', () => {
    expect(stepLine(step('failed', 'a\u001b[2Jb'), NO_COLORS)).toBe('  failed   A step: a[2Jb');
  });
});

describe('wrap', () => {
  it.each([
    ['short', 'a b', 'a b'],
    ['a long word alone', `a ${'x'.repeat(20)} b`, `a\n  ${'x'.repeat(20)}\n  b`],
    ['nothing', '', ''],
  ])('%s', (_, text, expected) => {
    expect(wrap(text, 2, 2, 12)).toBe(expected);
  });
});

describe('stepScreen', () => {
  it.each([
    [false, '  ok       A step\n', ''],
    [true, '', '  ok       A step\n'],
  ])('keeps stdout for the document with --json: %s', (json, out, beside) => {
    const { output, stdout, stderr } = caughtOutput();
    stepScreen(output, json).onStep(step('ok'));
    expect([stdout.text(), stderr.text()]).toEqual([out, beside]);
  });
});
