/**
 * Steps of a command that works on a cluster, for a person: one line each as soon as it is over, what a long one waits for in between.
 * For a program (--json) they go to stderr, and stdout holds one document at the end.
 */

import type { Step, StepListener, StepStatus } from '../cluster/steps.ts';
import { printable } from '../core/text.ts';
import type { Colors, Output } from './output.ts';

const WIDTH = 80;
const STATUS_WIDTH = 9;
const LONGEST_DETAIL = 1000;

/** Breaks between words; a longer word stands alone. @param indent of all lines but the first, which begins at column `at` */
export function wrap(text: string, indent: number, at = indent, width = WIDTH): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const room = width - (lines.length === 0 ? at : indent);
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

function statusWord(status: StepStatus, colors: Colors): string {
  const word = status.padEnd(STATUS_WIDTH);
  switch (status) {
    case 'ok':
      return colors.green(word);
    case 'failed':
      return colors.red(word);
    case 'skipped':
      return colors.yellow(word);
  }
}

export function stepLine({ status, title, detail }: Step, colors: Colors): string {
  const indent = 2 + STATUS_WIDTH;
  const said = printable(detail, LONGEST_DETAIL);
  const text = said === '' ? title : `${title}: ${said}`;
  return `  ${statusWord(status, colors)}${wrap(text, indent)}`;
}

export function stepScreen(output: Output, json: boolean): StepListener {
  const say = (text: string): void => (json ? output.note(text) : output.text(text));
  return {
    onWhy: (title, why) =>
      output.note(`  ${'...'.padEnd(STATUS_WIDTH)}${wrap(`${title}: ${printable(why, LONGEST_DETAIL)}`, 2 + STATUS_WIDTH)}`),
    onStep: (step) => say(stepLine(step, output.colors)),
  };
}

/** The same, and every step is kept in `steps`. */
export const recording = (screen: StepListener, steps: Step[]): StepListener => ({
  ...screen,
  onStep: (step) => {
    steps.push(step);
    screen.onStep(step);
  },
});
