/**
 * Learns which DHCP servers a segment has, and the addresses that each hands out, from what is heard and from lease files.
 * A span is only ever what was seen: a server that was not heard, or an address that it did not hand out yet, is not known. What
 * was not handed out for a month is forgotten: scopes are narrowed. Bounded; transient and mutable, owned by one daemon.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import { dayOf, forgetOld, MAX_HANDED_OUT, noteAddress, spanOf, wasHandedOut } from './handed-out.ts';
import type { DhcpServer, DhcpServerKey, HandedOutDays } from './types.ts';

/** For each segment; the one heard longest ago is forgotten first … */
export const MAX_SERVERS_PER_SEGMENT = 64;
/** … but none that was heard within this time, in ms: else a stream of invented servers would push out the real one, and each other. */
export const SERVER_KEPT_MS = 10 * 60_000;
/** A server of which nothing is new is worth storing this often. */
const STORE_INTERVAL_MS = 60_000;
/** An address is forgotten this long after it was last handed out, and a server that has none left this long after it was heard. */
export const KEPT_DAYS = 30;

export interface Scopes {
  readonly bySegment: Map<string, Map<DhcpServerKey, Known>>;
  /** Messages of servers that there was no room for. */
  refused: number;
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
  const scopes: Scopes = { bySegment: new Map(), refused: 0 };
  for (const server of [...known].sort((a, b) => b.lastHeardMs - a.lastHeardMs)) {
    const servers = serversIn(scopes, server.segment);
    if (servers.size < MAX_SERVERS_PER_SEGMENT)
      servers.set(server.server, { server: withEnds(server), storedMs: server.lastHeardMs });
  }
  return scopes;
}

/**
 * @returns the server as it is now, where that is worth storing: it is new, it hands out an address that it did not before, or a
 * minute has passed; else null
 */
export function noteHandedOut(scopes: Scopes, { segment, server, mac, address, atMs }: HandedOut): DhcpServer | null {
  const servers = serversIn(scopes, segment);
  const known = servers.get(server);
  if (known === undefined) {
    const met = { segment, server, mac, span: null, firstHeardMs: atMs, lastHeardMs: atMs, messages: 1 };
    return meet(scopes, servers, handsOut(met, address, atMs), atMs);
  }
  const before = known.server;
  const wasKnown = address === null || wasHandedOut(before.handedOut, address);
  const heard = {
    ...before,
    mac: mac ?? before.mac,
    lastHeardMs: Math.max(before.lastHeardMs, atMs),
    messages: before.messages + 1,
  };
  known.server = handsOut(heard, address, atMs);
  return worthStoring(known, !wasKnown && wasHandedOut(known.server.handedOut, address), atMs);
}

/**
 * All lease files of a segment were read: what they hold now is all that counts, so their span may shrink.
 * @param addresses of all leases, in any order
 * @param whole false where not every file could be read: then what is known of them stays
 * @returns as `noteHandedOut`; null also where there is no lease and never was one
 */
export function noteLeases(
  scopes: Scopes,
  segment: string,
  addresses: readonly Ipv4[],
  atMs: number,
  whole = true,
): DhcpServer | null {
  const servers = serversIn(scopes, segment);
  const known = servers.get('lease-file');
  const before = known?.server;
  const day = dayOf(atMs);
  const kept = whole ? undefined : before?.handedOut;
  let handedOut: HandedOutDays | undefined = kept === undefined ? undefined : { ...kept, days: kept.days.slice() };
  for (const address of addresses) handedOut = noteAddress(handedOut, address, day);
  const span = handedOut === undefined ? null : spanOf(handedOut);
  const has = { span, ...(handedOut === undefined ? {} : { handedOut }) };
  if (known === undefined || before === undefined) {
    if (span === null) return null;
    const server: DhcpServerKey = 'lease-file';
    const met = { segment, server, mac: null, ...has, firstHeardMs: atMs, lastHeardMs: atMs, messages: 1 };
    return meet(scopes, servers, met, atMs);
  }
  const { handedOut: _, ...rest } = before;
  known.server = { ...rest, ...has, lastHeardMs: Math.max(before.lastHeardMs, atMs), messages: before.messages + 1 };
  return worthStoring(known, !sameAddresses(before.handedOut, handedOut), atMs);
}

