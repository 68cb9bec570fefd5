import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../src/core/address/ipv4.ts';
import type { DhcpServer } from '../../src/core/dhcp/types.ts';
import { MAX_SERVERS } from '../../src/ledger/dhcp-servers.ts';
import { DAY, ip, macNumber, newLedger, openAt, range, T0 } from './fixtures.ts';

const server = (of: DhcpServer['server'], more: Partial<DhcpServer> = {}): DhcpServer => ({
  segment: 'lan',
  server: of,
  mac: macNumber(7),
  span: range('192.0.2.50-192.0.2.99'),
  firstHeardMs: T0,
  lastHeardMs: T0,
  messages: 1,
  ...more,
});

describe('DHCP servers', () => {
  it('come back as they went in, by segment, also after a restart', () => {
    const { ledger, path } = newLedger();
    const lan = [
      server('lease-file', { mac: null }),
      server(ip('0.0.0.0'), { span: null, mac: null }),
      server(ip('192.0.2.1'), { lastHeardMs: T0 + 5, messages: 2 ** 40, span: range('0.0.0.0-255.255.255.255') }),
      server(ip('255.255.255.255')),
    ];
    const dmz = [server(ip('192.0.2.1'), { segment: 'dmz', span: range('192.0.2.7') })];
    ledger.guard.recordDhcpServers([...lan.toReversed(), ...dmz]);
    ledger.guard.recordDhcpServers([]);
    expect(ledger.guard.dhcpServers('lan')).toEqual(lan);
    ledger.close();
    const { guard } = openAt(path);
    expect([guard.dhcpServers('lan'), guard.dhcpServers('dmz'), guard.dhcpServers('other')]).toEqual([lan, dmz, []]);
  });

  it('come back with the addresses that they handed out, and without what is none', () => {
    const { ledger, path } = newLedger();
    const days = Uint16Array.from({ length: 65_536 }, (_, at) => (at % 2 === 0 ? 0xffff - at : 0));
    const lan = [
      server(ip('192.0.2.1'), { handedOut: { first: ip('255.255.0.0'), days } }),
      server(ip('192.0.2.2'), { handedOut: { first: ip('0.0.0.0'), days: new Uint16Array(0) } }),
    ];
    ledger.guard.recordDhcpServers(lan);
    ledger.close();
    const again = openAt(path);
    expect(again.guard.dhcpServers('lan')).toEqual(lan);
    again.close();
    const other = new Database(path);
    other.exec("UPDATE dhcp_server SET handed_out = CASE server & 1 WHEN 1 THEN zeroblob(200000) ELSE x'01' END");
    other.close();
    expect(openAt(path).guard.dhcpServers('lan')).toEqual([server(ip('192.0.2.1')), server(ip('192.0.2.2'))]);
  });

  it('are overwritten by segment and server', () => {
    const { ledger } = newLedger();
    ledger.guard.recordDhcpServers([server('lease-file'), server(ip('192.0.2.1'))]);
    const changed = [
      server('lease-file', { span: null, messages: 9 }),
      server(ip('192.0.2.1'), { mac: null, lastHeardMs: T0 + DAY, span: range('192.0.2.60-192.0.2.61') }),
    ];
    ledger.guard.recordDhcpServers(changed);
    expect(ledger.guard.dhcpServers('lan')).toEqual(changed);
  });

  it('are at most 64 of each segment, those heard longest ago going first, and none for its age', () => {
    const { ledger } = newLedger();
    const { guard } = ledger;
    const numbered = (n: number, more: Partial<DhcpServer> = {}) =>
      server(ipv4(ip('198.51.100.0') + n) as Ipv4, { lastHeardMs: T0 + n, ...more });
    guard.recordDhcpServers([numbered(0, { segment: 'dmz' }), numbered(0), numbered(1, { lastHeardMs: T0 + 500 })]);
    guard.recordDhcpServers(Array.from({ length: 100 }, (_, n) => numbered(n + 2)));
    const kept = guard.dhcpServers('lan').map(({ server: of }) => Number(of) - ip('198.51.100.0'));
    expect(kept).toEqual([1, ...Array.from({ length: MAX_SERVERS - 1 }, (_, n) => 39 + n)]);
    expect(guard.dhcpServers('dmz')).toHaveLength(1);
    while (ledger.prune(T0 + 10_000 * DAY, DAY));
    expect(guard.dhcpServers('lan')).toHaveLength(MAX_SERVERS);
    expect(ledger.integrityCheck()).toEqual([]);
  });

  it('are stored all or none', () => {
    const { ledger, path } = newLedger();
    ledger.guard.recordDhcpServers([server('lease-file')]);
    const other = new Database(path);
    other.exec(
      `CREATE TRIGGER refuse BEFORE INSERT ON dhcp_server WHEN new.server = ${ip('192.0.2.2')} BEGIN SELECT raise(ABORT, 'refused'); END`,
    );
    other.close();
    const more = [server('lease-file', { messages: 5 }), server(ip('192.0.2.2'))];
    expect(() => ledger.guard.recordDhcpServers(more)).toThrow('refused');
    expect(ledger.guard.dhcpServers('lan')).toEqual([server('lease-file')]);
  });
});
