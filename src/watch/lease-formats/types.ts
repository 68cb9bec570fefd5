/**
 * What the readers of the lease formats have in common: text in pieces goes in, the leases that stand at its end come out.
 * Bounded: a file can make them keep no more than MAX_ADDRESSES entries. Pure; nothing in a file makes them throw.
 */
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Lease } from '../../core/evidence/facts.ts';
import { printable } from '../../core/text.ts';

export type LeaseFormat = 'dnsmasq' | 'isc' | 'kea';

/** As many as the largest segment has. */
export const MAX_ADDRESSES = 65_536;
/** RFC 2132 section 2: what an option can hold. */
const MAX_HOSTNAME = 255;

export interface LeaseFileContent {
  readonly leases: ReadonlyMap<Ipv4, Lease>;
  /** Addresses whose newest entry is no lease: ended, given back, taken back. The server handed them out once. */
  readonly former: readonly Ipv4[];
  /** Addresses that the server holds back because it found somebody else there (ISC: abandoned; Kea: declined). */
  readonly declined: readonly Ipv4[];
  /** Lines, rows or declarations that were not understood. */
  readonly malformed: number;
  /** Whether every address found room. */
  readonly whole: boolean;
}

export interface LeaseParser {
  /** The next piece of a file, cut anywhere. */
  push(text: string): void;
  /** The file is at its end; the next piece is the beginning of another one that adds to it. */
  endFile(): void;
  content(): LeaseFileContent;
}

/** What a line, row or declaration says. */
export type LeaseEntry =
  | ({ readonly kind: 'lease' } & Omit<Lease, 'source'>)
  | { readonly kind: 'former' | 'declined'; readonly address: Ipv4 }
  | { readonly kind: 'malformed' }
  /** Nothing about an IPv4 address. */
  | { readonly kind: 'other' };

export const MALFORMED: LeaseEntry = { kind: 'malformed' };
export const OTHER: LeaseEntry = { kind: 'other' };

/** The newest entry of each address: a later one replaces an earlier one. */
export interface LeaseTable {
  take(entry: LeaseEntry): void;
  content(): LeaseFileContent;
}

export function leaseTable(maxAddresses: number = MAX_ADDRESSES): LeaseTable {
  const entries = new Map<Ipv4, Lease | 'former' | 'declined'>();
  let malformed = 0;
  let whole = true;
  const put = (address: Ipv4, entry: Lease | 'former' | 'declined'): void => {
    if (entries.size < maxAddresses || entries.has(address)) entries.set(address, entry);
    else whole = false;
  };
  return {
    take: (entry) => {
      switch (entry.kind) {
        case 'lease': {
          const { address, mac, hostname, endsMs } = entry;
          put(address, { address, mac: detached(mac), hostname: detached(hostname), endsMs, source: 'lease-file' });
          return;
        }
        case 'former':
        case 'declined':
          put(entry.address, entry.kind);
          return;
        case 'malformed':
          malformed++;
          return;
        case 'other':
          return;
      }
    },
    content: () => {
      const leases = new Map<Ipv4, Lease>();
      const former: Ipv4[] = [];
      const declined: Ipv4[] = [];
      for (const [address, entry] of entries) {
        if (entry === 'former') former.push(address);
        else if (entry === 'declined') declined.push(address);
        else leases.set(address, entry);
      }
      return { leases, former, declined, malformed, whole };
    },
  };
}

/** A copy: what was cut out of a piece of a file would keep the whole piece in memory. */
const detached = <Text extends string>(text: Text | null): Text | null =>
  text === null ? null : (Buffer.from(text, 'utf8').toString('utf8') as Text);

/** A name as a client sent it, made safe to show; null where nothing is left of it. */
export const hostnameOf = (text: string): string | null => {
  const shown = printable(text, MAX_HOSTNAME);
  return shown === '' ? null : shown;
};
