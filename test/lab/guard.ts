/**
 * The lab's safety catch: refuses to make anything or send any frame unless this process is in an enclosure
 * (enclosure.ts). Never makes one itself.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { FreeholdError } from '../../src/core/error.ts';
import { ENCLOSURE_VARIABLE } from './enclosure.ts';

/** Interfaces of this process's network namespace: /proc/net follows the process, /sys/class/net only the mount. */
export function interfaceNames(): readonly string[] {
  return readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .map((line) => line.split(':')[0]?.trim() ?? '')
    .filter((name) => name !== '');
}

/** Why this process is not safely enclosed; null when it is. */
export function whyNotEnclosed(): string | null {
  const [host, own, ...rest] = (process.env[ENCLOSURE_VARIABLE] ?? '').split(' ');
  if (host === undefined || own === undefined || rest.length > 0) return 'it was not started in an enclosure';
  const current = readlinkSync('/proc/self/ns/net');
  if (current === host) return "its network namespace is the machine's own";
  const made = namespaceNames().map((name) => `net:[${statSync(`/run/netns/${name}`).ino}]`);
  if (current !== own && !made.includes(current)) return 'its network namespace is not one of its enclosure';
  const physical = interfaceNames().find((name) => existsSync(`/sys/class/net/${name}/device`));
  if (physical !== undefined) return `its network namespace holds the real network card ${physical}`;
  return null;
}

/** Throws unless the current network namespace is one of our enclosures (or one that the lab made inside it). */
export function assertEnclosed(): void {
  const reason = whyNotEnclosed();
  if (reason === null) return;
  throw new FreeholdError('lab-not-enclosed', `The lab refuses to run here: ${reason}.`, {
    hint: 'Run it through "npm test", or "node test/run.ts lab" for these tests alone.',
  });
}

/** How many virtual interfaces of the lab are here now; a test's last look at what was left behind. */
export const countLabInterfaces = (): number => interfaceNames().filter((name) => name !== 'lo').length;

/** Names of the network namespaces that exist in this enclosure. */
export function namespaceNames(): readonly string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns').sort() : [];
}
