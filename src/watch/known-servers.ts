/**
 * The DHCP servers of all segments: learned from what is heard and from lease files, kept in the ledger. Says when one turns up
 * that is not meant to be there. That none was heard means nothing: switches may keep DHCP from us.
 */
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import { createScopes, noteHandedOut, noteLeases, type Scopes, serversOf } from '../core/dhcp/scopes.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';
import type { GuardStore } from '../ledger/guard-types.ts';
import type { Logger } from '../system/logger.ts';
import type { HandedOut } from './dhcp-hearing.ts';

/** Servers that were reported as unexpected; more are not, until one of them is forgotten. */
const MAX_REPORTED = 1024;

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
    for (const segment of this.#scopes.keys()) if (!segments.includes(segment)) this.#scopes.delete(segment);
    for (const segment of segments) this.#scopesOf(segment);
  }

  /** @returns whether the servers changed in a way that matters */
  heard(segment: string, { server, mac, address }: HandedOut, atMs: number): boolean {
    const changed = noteHandedOut(this.#scopesOf(segment), { segment, server, mac, address, atMs });
    if (changed === null) return false;
    this.#changed.set(keyOf(changed), changed);
    this.#report(changed, atMs);
    return true;
  }

  /** All addresses of the segment that lease files name. */
  leases(segment: string, addresses: readonly Ipv4[], atMs: number): boolean {
    const changed = noteLeases(this.#scopesOf(segment), segment, addresses, atMs);
    if (changed === null) return false;
    this.#changed.set(keyOf(changed), changed);
    return true;
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

  /** Stores what changed; what the disk refuses is tried again at the next call. Never throws. */
  store(): void {
    if (this.#changed.size === 0) return;
    try {
      this.#options.store.recordDhcpServers([...this.#changed.values()]);
      this.#changed.clear();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#options.logger.warn({ err: error }, 'DHCP servers cannot be stored; trying again every second');
      this.#failing = true;
    }
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
