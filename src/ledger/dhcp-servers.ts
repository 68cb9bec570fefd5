/**
 * Table `dhcp_server`: what was learned of the DHCP servers of each segment. Never forgotten for its age: a server renews
 * leases without a word that others hear, and what it once handed out it may hand out again.
 */
import type Database from 'better-sqlite3';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { DhcpServer, DhcpServerKey } from '../core/dhcp/types.ts';
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
];

const COLUMNS = 'server, mac, span_first, span_last, first_heard, last_heard, messages';

export class DhcpServers {
  readonly #sql;
  readonly #record: Database.Transaction<(servers: readonly DhcpServer[]) => void>;

  constructor(database: Database.Database) {
    this.#sql = {
      put: database.prepare<[string, ...Row]>(
        `INSERT OR REPLACE INTO dhcp_server (segment, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
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

const rowOf = ({ server, mac, span, firstHeardMs, lastHeardMs, messages }: DhcpServer): Row => [
  server === 'lease-file' ? LEASE_FILE : server,
  macToNumber(mac),
  span?.first ?? null,
  span?.last ?? null,
  stamp(firstHeardMs),
  stamp(lastHeardMs),
  messages,
];

const serverOf = (segment: string, [server, mac, first, last, firstHeardMs, lastHeardMs, messages]: Row): DhcpServer => ({
  segment,
  server: server === LEASE_FILE ? 'lease-file' : (server as DhcpServerKey),
  mac: macFromNumber(mac),
  span: first === null || last === null ? null : { first, last },
  firstHeardMs,
  lastHeardMs,
  messages,
});