/**
 * Forgets what was handed out too long ago. Lease files are left alone: they were read, and say what holds.
 * @returns the servers that have fewer addresses now, or are forgotten; to be stored as they are here
 */
export function ageScopes({ bySegment }: Scopes, nowMs: number): readonly DhcpServer[] {
  const today = dayOf(nowMs);
  const fromDay = today - KEPT_DAYS;
  const aged: DhcpServer[] = [];
  for (const servers of bySegment.values()) {
    for (const [key, known] of servers) {
      const { handedOut, lastHeardMs } = known.server;
      if (key === 'lease-file') continue;
      const isSilent = dayOf(lastHeardMs) < fromDay;
      const forgot = handedOut !== undefined && forgetOld(handedOut, fromDay, today);
      if (forgot) known.server = { ...known.server, span: spanOf(handedOut) };
      // Of a span without addresses, of which only the ends are known, nothing else says how old it is.
      else if (isSilent && handedOut === undefined) known.server = { ...known.server, span: null };
      const isGone = isSilent && known.server.span === null;
      if (isGone) servers.delete(key);
      if (forgot || isGone) aged.push(known.server);
    }
  }
  return aged;
}

/** Of one segment, or of all; by segment, lease files last, else ascending. */
export function serversOf(scopes: Scopes, segment?: string): readonly DhcpServer[] {
  const names = segment === undefined ? [...scopes.bySegment.keys()].sort() : [segment];
  const order = ({ server }: DhcpServer): number => (server === 'lease-file' ? Number.POSITIVE_INFINITY : server);
  return names.flatMap((name) =>
    [...(scopes.bySegment.get(name)?.values() ?? [])].map(({ server }) => server).sort((a, b) => order(a) - order(b)),
  );
}

function handsOut(server: DhcpServer, address: Ipv4 | null, atMs: number): DhcpServer {
  if (address === null) return server;
  const handedOut = noteAddress(server.handedOut, address, dayOf(atMs));
  const { span } = server;
  const isInside = span !== null && server.handedOut !== undefined && address >= span.first && address <= span.last;
  return { ...server, handedOut, span: isInside ? span : spanOf(handedOut) };
}

/** Of what was stored without its addresses, the ends of the span are known. More than a segment can hold was never one. */
function withEnds(server: DhcpServer): DhcpServer {
  const { span, handedOut, lastHeardMs } = server;
  if (span === null || handedOut !== undefined || span.last - span.first >= MAX_HANDED_OUT - 2 * 64) return server;
  const day = dayOf(lastHeardMs);
  return { ...server, handedOut: noteAddress(noteAddress(undefined, span.first, day), span.last, day) };
}

function sameAddresses(a: HandedOutDays | undefined, b: HandedOutDays | undefined): boolean {
  const x = a === undefined ? null : spanOf(a);
  const y = b === undefined ? null : spanOf(b);
  if (x === null || y === null) return x === y;
  if (x.first !== y.first || x.last !== y.last) return false;
  for (let address = x.first; address <= x.last; address++) {
    if (wasHandedOut(a, address as Ipv4) !== wasHandedOut(b, address as Ipv4)) return false;
  }
  return true;
}

function meet(scopes: Scopes, servers: Map<DhcpServerKey, Known>, server: DhcpServer, atMs: number): DhcpServer | null {
  if (servers.size >= MAX_SERVERS_PER_SEGMENT && !forgetOldest(servers, atMs)) {
    scopes.refused++;
    return null;
  }
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
