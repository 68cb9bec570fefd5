/**
 * The kernel's neighbour table through the optional package `arp-a`: whom this machine has talked to. Sends nothing and runs
 * no program: on Linux the package reads /proc/net/arp.
 *
 * The package gives no flags, and the kernel keeps the old MAC of a neighbour that has stopped answering: so each entry is
 * checked against the table's own flags, and only a complete one is a neighbour.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parseIpv4 } from '../core/address/ipv4.ts';
import { isGroupMac, parseMac, ZERO_MAC } from '../core/address/mac.ts';
import type { Neighbour } from './types.ts';

const TABLE = '/proc/net/arp';
/** ATF_COM: the hardware address is known, and valid. */
const COMPLETE = 0x2;

interface ArpEntry {
  readonly ip: string;
  readonly mac: string;
  /** Missing where the line is cut short. */
  readonly iface?: string | undefined;
}

interface ArpPackage {
  /** Calls back once for each entry, then with null; or once with an error. */
  readonly arpTable: (callback: (error: Error | null, entry: ArpEntry | null) => void) => void;
}

/** Complete entries; null where the package is not installed or the table cannot be read. */
export async function readNeighbours(): Promise<readonly Neighbour[] | null> {
  const arp = loadPackage();
  if (arp === null) return null;
  try {
    const [entries, table] = await Promise.all([entriesOf(arp), readFile(TABLE, 'latin1')]);
    return neighboursOf(entries, table);
  } catch {
    return null;
  }
}

/** @param table the text of /proc/net/arp, for its flags */
export function neighboursOf(entries: readonly ArpEntry[], table: string): readonly Neighbour[] {
  const complete = completeEntries(table);
  const neighbours: Neighbour[] = [];
  for (const { ip, mac: writtenMac, iface } of entries) {
    if (iface === undefined || !complete.has(keyOf(ip, writtenMac, iface))) continue;
    const address = parseIpv4(ip);
    const mac = parseMac(writtenMac);
    if (!address.ok || !mac.ok || mac.value === ZERO_MAC || isGroupMac(mac.value)) continue;
    neighbours.push({ interfaceName: iface, address: address.value, mac: mac.value });
  }
  return neighbours;
}

/** Columns: address, hardware type, flags, hardware address, mask, device. */
function completeEntries(table: string): ReadonlySet<string> {
  const complete = new Set<string>();
  for (const line of table.split('\n').slice(1)) {
    const [ip, , flags, mac, , iface] = line.split(/ +/);
    if (ip === undefined || mac === undefined || iface === undefined) continue;
    if ((Number(flags) & COMPLETE) !== 0) complete.add(keyOf(ip, mac, iface));
  }
  return complete;
}

const keyOf = (ip: string, mac: string, iface: string): string => `${iface} ${ip} ${mac}`;

function entriesOf(arp: ArpPackage): Promise<readonly ArpEntry[]> {
  return new Promise((resolve, reject) => {
    const entries: ArpEntry[] = [];
    arp.arpTable((error, entry) => {
      if (error !== null) reject(error);
      else if (entry === null) resolve(entries);
      else entries.push(entry);
    });
  });
}

function loadPackage(): ArpPackage | null {
  try {
    const loaded: Partial<ArpPackage> = createRequire(import.meta.url)('arp-a');
    return loaded.arpTable === undefined ? null : { arpTable: loaded.arpTable };
  } catch {
    return null;
  }
}
