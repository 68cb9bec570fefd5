/**
 * Tests that need a tool of the machine: skipped with a reason that the runner prints at the end, or failed where nothing may be
 * skipped. For tests only.
 */
import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SKIP_REPORT_VARIABLE, STRICT_VARIABLE } from '../runner/variables.ts';
import { missing, type Need } from './tools.ts';

export { installed } from './tools.ts';

type Suite = (name: string, tests: () => void) => void;

/** `needs('dnsmasq', 'udhcpc')('leases', () => {...})`: like `describe`, where all of it is there. */
export function needs(...wanted: readonly Need[]): Suite {
  const reasons = wanted.map(missing).filter((reason) => reason !== null);
  if (reasons.length === 0) return (name, tests) => void describe(name, tests);
  const why = reasons.join('; ');
  if (process.env[STRICT_VARIABLE] === '1') {
    return (name) =>
      void describe(name, () => {
        it('has what it needs', () => expect(reasons).toEqual([]));
      });
  }
  return (name, tests) => {
    const report = process.env[SKIP_REPORT_VARIABLE];
    if (report !== undefined) appendFileSync(report, `${name}: ${why}\n`);
    describe.skip(name, tests);
  };
}
