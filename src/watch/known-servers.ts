/**
 * The DHCP servers of all segments: learned from what is heard and from lease files, kept in the ledger. Says when one turns up
 * that is not meant to be there. That none was heard means nothing: switches may keep DHCP from us.
 */
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import { contains, type Ipv4Range } from '../core/address/range.ts';
import { dayOf } from '../core/dhcp/handed-out.ts';
import {
  ageScopes,
  createScopes,
  MAX_SERVERS_PER_SEGMENT,
  noteHandedOut,
  noteLeases,
  type Scopes,
  serversOf,
} from '../core/dhcp/scopes.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';
import type { GuardStore } from '../ledger/guard-types.ts';
import type { Logger } from '../system/logger.ts';
import type { HandedOut } from './dhcp-hearing.ts';

/** Servers that were reported as unexpected; more are not, until one of them is forgotten. */
const MAX_REPORTED = 1024;
/** Addresses stored at once, two bytes each: what a flood of invented servers makes on a /16 is spread over the next calls. */
const MAX_STORED_AT_ONCE = 8 * 65_536;

export interface KnownServersOptions {
  readonly store: Pick<GuardStore, 'dhcpServers' | 'recordDhcpServers'>;
  readonly logger: Logger;
  readonly onUnexpected: (server: DhcpServer, atMs: number) => void;
}

export class KnownServers {
  readonly #options: KnownServersOptions;
  /** By segment; begun with what an earlier run learned of it. */
  readonly #scopes = new Map<string, Scopes>();
  /** To be stored, by segment and server. */
  readonly #changed = new Map<string, DhcpServer>();
  readonly #reported = new Set<string>();
  /** Segments with more servers than there is room for, which was said. */
  readonly #crowded = new Set<string>();
  /** Of the newest `age`, as whole days. */
  #agedOn = 0;
  #expected: readonly Ipv4[];
  #failing = false;

  constructor(expected: readonly Ipv4[], options: KnownServersOptions) {
    this.#options = options;
    this.#expected = expected;
  }

  expect(servers: readonly Ipv4[]): void {
    this.#expected = servers;
    this.#reported.clear();
  }

  /** These segments are watched, and no others: what an earlier run learned of them counts from now on. */
  keep(segments: readonly string[]): void {
    for (const segment of this.#scopes.keys()) {
      if (segments.includes(segment)) continue;
      this.#scopes.delete(segment);
      this.#crowded.delete(segment);
    }
    for (const segment of segments) this.#scopesOf(segment);
  }

  /**
   * @param range of the segment: what is handed out to another subnet, by a relay on this wire, say, is none of its addresses
   * @returns whether the servers changed in a way that matters
   */
  heard(segment: string, { server, mac, address }: HandedOut, atMs: number, range: Ipv4Range): boolean {
    const scopes = this.#scopesOf(segment);
    const refused = scopes.refused;
    const here = address !== null && contains(range, address) ? address : null;
    const changed = noteHandedOut(scopes, { segment, server, mac, address: here, atMs });
    if (scopes.refused > refused) this.#sayCrowded(segment, server);
    if (changed === null) return false;
    this.#toStore(changed);
    this.#report(changed, atMs);
    return true;
  }

  /**
   * All addresses of the segment that lease files name.
   * @param whole false where not every file could be read so far: what was known stays
   */
  leases(segment: string, addresses: readonly Ipv4[], atMs: number, whole = true): boolean {
    const changed = noteLeases(this.#scopesOf(segment), segment, addresses, atMs, whole);
    if (changed === null) return false;
    this.#toStore(changed);
    return true;
  }

  /**
   * To be called now and then; looks once a day. Forgets what was not handed out for a month.
   * @returns whether the servers changed
   */
  age(nowMs: number): boolean {
    const today = dayOf(nowMs);
    if (today === this.#agedOn) return false;
    this.#agedOn = today;
    const aged = [...this.#scopes.values()].flatMap((scopes) => ageScopes(scopes, nowMs));
    for (const server of aged) this.#toStore(server);
    return aged.length > 0;
  }

  of(segment?: string): readonly DhcpServer[] {
    if (segment !== undefined) return serversOf(this.#scopesOf(segment));
    return [...this.#scopes.values()].flatMap((scopes) => serversOf(scopes));
  }

  /** Not among the configured ones; where none is configured, any but the first that was heard on its segment. */
  isUnexpected({ segment, server }: DhcpServer): boolean {
    if (server === 'lease-file') return false;
    if (this.#expected.length > 0) return !this.#expected.includes(server);
    const first = this.of(segment)
      .filter((other) => other.server !== 'lease-file')
      .reduce<DhcpServer | null>(
        (oldest, other) => (oldest === null || other.firstHeardMs < oldest.firstHeardMs ? other : oldest),
        null,
      );
    return first !== null && first.server !== server;
  }

  /** Stores some of what changed; the rest, and what the disk refuses, at the next call. Never throws. */
  store(): void {
    if (this.#changed.size === 0) return;
    const some: [string, DhcpServer][] = [];
    let addresses = 0;
    for (const [key, server] of this.#changed) {
      addresses += server.handedOut?.days.length ?? 0;
      if (addresses > MAX_STORED_AT_ONCE) break;
      some.push([key, server]);
    }
    try {
      this.#options.store.recordDhcpServers(some.map(([, server]) => server));
      for (const [key] of some) this.#changed.delete(key);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#options.logger.warn({ err: error }, 'DHCP servers cannot be stored; trying again every second');
      this.#failing = true;
    }
  }

  #toStore(server: DhcpServer): void {
    this.#changed.set(keyOf(server), server);
  }

  /** Once: whoever invents servers must not fill the log too. */
  #sayCrowded(segment: string, server: Ipv4): void {
    if (this.#crowded.has(segment)) return;
    this.#crowded.add(segment);
    this.#options.logger.warn(
      { segment, servers: MAX_SERVERS_PER_SEGMENT, refused: formatIpv4(server) },
      'too many DHCP servers are on a segment: no further one is taken note of, not even one that hands out addresses of a pool',
    );
  }

  #report(server: DhcpServer, atMs: number): void {
    const key = keyOf(server);
    if (this.#reported.has(key) || this.#reported.size >= MAX_REPORTED || !this.isUnexpected(server)) return;
    this.#reported.add(key);
    this.#options.onUnexpected(server, atMs);
  }

  #scopesOf(segment: string): Scopes {
    const known = this.#scopes.get(segment);
    if (known !== undefined) return known;
    const scopes = createScopes(this.#options.store.dhcpServers(segment));
    this.#scopes.set(segment, scopes);
    return scopes;
  }
}

const keyOf = ({ segment, server }: DhcpServer): string => `${segment}/${server === 'lease-file' ? server : formatIpv4(server)}`;
