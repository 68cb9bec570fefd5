/**
 * Learns which DHCP servers a segment has, and the span of addresses that each hands out, from what is heard and from lease files.
 * A span is only ever what was seen: a server that was not heard, or an address that it did not hand out yet, is not known.
 * Bounded; transient and mutable, owned by one daemon.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { DhcpServer, DhcpServerKey } from './types.ts';

/** For each segment; the one heard longest ago is forgotten first … */
export const MAX_SERVERS_PER_SEGMENT = 64;
/** … but none that was heard within this time, in ms: else a stream of invented servers would push out the real one, and each other. */
export const SERVER_KEPT_MS = 10 * 60_000;
/** A server of which nothing is new is worth storing this often. */
const STORE_INTERVAL_MS = 60_000;

export interface Scopes {
  readonly bySegment: Map<string, Map<DhcpServerKey, Known>>;
}

interface Known {
  server: DhcpServer;
  /** When it was last given out to be stored. */
  storedMs: number;
}

/** A message from a server, or one in which a client names it. */
export interface HandedOut {
  readonly segment: string;
  /** Option 54 or, where an OFFER or ACK has none, its own source. */
  readonly server: Ipv4;
  /** Ethernet source of the server's message; null where only a client named it. */
  readonly mac: Mac | null;
  /** What an OFFER or ACK hands out; null for all else: a client may ask for anything. */
  readonly address: Ipv4 | null;
  /** Epoch ms. */
  readonly atMs: number;
}

/** @param known as stored */
export function createScopes(known: readonly DhcpServer[]): Scopes {
  const scopes: Scopes = { bySegment: new Map() };
  for (const server of [...known].sort((a, b) => b.lastHeardMs - a.lastHeardMs)) {
    const servers = serversIn(scopes, server.segment);
    if (servers.size < MAX_SERVERS_PER_SEGMENT) servers.set(server.server, { server, storedMs: server.lastHeardMs });
  }
  return scopes;
}

/** @returns the server as it is now, where that is worth storing: it is new, its span grew, or a minute has passed; else null */
export function noteHandedOut(scopes: Scopes, { segment, server, mac, address, atMs }: HandedOut): DhcpServer | null {
  const servers = serversIn(scopes, segment);
  const known = servers.get(server);
  const span = address === null ? null : { first: address, last: address };
  if (known === undefined) {
    return meet(servers, { segment, server, mac, span, firstHeardMs: atMs, lastHeardMs: atMs, messages: 1 }, atMs);
  }
  const before = known.server;
  const grown = widened(before.span, address);
  known.server = {
    ...before,
    mac: mac ?? before.mac,
    span: grown,
    lastHeardMs: Math.max(before.lastHeardMs, atMs),
    messages: before.messages + 1,
  };
  return worthStoring(known, grown !== before.span, atMs);
}

/**
 * All lease files of a segment were read: their span is that of the leases they hold now, so it may shrink.
 * @param addresses of all leases, in any order
 * @returns as `noteHandedOut`; null also where there is no lease and never was one
 */
export function noteLeases(scopes: Scopes, segment: string, addresses: readonly Ipv4[], atMs: number): DhcpServer | null {
  const servers = serversIn(scopes, segment);
  const known = servers.get('lease-file');
  const span = addresses.reduce<DhcpServer['span']>(widened, null);
  if (known === undefined) {
    if (span === null) return null;
    const server: DhcpServerKey = 'lease-file';
    return meet(servers, { segment, server, mac: null, span, firstHeardMs: atMs, lastHeardMs: atMs, messages: 1 }, atMs);
  }
  const before = known.server;
  known.server = { ...before, span, lastHeardMs: Math.max(before.lastHeardMs, atMs), messages: before.messages + 1 };
  return worthStoring(known, span?.first !== before.span?.first || span?.last !== before.span?.last, atMs);
}

/** Of one segment, or of all; by segment, lease files last, else ascending. */
export function serversOf(scopes: Scopes, segment?: string): readonly DhcpServer[] {
  const names = segment === undefined ? [...scopes.bySegment.keys()].sort() : [segment];
  const order = ({ server }: DhcpServer): number => (server === 'lease-file' ? Number.POSITIVE_INFINITY : server);
  return names.flatMap((name) =>
    [...(scopes.bySegment.get(name)?.values() ?? [])].map(({ server }) => server).sort((a, b) => order(a) - order(b)),
  );
}

/** The same value where the address lies in the span already. */
function widened(span: DhcpServer['span'], address: Ipv4 | null): DhcpServer['span'] {
  if (address === null) return span;
  if (span === null) return { first: address, last: address };
  if (address >= span.first && address <= span.last) return span;
  return { first: Math.min(span.first, address) as Ipv4, last: Math.max(span.last, address) as Ipv4 };
}

function meet(servers: Map<DhcpServerKey, Known>, server: DhcpServer, atMs: number): DhcpServer | null {
  if (servers.size >= MAX_SERVERS_PER_SEGMENT && !forgetOldest(servers, atMs)) return null;
  servers.set(server.server, { server, storedMs: atMs });
  return server;
}

/** Lease files are configured, not met: they stay. A clock set back must not keep strangers for ever. */
function forgetOldest(servers: Map<DhcpServerKey, Known>, atMs: number): boolean {
  let oldest: DhcpServer | null = null;
  for (const { server } of servers.values()) {
    if (server.server !== 'lease-file' && (oldest === null || server.lastHeardMs < oldest.lastHeardMs)) oldest = server;
  }
  if (oldest === null || Math.abs(atMs - oldest.lastHeardMs) < SERVER_KEPT_MS) return false;
  return servers.delete(oldest.server);
}

function worthStoring(known: Known, changed: boolean, atMs: number): DhcpServer | null {
  if (!changed && Math.abs(atMs - known.storedMs) < STORE_INTERVAL_MS) return null;
  known.storedMs = atMs;
  return known.server;
}

function serversIn({ bySegment }: Scopes, segment: string): Map<DhcpServerKey, Known> {
  const known = bySegment.get(segment);
  if (known !== undefined) return known;
  const servers = new Map<DhcpServerKey, Known>();
  bySegment.set(segment, servers);
  return servers;
}
