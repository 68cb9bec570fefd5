/**
 * Tests that need a tool of the machine: skipped with a reason that the runner prints at the end, or failed where nothing may be
 * skipped. For tests only.
 */
import { accessSync, appendFileSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SKIP_REPORT_VARIABLE, STRICT_VARIABLE } from '../runner/variables.ts';
import { searchPath } from './enclosure.ts';

/** Debian's package of each tool. */
const PACKAGES = {
  dnsmasq: 'dnsmasq-base',
  udhcpc: 'udhcpc',
  arping: 'iputils-arping',
  ping: 'iputils-ping',
  'arp-scan': 'arp-scan',
  nmap: 'nmap',
  fping: 'fping',
  tcpdump: 'tcpdump',
} as const;

/** `raw-socket` is the compiled add-on for ICMP. */
export type Need = keyof typeof PACKAGES | 'raw-socket';

/** Whether a program of this name is on the lab's search path. */
export function installed(tool: string): boolean {
  return searchPath()
    .split(delimiter)
    .some((folder) => {
      try {
        accessSync(join(folder, tool), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function addOnLoads(): boolean {
  try {
    createRequire(import.meta.url)('raw-socket');
    return true;
  } catch {
    return false;
  }
}

function missing(need: Need): string | null {
  if (need === 'raw-socket') return addOnLoads() ? null : 'the ICMP add-on raw-socket is not built';
  return installed(need) ? null : `${need} (Debian package ${PACKAGES[need]}) is not installed`;
}

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
