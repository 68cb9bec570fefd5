/**
 * A sighting: "address A was used, or is about to be, by MAC M at time T". Made once, at the edge, from a frame or a table;
 * after that nobody sees bytes. This file names the sources and says which of them are only an intent.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';

/** Append only: a source's position is its bit in the ledger. */
export const SIGHTING_SOURCES = [
  'arp-reply',
  'arp-request',
  'arp-announcement',
  'arp-probe',
  'dhcp-request',
  'dhcp-ack',
  'dhcp-offer',
  'dhcp-decline',
  'lease-file',
  'icmp-reply',
  'neighbour',
] as const;
export type SightingSource = (typeof SIGHTING_SOURCES)[number];

export interface Sighting {
  /** The segment's name. */
  readonly segment: string;
  readonly address: Ipv4;
  /** Who; null where the source cannot tell (an ICMP reply through a router). */
  readonly mac: Mac | null;
  /** Epoch milliseconds, the kernel's stamp where there is one. */
  readonly atMs: number;
  readonly source: SightingSource;
  /** What the device calls itself (DHCP option 12, a lease file). */
  readonly hostname?: string;
}

/** A set of sources, one bit each: bit i is SIGHTING_SOURCES[i]. */
export type SourceBits = number;

const BITS = new Map<SightingSource, number>(SIGHTING_SOURCES.map((source, index) => [source, 1 << index]));

export const sourceBit = (source: SightingSource): SourceBits => BITS.get(source) ?? 0;

export const sourcesOf = (bits: SourceBits): SightingSource[] =>
  SIGHTING_SOURCES.filter((_, index) => (bits & (1 << index)) !== 0);

/** Sources that say "is about to", or "was told it may", and not "is there": no proof of use, but none of quiet either. */
const INTENTS: ReadonlySet<SightingSource> = new Set(['arp-probe', 'dhcp-request', 'dhcp-ack', 'dhcp-offer', 'lease-file']);

export const isIntent = (source: SightingSource): boolean => INTENTS.has(source);

/** The bits of all sources that are intents. */
export const INTENT_BITS: SourceBits = [...INTENTS].reduce((bits, source) => bits | sourceBit(source), 0);
