/** Catches what a command writes. */
import pc from 'picocolors';
import { createOutput, type Output } from '../../src/cli/output.ts';

export const NO_COLORS = pc.createColors(false);

export interface Catcher {
  write(text: string): boolean;
  text(): string;
}

export function catcher(): Catcher {
  let all = '';
  return {
    write: (text) => {
      all += text;
      return true;
    },
    text: () => all,
  };
}

export function caughtOutput(): { readonly output: Output; readonly stdout: Catcher; readonly stderr: Catcher } {
  const stdout = catcher();
  const stderr = catcher();
  return { output: createOutput(stdout, stderr, {}), stdout, stderr };
}
