/**
 * Table `dhcp_server`: what was learned of the DHCP servers of each segment. Forgets nothing for its age: that is decided where it
 * was learned (core/dhcp/scopes.ts), and stored here.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { MAX_HANDED_OUT } from '../core/dhcp/handed-out.ts';
import type { DhcpServer, DhcpServerKey, HandedOutDays } from '../core/dhcp/types.ts';
import { clip, stamp } from './conflicts.ts';
import { macFromNumber, macToNumber } from './encoding.ts';

/** Of each segment; beyond that the ones heard longest ago go. */
export const MAX_SERVERS = 64;
const MAX_SEGMENT_NAME = 253;
/** All lease files together: no address is negative. */
const LEASE_FILE = -1;

type Row = [
  server: number,
  mac: number | null,
  spanFirst: Ipv4 | null,
  spanLast: Ipv4 | null,
  firstHeardMs: number,
  lastHeardMs: number,
  messages: number,
  handedOut: Buffer | null,
];

const COLUMNS = 'server, mac, span_first, span_last, first_heard, last_heard, messages, handed_out';

export class DhcpServers {
  readonly #sql;
  readonly #record: Database.Transaction<(servers: readonly DhcpServer[]) => void>;

  constructor(database: Database.Database) {
    this.#sql = {
      put: database.prepare<[string, ...Row]>(
        `INSERT OR REPLACE INTO dhcp_server (segment, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      all: database.prepare<[string], Row>(`SELECT ${COLUMNS} FROM dhcp_server WHERE segment = ? ORDER BY server`).raw(),
      dropOldest: database.prepare<[{ segment: string; kept: number }]>(
        `DELETE FROM dhcp_server WHERE segment = @segment AND server NOT IN
         (SELECT server FROM dhcp_server WHERE segment = @segment ORDER BY last_heard DESC, server LIMIT @kept)`,
      ),
    };
    this.#record = database.transaction((servers) => {
      for (const server of servers) this.#sql.put.run(clip(server.segment, MAX_SEGMENT_NAME), ...rowOf(server));
      for (const segment of new Set(servers.map(({ segment }) => clip(segment, MAX_SEGMENT_NAME))))
        this.#sql.dropOldest.run({ segment, kept: MAX_SERVERS });
    });
  }

  /** All or none. */
  record(servers: readonly DhcpServer[]): void {
    if (servers.length > 0) this.#record.immediate(servers);
  }

  /** Ascending by address, the lease files first. */
  of(segment: string): DhcpServer[] {
    return this.#sql.all.all(clip(segment, MAX_SEGMENT_NAME)).map((row) => serverOf(segment, row));
  }
}

const rowOf = ({ server, mac, span, firstHeardMs, lastHeardMs, messages, handedOut }: DhcpServer): Row => [
  server === 'lease-file' ? LEASE_FILE : server,
  macToNumber(mac),
  span?.first ?? null,
  span?.last ?? null,
  stamp(firstHeardMs),
  stamp(lastHeardMs),
  messages,
  handedOut === undefined ? null : encodeDays(handedOut),
];

function serverOf(segment: string, row: Row): DhcpServer {
  const [server, mac, first, last, firstHeardMs, lastHeardMs, messages, days] = row;
  const handedOut = days === null ? null : decodeDays(days);
  return {
    segment,
    server: server === LEASE_FILE ? 'lease-file' : (server as DhcpServerKey),
    mac: macFromNumber(mac),
    span: first === null || last === null ? null : { first, last },
    firstHeardMs,
    lastHeardMs,
    messages,
    ...(handedOut === null ? {} : { handedOut }),
  };
}

/** The first address in four bytes, then two bytes for the day of each address; little endian. */
function encodeDays({ first, days }: HandedOutDays): Buffer {
  const bytes = Buffer.alloc(4 + 2 * days.length);
  bytes.writeUInt32LE(first, 0);
  for (let at = 0; at < days.length; at++) bytes.writeUInt16LE(days[at] ?? 0, 4 + 2 * at);
  return bytes;
}

/** @returns null for what is no such thing, as where somebody else wrote to the file: then only the span is known */
function decodeDays(bytes: Buffer): HandedOutDays | null {
  const length = (bytes.length - 4) / 2;
  if (!Number.isInteger(length) || length < 0 || length > MAX_HANDED_OUT) return null;
  return { first: bytes.readUInt32LE(0) as Ipv4, days: Uint16Array.from({ length }, (_, at) => bytes.readUInt16LE(4 + 2 * at)) };
}
