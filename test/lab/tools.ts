/**
 * The machine's tools that the lab makes use of: which are there, and what to install for those that are not.
 */
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
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
  'systemd-analyze': 'systemd',
  'systemd-notify': 'systemd',
  openssl: 'openssl',
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

/** Why this is not to be had here; null where it is. */
export function missing(need: Need): string | null {
  if (need === 'raw-socket') return addOnLoads() ? null : 'the ICMP add-on raw-socket is not built';
  return installed(need) ? null : `${need} (Debian package ${PACKAGES[need]}) is not installed`;
}
