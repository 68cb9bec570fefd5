/**
 * All that was heard of the addresses of a range since a moment: what the ledger has after the flush, and ARP probes so new that it is
 * not known yet whether a scanner sent them. Our own frames are in neither. Judges nothing.
 */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { contains, type Ipv4Range } from '../../core/address/range.ts';
import { type SourceBits, sourceBit, sourcesOf } from '../../core/evidence/sighting.ts';
import { printable } from '../../core/text.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { SegmentRow } from '../../ledger/types.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { Recorder } from '../../watch/recorder.ts';
import type { HeardJson } from '../service.ts';
import { time } from './json.ts';

/** What a range can hold, where each address is answered for by its node. */
export const MOST_HEARD = 4096;
const HOSTNAME = 255;

export interface HeardQuery {
  readonly range: Ipv4Range;
  /** Epoch ms. */
  readonly sinceMs: number;
  /** Their probes announce no use. */
  readonly scanners: readonly Mac[];
}

interface Heard {
  readonly address: Ipv4;
  readonly mac: Mac | null;
  readonly hostname: string | null;
  readonly sources: SourceBits;
  readonly intent: boolean;
  readonly atMs: number;
}

/** Ascending by address, newest first at each; at most `MOST_HEARD`. */
export function heardOf(
  { ledger, recorder }: { readonly ledger: Pick<Ledger, 'occupants'>; readonly recorder: Pick<Recorder, 'undecided'> },
  segment: SegmentRow,
  { range, sinceMs, scanners }: HeardQuery,
): { readonly heard: readonly HeardJson[]; readonly heardTruncated: boolean } {
  const stored = ledger.occupants(segment.id, { sinceMs, range }).map(
    ({ address, mac, hostname, sources, intent, lastSeenMs }): Heard => ({
      address,
      mac,
      hostname,
      sources,
      intent,
      atMs: lastSeenMs,
    }),
  );
  const key = ({ address, mac, intent }: Pick<Heard, 'address' | 'mac' | 'intent'>): string => `${address} ${mac} ${intent}`;
  const all = new Map(stored.map((one) => [key(one), one]));
  for (const { address, mac, atMs } of recorder.undecided(segment.id)) {
    if (!contains(range, address) || atMs < sinceMs || mac === null || scanners.includes(mac)) continue;
    const probe: Heard = { address, mac, hostname: null, sources: sourceBit('arp-probe'), intent: true, atMs };
    const known = all.get(key(probe));
    all.set(
      key(probe),
      known === undefined ? probe : { ...known, sources: known.sources | probe.sources, atMs: Math.max(known.atMs, atMs) },
    );
  }
  const sorted = [...all.values()].sort((a, b) => a.address - b.address || b.atMs - a.atMs);
  return { heard: sorted.slice(0, MOST_HEARD).map(heardJson), heardTruncated: sorted.length > MOST_HEARD };
}

const heardJson = ({ address, mac, hostname, sources, intent, atMs }: Heard): HeardJson => ({
  address: formatIpv4(address),
  mac,
  vendor: mac === null ? null : vendorOf(mac),
  hostname: hostname === null ? null : printable(hostname, HOSTNAME),
  sources: sourcesOf(sources),
  intent,
  at: time(atMs),
});
