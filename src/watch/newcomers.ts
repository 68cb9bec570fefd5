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
const LINES_PER_FLUSH = 20;
/** MACs remembered for each address; a stranger could make more. */
const MACS_REMEMBERED = 8;

/** @returns what the recorder calls with a batch, before it is written */
export function newcomerLog(
  ledger: Ledger,
  logger: Logger,
  segmentName: (id: SegmentId) => string,
): (batch: readonly FoldedSighting[]) => void {
  const macs = new Map<string, Set<string>>();
  return (batch) => {
    let lines = 0;
    let more = 0;
    for (const { segment, address, mac, intent, lastMs, hostname } of batch) {
      if (intent || mac === null) continue;
      const key = `${segment}/${address}`;
      const known = macs.get(key) ?? new Set<string>();
      const other = !known.has(mac) && known.size > 0;
      const anew = !other && lastMs - lastUse(ledger, segment, address) > ANEW_MS;
      if (known.size < MACS_REMEMBERED) known.add(mac);
      macs.set(key, known);
      if (!anew && !other) continue;
      if (lines++ >= LINES_PER_FLUSH) {
        more++;
        continue;
      }
      const facts = { segment: segmentName(segment), address: formatIpv4(address), mac, vendor: vendorOf(mac), hostname };
      logger.info(facts, anew ? 'an address came into use' : 'another MAC answers for an address');
    }
    if (more > 0) logger.info({ more }, 'and more addresses came into use');
  };
}

function lastUse(ledger: Ledger, segment: SegmentId, address: Ipv4): number {
  const columns = ledger.sightingColumns(segment);
  return columns.lastUseMs[address - columns.first] ?? 0;
}
