/**
 * Says in the log when an address comes into use, and when another MAC answers for one: what a person wants to see go by.
 * Bounded: a second brings a few lines, and then a count.
 */
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FoldedSighting, SegmentId } from '../ledger/types.ts';
import type { Logger } from '../system/logger.ts';
import { vendorOf } from '../system/vendors.ts';

/** Silent for this long, an address comes into use anew. */
const ANEW_MS = 3_600_000;
const LINES_PER_SECOND = 20;
/** MACs remembered for each address; a stranger could make more. */
const MACS_REMEMBERED = 8;
/** Addresses whose MACs are remembered; the one that was heard longest ago is forgotten first. */
const ADDRESSES_REMEMBERED = 8192;

/** @returns what the recorder calls with a slice of sightings, before it is written */
export function newcomerLog(
  ledger: Ledger,
  logger: Logger,
  segmentName: (id: SegmentId) => string,
): (slice: readonly FoldedSighting[]) => void {
  const macs = new Map<string, Set<string>>();
  let second = 0;
  let lines = 0;
  let more = 0;
  const remember = (key: string, known: Set<string>): void => {
    macs.delete(key);
    macs.set(key, known);
    if (macs.size <= ADDRESSES_REMEMBERED) return;
    for (const oldest of macs.keys()) {
      macs.delete(oldest);
      break;
    }
  };
  return (slice) => {
    // The time of the frames themselves: a flood is written in many slices a second.
    const newest = slice.reduce((latest, { lastMs }) => Math.max(latest, lastMs), 0);
    if (slice.length === 0 || Math.floor(newest / 1000) !== second) {
      if (more > 0) logger.info({ more }, 'and more addresses came into use');
      second = Math.floor(newest / 1000);
      lines = 0;
      more = 0;
    }
    for (const { segment, address, mac, intent, lastMs, hostname } of slice) {
      if (intent || mac === null) continue;
      const key = `${segment}/${address}`;
      const known = macs.get(key) ?? new Set<string>();
      const other = !known.has(mac) && known.size > 0;
      const anew = !other && lastMs - lastUse(ledger, segment, address) > ANEW_MS;
      if (known.size < MACS_REMEMBERED) known.add(mac);
      remember(key, known);
      if (!anew && !other) continue;
      if (lines >= LINES_PER_SECOND) {
        more++;
        continue;
      }
      lines++;
      const facts = { segment: segmentName(segment), address: formatIpv4(address), mac, vendor: vendorOf(mac), hostname };
      logger.info(facts, anew ? 'an address came into use' : 'another MAC answers for an address');
    }
  };
}

function lastUse(ledger: Ledger, segment: SegmentId, address: Ipv4): number {
  const columns = ledger.sightingColumns(segment);
  return columns.lastUseMs[address - columns.first] ?? 0;
}
